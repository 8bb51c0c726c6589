"""Conversion refuses what does not fit and then writes nothing."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from transformers import AutoModelForPreTraining

from hf_auscult.errors import ConfigurationError, ConversionError
from hf_auscult.models.convert_checkpoint import convert
from hf_auscult.models.opera import OperaGTConfig
from hf_auscult.models.opera.modeling_opera_gt import OperaGTForPreTraining


def original_name(name: str) -> str:
    if name.startswith("encoder."):
        return name.removeprefix("encoder.")
    name = name.removeprefix("decoder.")
    return name if name == "mask_token" else f"decoder_{name}"


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    """A published-size state dict under the original names, random weights."""
    torch.manual_seed(0)
    return {original_name(key): value for key, value in OperaGTForPreTraining(OperaGTConfig()).state_dict().items()}


def attempt(tmp_path, container, family="opera-gt") -> None:
    torch.save(container, tmp_path / "model.ckpt")
    convert(family, tmp_path / "model.ckpt", tmp_path / "out")


@pytest.mark.parametrize("wrap", [dict, lambda s: {"model": s}, lambda s: {"state_dict": s, "hyper_parameters": {}}])
def test_containers(tmp_path, state, wrap):
    attempt(tmp_path, wrap(state))
    files = {path.name for path in (tmp_path / "out").iterdir() if path.suffix != ".py"}
    assert files == {"config.json", "model.safetensors", "preprocessor_config.json"}
    model = AutoModelForPreTraining.from_pretrained(tmp_path / "out")
    assert torch.equal(model.encoder.blocks[3].attn.qkv.weight, state["blocks.3.attn.qkv.weight"])
    assert torch.equal(model.decoder.mask_token, state["mask_token"])
    assert json.loads((tmp_path / "out" / "config.json").read_text())["architectures"] == ["OperaGTForPreTraining"]


def refuse(tmp_path, container, message, family="opera-gt") -> None:
    with pytest.raises(ConversionError, match=message):
        attempt(tmp_path, container, family)
    assert {path.name for path in tmp_path.iterdir()} == {"model.ckpt"}, "something was written"


def test_missing_and_unknown_keys_are_listed(tmp_path, state):
    broken = {key: value for key, value in state.items() if key not in ("norm.weight", "blocks.11.mlp.fc2.bias")}
    refuse(tmp_path, {"state_dict": broken}, r"2 missing: encoder\.blocks\.11\.mlp\.fc2\.bias, encoder\.norm\.weight")
    refuse(tmp_path, {**state, "head.weight": torch.zeros(2)}, r"1 unknown: encoder\.head\.weight")
    refuse(tmp_path, {**state, "norm.weight": torch.zeros(7)}, r"encoder\.norm\.weight: \(7,\) instead of \(384,\)")


def test_fixed_tables(tmp_path, state):
    """Absent: computed. Present: within 1e-4, or refused."""
    absent = {key: value for key, value in state.items() if "pos_embed" not in key}
    attempt(tmp_path, absent)
    model = AutoModelForPreTraining.from_pretrained(tmp_path / "out")
    assert torch.equal(model.encoder.pos_embed, state["pos_embed"])


@pytest.mark.parametrize(("shift", "good"), [(5e-5, True), (2e-4, False)])
def test_fixed_tables_must_agree(tmp_path, state, shift, good):
    shifted = {**state, "pos_embed": state["pos_embed"] + shift}
    if good:
        attempt(tmp_path, shifted)
    else:
        refuse(tmp_path, shifted, r"encoder\.pos_embed differs by 0\.0002")


def test_damaged_and_foreign_files(tmp_path, state):
    torch.save(state, tmp_path / "whole.ckpt")
    content = (tmp_path / "whole.ckpt").read_bytes()
    (tmp_path / "whole.ckpt").unlink()
    for bad in (content[: len(content) // 2], b"not a checkpoint", b""):
        (tmp_path / "model.ckpt").write_bytes(bad)
        with pytest.raises(ConversionError, match=r"cannot be read as a checkpoint"):
            convert("opera-gt", tmp_path / "model.ckpt", tmp_path / "out")
        assert not (tmp_path / "out").exists()
    with pytest.raises(ConversionError, match="no such file"):
        convert("opera-gt", tmp_path / "absent.ckpt", tmp_path / "out")


def test_code_in_a_pickle_is_not_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (tmp_path.joinpath("exploded").touch, ())

    refuse(tmp_path, {"state_dict": {"x": Bomb()}}, "cannot be read as a checkpoint")


def test_nan_weights(tmp_path, state):
    refuse(tmp_path, {**state, "norm.weight": torch.full((384,), np.nan)}, r"NaN or infinite values in encoder\.norm")


def test_wrong_family(tmp_path, state):
    refuse(tmp_path, {"audio_model_state_dict": {}}, "lacks audio_projection_mlp_state_dict", family="acula")
    refuse(tmp_path, {"epoch": 3, "weights": [1]}, "no bare state dict inside", family="opera-gt")
    with pytest.raises(ConversionError, match="unknown family 'opera-xl'"):
        convert("opera-xl", tmp_path / "model.ckpt", tmp_path / "out")


def test_an_existing_folder_is_not_overwritten(tmp_path, state):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious").touch()
    torch.save(state, tmp_path / "model.ckpt")
    with pytest.raises(ConfigurationError, match="already exists and is not empty"):
        convert("opera-gt", tmp_path / "model.ckpt", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["precious"]
