"""OPERA-CE: short images, the original's training behaviour, refusals of its converter."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from transformers import AutoModel, AutoModelForPreTraining

from hf_auscult.embedding.embedder import Embedder
from hf_auscult.errors import ConversionError
from hf_auscult.models.convert_checkpoint import convert
from hf_auscult.models.opera import OperaCEConfig
from hf_auscult.models.opera.convert_opera_ce import CONVERSIONS
from hf_auscult.models.opera.layers_opera_ce import DropConnect
from hf_auscult.models.opera.modeling_opera_ce import OperaCEModel
from tests.models.zoo import sound, tiny_ce

ORIGINAL = {
    "projection.g.": "g.",
    "projection.layer_norm.": "layer_norm.",
    "projection.linear.": "linear.",
    "encoder.channels.": "encoder.cnn1.",
    "encoder.network.embeddings.convolution.": "encoder.efficientnet._conv_stem.",
    "encoder.network.embeddings.batchnorm.": "encoder.efficientnet._bn0.",
    "encoder.network.encoder.top_conv.": "encoder.efficientnet._conv_head.",
    "encoder.network.encoder.top_bn.": "encoder.efficientnet._bn1.",
    "encoder.network.encoder.blocks.": "encoder.efficientnet._blocks.",
    ".expansion.expand_conv.": "._expand_conv.",
    ".expansion.expand_bn.": "._bn0.",
    ".depthwise_conv.depthwise_conv.": "._depthwise_conv.",
    ".depthwise_conv.depthwise_norm.": "._bn1.",
    ".squeeze_excite.": "._se_",
    ".projection.project_conv.": "._project_conv.",
    ".projection.project_bn.": "._bn2.",
}


def original_name(name: str) -> str:
    for ours, theirs in ORIGINAL.items():
        name = name.replace(ours, theirs)
    return name


@pytest.fixture(scope="module")
def model() -> OperaCEModel:
    torch.manual_seed(0)
    return OperaCEModel(tiny_ce()).eval()


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    """The 365 tensors of the published class, its running statistics moved."""
    torch.manual_seed(0)
    model = AutoModelForPreTraining.from_config(OperaCEConfig()).train()
    with torch.no_grad():
        model.encoder(torch.rand(4, 64, 64))
    found = {original_name(key): value for key, value in model.state_dict().items()}
    assert len(found) == 365
    return found


@pytest.mark.parametrize("frames", [1, 4, 33])
def test_short_images_are_padded_with_silence(model, frames):
    """The convolutions fail below 34 frames; zeros at the end make up for what lacks."""
    image = torch.rand(2, frames, 64)
    with torch.no_grad():
        out = model(image).pooler_output
        assert torch.equal(out, model(F.pad(image, (0, 0, 0, 34 - frames))).pooler_output)
        assert out.isfinite().all()
        with pytest.raises(RuntimeError, match="Kernel size"):
            model.network.feature_maps(
                model.channels(image[:, None, :33]) if frames == 33 else torch.zeros(1, 3, 2, 62)
            )


def test_34_frames_and_more_are_left_alone(model):
    image = torch.rand(2, 34, 64)
    assert torch.equal(model.to_channels(image), model.channels(image[:, None]))


@pytest.mark.parametrize("protocol", ["default", "published"])
@pytest.mark.parametrize("seconds", [0.1, 1.0, 9.0])
def test_recordings_of_any_length(model, protocol, seconds):
    """Under both protocols short recordings are repeated to 8 s, so that nothing is padded within the model."""
    fe = CONVERSIONS["opera-ce"].feature_extractor()
    recording = {"array": sound(seconds, 16_000), "sampling_rate": 16_000}
    found = fe.features(recording, protocol=protocol)
    frames = {image.shape[0] for image in found.windows}
    assert frames == ({251} if seconds < 8 or protocol == "default" else {1 + int(seconds * 16_000) // 512})
    assert np.isfinite(Embedder(model, fe)([recording], protocol=protocol)).all()


def test_long_recordings_have_one_mean(model):
    """transformers' pooling layer splits maps larger than its kernel; a mean does not."""
    with torch.no_grad():
        out = model(torch.rand(1, 3000, 64))
    torch.testing.assert_close(out.pooler_output, out.last_hidden_state.mean(dim=1))


