"""The AcuLa model: what it holds, what it leaves out, and how it answers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForPreTraining

from hf_auscult.errors import NonFiniteAudioError
from hf_auscult.models.acula import AcuLaConfig
from hf_auscult.models.acula.modeling_acula import AcuLaModel
from tests import tiny

SENTINEL = [-0.05965, 0.06214, -0.087084, -0.079344]


@pytest.fixture(scope="module")
def model() -> AcuLaModel:
    return tiny.model().eval()


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0))


def test_round_trip(model, images, tmp_path):
    model.save_pretrained(tmp_path)
    config = AutoConfig.from_pretrained(tmp_path)
    assert isinstance(config, AcuLaConfig)
    assert config.audio_config.model_type == "opera-gt"
    assert config.pooled_size == 2 * 8 * 32
    again = AutoModel.from_pretrained(tmp_path).eval()
    with torch.no_grad():
        assert torch.equal(again(images).pooler_output, model(images).pooler_output)
        assert torch.equal(again.get_audio_features(images), model.get_audio_features(images))
        noise = torch.rand(3, 64, generator=torch.Generator().manual_seed(1))
        ours, theirs = (one(images, reconstruct=True, noise=noise).reconstruction_loss for one in (model, again))
    assert torch.equal(ours, theirs)


def test_the_teacher_is_named_and_never_stored(model, tmp_path):
    model.save_pretrained(tmp_path)
    assert not any("teacher" in key for key in model.state_dict())
    parts = {key.split(".")[0] for key in model.state_dict()}
    assert parts == {"audio_model", "audio_projection", "text_projection", "logit_scale", "logit_bias"}


def test_shapes_of_both_projections(model):
    assert [layer.weight.shape for layer in (model.audio_projection.layers[0], model.audio_projection.layers[3])] == [
        (24, 512),
        (16, 24),
    ]
    assert model.text_projection.layers[0].weight.shape == (24, 12)
    paper = AcuLaConfig()
    assert (paper.projection_hidden_size, paper.projection_size, paper.projection_dropout) == (1024, 512, 0.2)


def test_windows_become_recordings(model, images):
    """Projected windows are averaged by their seconds."""
    rows = torch.nn.functional.pad(images.flatten(0, 1), (0, 0, 0, images.shape[1])).unflatten(0, (2, -1))
    seconds = torch.tensor([[2.0, 1.0], [1.0, 0.0]])
    with torch.no_grad():
        windows = model.get_audio_features(images)
        recordings = model.get_audio_features(rows, seconds)
    torch.testing.assert_close(recordings, torch.stack([(2 * windows[0] + windows[1]) / 3, windows[2]]))


def test_logits(model, images):
    text = torch.randn(4, 12, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        out = model(images, text_embeddings=text)
    cosine = torch.nn.functional.cosine_similarity(out.audio_embeds[:, None], out.text_embeds[None], dim=-1)
    torch.testing.assert_close(out.logits_per_audio, cosine * out.logit_scale + out.logit_bias)
    torch.testing.assert_close(out.logits_per_text, out.logits_per_audio.T)
    torch.testing.assert_close(model.score(out.audio_embeds, out.text_embeds), cosine)
    with pytest.raises(NonFiniteAudioError, match="scores are NaN"):
        model.score(out.audio_embeds * float("nan"), out.text_embeds)
    assert out.pooler_output.shape == (3, 512)
    assert out.last_hidden_state.shape == (3, 65, 32)


def test_sentinel_output(images):
    model = tiny.model().eval()
    with torch.no_grad():
        for index, (_, value) in enumerate(sorted(model.named_parameters())):
            value.copy_(torch.sin(torch.arange(value.numel()) * 0.37 + index).view(value.shape) * 0.1)
        features = model.get_audio_features(images)[0, :4]
    np.testing.assert_allclose(features, SENTINEL, atol=1e-5)


def test_what_is_missing_is_said(model, images):
    with pytest.raises(ValueError, match="pass input_ids"):
        model.get_text_features()
    with pytest.raises(ValueError, match="names no teacher"):
        model.encode_text(["a murmur"])


def test_gradients_reach_encoder_projections_and_temperature(images):
    model = tiny.model(dropout=0.0).train()
    out = model(images, text_embeddings=torch.randn(3, 12), reconstruct=True)
    loss = torch.nn.functional.cross_entropy(out.logits_per_audio, torch.arange(3)) + out.reconstruction_loss
    loss.backward()
    dead = [name for name, value in model.named_parameters() if value.grad is None or not value.grad.abs().sum() > 0]
    # The decoder drops the class token; a bias common to all logits cancels in the softmax.
    assert set(dead) <= {"logit_bias"}, dead


def test_any_encoder_with_a_pooled_width(images):
    """An encoder without a decoder aligns too; asking it to reconstruct is refused."""
    config = AutoConfig.for_model("opera-gt", **{k: v for k, v in tiny.ENCODER.items() if k != "model_type"})
    assert AutoModelForPreTraining.from_config(config).base_model is not None
    model = AcuLaModel(
        AcuLaConfig(
            audio_config={
                "model_type": "audio-spectrogram-transformer",
                "hidden_size": 24,
                "num_hidden_layers": 1,
                "num_attention_heads": 2,
                "intermediate_size": 32,
                "max_length": 64,
                "num_mel_bins": 64,
            },
            text_size=12,
            teacher=None,
        )
    ).eval()
    with torch.no_grad():
        assert model.get_audio_features(images).shape == (3, 512)
        with pytest.raises(ValueError, match="no pre-training objective"):
            model(images, reconstruct=True)
