"""AudioMAE's two checkpoints are told apart by their keys; whatever is neither is refused. Sizes are tiny here."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForAudioClassification, AutoModelForPreTraining

from hf_auscult.errors import ConversionError
from hf_auscult.models.audiomae import AudioMAEConfig, convert_audiomae
from hf_auscult.models.audiomae.modeling_audiomae import AudioMAEForAudioClassification, AudioMAEForPreTraining
from hf_auscult.models.convert_checkpoint import convert
from tests.models.zoo import tiny_audiomae


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    """The converter builds small networks."""

    def config(**values) -> AudioMAEConfig:
        return tiny_audiomae(**values)()

    monkeypatch.setattr(convert_audiomae, "AudioMAEConfig", config)


def original_name(key: str) -> str:
    key = key.replace("classifier.output.", "head.").removeprefix("encoder.")
    return key.removeprefix("decoder.") if key == "decoder.mask_token" else key.replace("decoder.", "decoder_")


@pytest.fixture
def pre_trained() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    state = AudioMAEForPreTraining(tiny_audiomae()()).state_dict()
    return {original_name(key): value for key, value in state.items() if "fc_norm" not in key}


@pytest.fixture
def fine_tuned() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    state = AudioMAEForAudioClassification(tiny_audiomae(final_norm=False, num_labels=527)()).state_dict()
    return {original_name(key): value for key, value in state.items()}


def attempt(tmp_path, state, family="audiomae"):
    torch.save({"model": state}, tmp_path / "model.pth")
    return convert(family, tmp_path / "model.pth", tmp_path / "out")


def refuse(tmp_path, state, message, family="audiomae") -> None:
    with pytest.raises(ConversionError, match=message):
        attempt(tmp_path, state, family)
    assert {path.name for path in tmp_path.iterdir()} == {"model.pth"}, "something was written"


def test_original_names(pre_trained, fine_tuned):
    """The names are those of the published files (reference case), not of this package."""
    assert {"cls_token", "pos_embed", "fc_norm.weight", "head.bias", "blocks.0.attn.qkv.weight"} <= set(fine_tuned)
    assert "norm.weight" not in fine_tuned
    assert {"mask_token", "decoder_pos_embed", "decoder_blocks.1.attn.meta_mlp.fc2.weight", "norm.bias"} <= set(
        pre_trained
    )


def test_the_fine_tuned_checkpoint(tmp_path, fine_tuned):
    folder = attempt(tmp_path, fine_tuned)
    model = AutoModelForAudioClassification.from_pretrained(folder)
    assert isinstance(model, AudioMAEForAudioClassification)
    assert torch.equal(model.classifier.output.weight, fine_tuned["head.weight"])
    assert torch.equal(model.encoder.fc_norm.weight, fine_tuned["fc_norm.weight"])
    config = AutoConfig.from_pretrained(folder)
    assert (config.num_labels, config.final_norm, config.problem_type) == (527, False, "multi_label_classification")


def test_the_pre_trained_checkpoint(tmp_path, pre_trained):
    """Its `fc_norm` is what the benchmarks get by loading it loosely: the identity."""
    pre_trained["norm.weight"] = torch.rand(32)
    folder = attempt(tmp_path, pre_trained)
    model = AutoModelForPreTraining.from_pretrained(folder)
    assert isinstance(model, AudioMAEForPreTraining)
    assert torch.equal(model.decoder.mask_token, pre_trained["mask_token"])
    encoder = AutoModel.from_pretrained(folder)
    assert torch.equal(encoder.norm.weight, pre_trained["norm.weight"])
    assert torch.equal(encoder.fc_norm.weight, torch.ones(32))
    assert torch.equal(encoder.fc_norm.bias, torch.zeros(32))


def test_something_of_both_or_of_neither(tmp_path, pre_trained, fine_tuned):
    refuse(tmp_path, pre_trained | {"head.weight": fine_tuned["head.weight"]}, "neither AudioMAE's.*head.weight, mask")
    neither = {key: value for key, value in fine_tuned.items() if not key.startswith(("fc_norm", "head"))}
    refuse(tmp_path, neither, "it has none of these")


def test_missing_and_unknown_keys_are_listed(tmp_path, pre_trained, fine_tuned):
    head = {key: value for key, value in fine_tuned.items() if key != "head.bias"}
    refuse(tmp_path, head, r"1 missing: classifier\.output\.bias")
    refuse(tmp_path, {**fine_tuned, "dist_token": torch.zeros(1)}, r"1 unknown: encoder\.dist_token")
    norm = {key: value for key, value in pre_trained.items() if key != "norm.weight"}
    refuse(tmp_path, norm, r"1 missing: encoder\.norm\.weight")
    refuse(tmp_path, {**pre_trained, "decoder_extra": torch.zeros(1)}, r"1 unknown: decoder\.extra")
    refuse(tmp_path, {**fine_tuned, "head.weight": torch.zeros(50, 32)}, r"\(50, 32\) instead of \(527, 32\)")


@pytest.mark.parametrize("key", ["pos_embed", "decoder_pos_embed"])
def test_fixed_tables(tmp_path, pre_trained, key):
    """Absent: computed. Present: within 1e-4, or refused."""
    refuse(tmp_path, {**pre_trained, key: pre_trained[key] + 2e-4}, r"pos_embed differs by 0\.0002")
    refuse(tmp_path, {**pre_trained, key: pre_trained[key][:, 1:]}, "of another shape")
    expected = pre_trained.pop(key)
    model = AutoModelForPreTraining.from_pretrained(attempt(tmp_path, pre_trained))
    table = model.encoder.pos_embed if key == "pos_embed" else model.decoder.pos_embed
    assert torch.equal(table, expected)


def test_present_tables_are_kept(tmp_path, fine_tuned):
    fine_tuned["pos_embed"] = fine_tuned["pos_embed"] + 5e-5
    assert torch.equal(AutoModel.from_pretrained(attempt(tmp_path, fine_tuned)).pos_embed, fine_tuned["pos_embed"])


def test_families_do_not_take_each_others_files(tmp_path, fine_tuned, pre_trained):
    refuse(tmp_path, fine_tuned, "tensors do not fit this family", family="opera-gt")
    refuse(tmp_path, pre_trained, "tensors do not fit this family", family="opera-gt")
    refuse(tmp_path, {**pre_trained, "cls_token": torch.full((1, 1, 32), torch.nan)}, r"NaN or infinite values")