def test_the_originals_training_constants():
    """Momentum 0.01 and eps 1e-3 everywhere; whole branches drop, at rates that rise to 0.1 * 15 / 16."""
    model = AutoModel.from_config(OperaCEConfig())
    norms = [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert len(norms) == 49
    assert {(norm.momentum, norm.eps) for norm in norms} == {(0.01, 1e-3)}
    drops = [module for module in model.modules() if isinstance(module, DropConnect)]
    assert [drop.p for drop in drops] == pytest.approx([0.1 * index / 16 for index in range(16)])


def test_drop_connect_drops_whole_images():
    torch.manual_seed(0)
    drop = DropConnect(0.5).train()
    out = drop(torch.ones(200, 3, 4, 5)).flatten(1)
    assert set(out.unique().tolist()) == {0.0, 2.0}
    assert all(len(row.unique()) == 1 for row in out)
    assert torch.equal(drop.eval()(torch.ones(2, 3, 4, 5)), torch.ones(2, 3, 4, 5))


def test_a_fresh_network_passes_the_signal():
    torch.manual_seed(0)
    model = AutoModel.from_config(OperaCEConfig()).train()
    with torch.no_grad():
        states = model(torch.rand(4, 64, 64), output_hidden_states=True).hidden_states
    assert all(0.05 < state.std() < 5 for state in states)


def test_checkpointing_counts_a_batch_once(model):
    """The recomputation in the backward pass must not move the running statistics again."""
    image = torch.rand(3, 64, 64)
    plain, checkpointed = copy.deepcopy(model).train(), copy.deepcopy(model).train()
    checkpointed.gradient_checkpointing_enable()
    for each in (plain, checkpointed):
        torch.manual_seed(0)
        each(image).pooler_output.sum().backward()
    for (name, ours), theirs in zip(checkpointed.named_buffers(), plain.buffers(), strict=True):
        assert torch.equal(ours, theirs), name
    assert checkpointed.network.embeddings.batchnorm.num_batches_tracked == 1
    assert checkpointed.network.encoder.blocks[1].projection.project_bn.num_batches_tracked == 1


def test_bad_input_is_refused(model):
    with pytest.raises(ValueError, match=r"expected \(windows, frames, 64 mel bands\)"):
        model(torch.zeros(1, 100, 32))
    with pytest.raises(ValueError, match="the convolutions need 34"):
        OperaCEConfig(num_mel_bins=32)


@pytest.mark.parametrize("width", [0.1, 0.3, 0.5, 1.1, 2.0])
def test_width_is_transformers_own(width):
    model = AutoModel.from_config(OperaCEConfig(width_coefficient=width, depth_coefficient=0.1)).eval()
    assert model.network.encoder.top_conv.out_channels == model.config.hidden_size == model.config.pooled_size


def test_conversion(tmp_path, state):
    """All 365 tensors arrive, running statistics and their counts included."""
    assert all(original_name(CONVERSIONS["opera-ce"].rename(key)) == key for key in state)
    torch.save({"epoch": 3, "hyper_parameters": {"encoder": "efficientnet"}, "state_dict": state}, tmp_path / "ce.ckpt")
    folder = convert("opera-ce", tmp_path / "ce.ckpt", tmp_path / "out")
    model = AutoModelForPreTraining.from_pretrained(folder)
    for key, value in model.state_dict().items():
        assert torch.equal(value, state[original_name(key)]), key
    assert model.encoder.network.encoder.top_bn.num_batches_tracked == 1
    assert torch.equal(AutoModel.from_pretrained(folder).channels.weight, state["encoder.cnn1.weight"])


def refuse(tmp_path, tensors, message, family="opera-ce"):
    torch.save({"state_dict": tensors}, tmp_path / "ce.ckpt")
    with pytest.raises(ConversionError, match=message):
        convert(family, tmp_path / "ce.ckpt", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["ce.ckpt"], "something was written"


def test_refusals(tmp_path, state):
    missing = {key: value for key, value in state.items() if key != "encoder.efficientnet._bn1.num_batches_tracked"}
    refuse(tmp_path, missing, r"1 missing: encoder\.network\.encoder\.top_bn\.num_batches_tracked")
    refuse(tmp_path, {**state, "encoder.efficientnet._fc.bias": torch.zeros(2)}, r"1 unknown: .*_fc\.bias")
    refuse(tmp_path, {**state, "g.bias": torch.zeros(2)}, r"projection\.g\.bias: \(2,\) instead of \(512,\)")
    refuse(tmp_path, state, "tscam_conv.weight is missing", family="opera-ct")
