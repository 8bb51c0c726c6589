"""Checkpoints around HTS-AT: what fits converts to the last bit, what does not is refused and nothing is written."""

from __future__ import annotations

import json

import pytest
import torch
from transformers import AutoFeatureExtractor, AutoModel, AutoModelForPreTraining

from hf_auscult.errors import ConversionError
from hf_auscult.models import convert_checkpoint
from hf_auscult.models.auscultabase import AuscultaBaseConfig
from hf_auscult.models.convert_checkpoint import convert
from hf_auscult.models.convert_htsat import ENCODER
from hf_auscult.models.opera import OperaCTConfig
from tests.models.original_htsat import original_htsat

PREFIX = "encoder.encoder.htsat."
FAMILIES = {"opera-ct": OperaCTConfig, "auscultabase": AuscultaBaseConfig}


@pytest.fixture(scope="module")
def ours() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    model = AutoModelForPreTraining.from_config(OperaCTConfig())
    state = model.state_dict()
    state["encoder.htsat.batch_norm.num_batches_tracked"] += 4321
    return state


@pytest.fixture(scope="module")
def state(ours) -> dict[str, torch.Tensor]:
    """The 205 tensors of the published classes."""
    original = original_htsat(ours, ENCODER, "encoder.htsat.batch_norm.", PREFIX)
    head = {key.removeprefix("projection."): value for key, value in ours.items() if key.startswith("projection.")}
    assert len(original | head) == 205
    return original | head


@pytest.fixture
def attempt(tmp_path, monkeypatch):
    """Convert tensors without a file; the way through a file is tested once, and by the parity cases."""

    def run(tensors, family="opera-ct"):
        monkeypatch.setattr(convert_checkpoint, "read_container", lambda path: {"state_dict": tensors})
        return convert(family, tmp_path / "model.ckpt", tmp_path / "out")

    return run


@pytest.fixture
def refuse(attempt, tmp_path):
    def run(tensors, message, family="opera-ct"):
        with pytest.raises(ConversionError, match=message):
            attempt(tensors, family)
        assert list(tmp_path.iterdir()) == [], "something was written"

    return run


@pytest.mark.parametrize("family", FAMILIES)
def test_a_lightning_checkpoint(family, tmp_path, state, ours):
    """Every tensor arrives; the encoder and the head load through the Auto classes; the extractor comes along."""
    extra = {"epoch": 249, "global_step": 7, "hyper_parameters": {"dim_fea": 1280, "max_len": 251}, "callbacks": {}}
    torch.save({**extra, "state_dict": state}, tmp_path / "model.ckpt")
    folder = convert(family, tmp_path / "model.ckpt", tmp_path / "out")
    whole = AutoModelForPreTraining.from_pretrained(folder)
    assert type(whole.config) is FAMILIES[family]
    assert whole.state_dict().keys() == ours.keys()
    for key, value in whole.state_dict().items():
        assert torch.equal(value, ours[key]), key
    encoder = AutoModel.from_pretrained(folder)
    assert json.loads((folder / "config.json").read_text())["architectures"] == [type(whole).__name__]
    for key, value in encoder.state_dict().items():
        assert torch.equal(value, ours[f"encoder.{key}"]), key
    fe = AutoFeatureExtractor.from_pretrained(folder)
    assert (fe.front_end.name, fe.windows.padding, fe.published_windows.trim) == ("opera", "repeat", True)


def test_what_the_architecture_computes_may_be_absent(attempt, state, ours):
    fixed = ("attn_mask", "relative_position_index", "spectrogram_extractor", "logmel_extractor")
    folder = attempt({key: value for key, value in state.items() if not any(name in key for name in fixed)})
    for key, value in AutoModelForPreTraining.from_pretrained(folder).state_dict().items():
        assert torch.equal(value, ours[key]), key


@pytest.mark.parametrize(
    "name",
    [
        "layers.2.blocks.3.attn_mask",
        "layers.0.blocks.0.attn.relative_position_index",
        "spectrogram_extractor.stft.conv_imag.weight",
        "logmel_extractor.melW",
    ],
)
def test_what_the_architecture_computes_must_agree(refuse, state, name):
    value = state[PREFIX + name].clone()
    value.view(-1)[100] += 1 if "index" in name else 2e-4
    refuse({**state, PREFIX + name: value}, r"differs by (1|0\.0002)")
    refuse({**state, PREFIX + name: state[PREFIX + name][:-1]}, r"is \(|of another shape")


def test_within_1e_4_is_agreement(attempt, state):
    name = PREFIX + "logmel_extractor.melW"
    assert attempt({**state, name: state[name] + 5e-5}).is_dir()


def test_missing_and_unknown_tensors(refuse, state):
    def without(*names):
        return {key: value for key, value in state.items() if key not in names}

    refuse(without(PREFIX + "norm.weight"), r"1 missing: encoder\.htsat\.swin\.audio_encoder\.norm\.weight")
    refuse(without(PREFIX + "bn0.num_batches_tracked"), r"1 missing: encoder\.htsat\.batch_norm\.num_batches_tracked")
    refuse(without("linear.weight"), r"1 missing: projection\.linear\.weight")
    refuse(without(PREFIX + "layers.0.blocks.0.attn.qkv.bias"), "3 missing: .*key.bias, .*query.bias, .*value.bias")
    refuse({**state, "middle.weight": torch.zeros(3)}, r"1 unknown: middle\.weight")
    refuse({**state, PREFIX + "layers.0.blocks.0.attn_mask": torch.zeros(64, 64, 64)}, r"1 unknown: .*attn_mask")
    qkv = PREFIX + "layers.0.blocks.0.attn.qkv.weight"
    refuse({**state, qkv: state[qkv][:2]}, r"query\.weight: \(1, 96\) instead of \(96, 96\)")
    refuse({**state, qkv: torch.tensor(1.0)}, r"3 of another shape: .*key\.weight: \(0,\)")
    nan = PREFIX + "norm.bias"
    refuse({**state, nan: torch.full((768,), torch.nan)}, "NaN or infinite values in encoder")


@pytest.mark.parametrize("name", ["tscam_conv.weight", "head.bias"])
def test_the_unused_classifier_must_be_there(refuse, state, name):
    """A file without HTS-AT's classifier is not what the authors published, whatever else it holds."""
    refuse({key: value for key, value in state.items() if key != PREFIX + name}, f"{name} is missing, HTS-AT's is")
    refuse({**state, PREFIX + name: torch.zeros(3)}, rf"{name} is \(3,\), HTS-AT's is")


def test_other_families_are_refused(refuse, state):
    refuse(state, "unknown: encoder.encoder.htsat", family="opera-ce")
    refuse(state, "unknown: ", family="opera-gt")
    refuse({"encoder.cnn1.bias": torch.zeros(3)}, "tscam_conv.weight is missing", family="opera-ct")
