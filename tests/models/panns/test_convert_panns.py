"""PANNs' checkpoints: the front end is compared and left out, whatever else does not fit is refused."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoFeatureExtractor, AutoModel

from hf_auscult.errors import ConversionError
from hf_auscult.features import FRONT_ENDS, mel_bank
from hf_auscult.models.convert_checkpoint import convert
from hf_auscult.models.convert_fixed import MEL_KEY, STFT_KEYS, stft_kernels
from hf_auscult.models.panns import PannsConfig
from hf_auscult.models.panns.modeling_panns import PannsModel


def original_name(name: str) -> str:
    name = name.removeprefix("cnn.").replace("tags.", "fc_audioset.")
    if name.startswith("blocks."):
        _, index, rest = name.split(".", 2)
        return f"conv_block{int(index) + 1}.{rest}"
    return name


def original(architecture: str) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    model = PannsModel(PannsConfig(architecture=architecture))
    state = {original_name(key): value.clone() for key, value in model.state_dict().items()}
    for key, value in state.items():
        if key.endswith("num_batches_tracked"):
            value.fill_(123)
    return state


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    return original("cnn6")


@pytest.fixture(scope="module")
def front_end() -> dict[str, torch.Tensor]:
    spec = FRONT_ENDS["panns"]
    return {**dict(zip(STFT_KEYS, stft_kernels(spec.n_fft), strict=True)), MEL_KEY: mel_bank(spec)}


def attempt(tmp_path, container, family="panns-cnn6"):
    torch.save(container, tmp_path / "model.pth")
    return convert(family, tmp_path / "model.pth", tmp_path / "out")


def refuse(tmp_path, container, message, family="panns-cnn6"):
    with pytest.raises(ConversionError, match=message):
        attempt(tmp_path, container, family)
    assert {path.name for path in tmp_path.iterdir()} == {"model.pth"}, "something was written"


@pytest.mark.parametrize("with_front_end", [False, True])
def test_everything_travels(tmp_path, state, front_end, with_front_end):
    container = {"iteration": 1, "sampler": {}, "model": {**state, **(front_end if with_front_end else {})}}
    folder = attempt(tmp_path, container)
    model, fe = AutoModel.from_pretrained(folder), AutoFeatureExtractor.from_pretrained(folder)
    found = {original_name(key): value for key, value in model.state_dict().items()}
    assert found.keys() == state.keys()
    assert all(torch.equal(found[key], state[key]) for key in state)
    assert found["bn0.num_batches_tracked"] == 123
    assert (fe.sampling_rate, fe.windows.seconds, fe.published_windows.kind) == (32_000, 10.0, "whole")


@pytest.mark.parametrize("key", [*STFT_KEYS, MEL_KEY])
def test_another_front_end_is_refused(tmp_path, state, front_end, key):
    refuse(tmp_path, {"model": {**state, **front_end, key: front_end[key] + 2e-4}}, f"{key} differs by 0.0002")
    refuse(tmp_path, {"model": {**state, key: front_end[key][:-1]}}, f"{key} is ")


def test_missing_unknown_and_misshapen_tensors(tmp_path, state):
    without = {key: value for key, value in state.items() if key != "conv_block2.bn1.num_batches_tracked"}
    refuse(tmp_path, {"model": without}, r"1 missing: cnn\.blocks\.1\.bn1\.num_batches_tracked")
    refuse(tmp_path, {"model": {**state, "att_block.weight": torch.zeros(2)}}, r"1 unknown: cnn\.att_block\.weight")
    refuse(tmp_path, {"model": {**state, "fc_audioset.bias": torch.zeros(50)}}, r"cnn\.tags\.bias: \(50,\)")


def test_wrong_family(tmp_path, state):
    refuse(tmp_path, {"model": state}, "tensors do not fit this family", "panns-cnn10")
    refuse(tmp_path, {"model": state}, "tensors do not fit this family", "panns-cnn14")
    refuse(tmp_path, {"model": original("cnn10")}, "4 unknown|unknown", "panns-cnn6")
