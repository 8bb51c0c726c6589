"""What every OPERA-GT model must do, whatever its size."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForPreTraining

from hf_auscult.models.opera import OperaGTConfig
from hf_auscult.models.opera.modeling_opera_gt import OperaGTForPreTraining, OperaGTModel
from tests import tiny

SENTINEL_POOLED = [0.028491, -0.116313, -0.072572, 0.010891]
SENTINEL_LOSS = 1.004503


def config(**values) -> OperaGTConfig:
    return OperaGTConfig(**{key: value for key, value in {**tiny.ENCODER, **values}.items() if key != "model_type"})


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0))


def test_sentinel_output(images):
    """A fixed input through fixed weights: any change of the arithmetic shows."""
    torch.manual_seed(0)
    model = OperaGTForPreTraining(config(pooling="norm_of_mean")).eval()
    with torch.no_grad():
        for index, (_, value) in enumerate(sorted(model.named_parameters())):
            value.copy_(torch.sin(torch.arange(value.numel()) * 0.37 + index).view(value.shape) * 0.1)
        pooled = model.encoder(torch.full((1, 64, 64), 0.5)).pooler_output[0]
        loss = model(images).loss
    np.testing.assert_allclose(pooled[:4], SENTINEL_POOLED, atol=1e-5)
    assert loss.item() == pytest.approx(SENTINEL_LOSS, abs=1e-5)


def test_auto_classes_and_a_round_trip(tmp_path, images):
    torch.manual_seed(0)
    model = OperaGTForPreTraining(config()).eval()
    model.save_pretrained(tmp_path)
    assert isinstance(AutoConfig.from_pretrained(tmp_path), OperaGTConfig)
    whole = AutoModelForPreTraining.from_pretrained(tmp_path).eval()
    encoder = AutoModel.from_pretrained(tmp_path).eval()
    assert isinstance(encoder, OperaGTModel)
    with torch.no_grad():
        assert torch.equal(whole(images).logits, model(images).logits)
        assert torch.equal(encoder(images).pooler_output, model.encoder(images).pooler_output)
    # The tables must neither be lost by the loader nor become trainable.
    assert torch.equal(encoder.pos_embed, model.encoder.pos_embed)
    assert "pos_embed" not in dict(encoder.named_parameters())


def test_tables_survive_a_checkpoint_without_them(tmp_path):
    """Fixed buffers that a file lacks are computed, not left as whatever memory held."""
    from safetensors.torch import load_file, save_file

    torch.manual_seed(0)
    model = OperaGTForPreTraining(config()).eval()
    model.save_pretrained(tmp_path)
    state = load_file(tmp_path / "model.safetensors")
    save_file(
        {key: value for key, value in state.items() if "pos_embed" not in key},
        tmp_path / "model.safetensors",
        metadata={"format": "pt"},
    )
    again = AutoModelForPreTraining.from_pretrained(tmp_path)
    assert torch.equal(again.encoder.pos_embed, model.encoder.pos_embed)
    assert torch.equal(again.decoder.pos_embed, model.decoder.pos_embed)


@pytest.mark.parametrize("pooling", ["norm_of_mean", "mean", "band_mean_std"])
def test_pooling(images, pooling):
    torch.manual_seed(0)
    model = OperaGTModel(config(pooling=pooling)).eval()
    out = model(images, output_hidden_states=True)
    assert out.pooler_output.shape == (3, model.config.pooled_size)
    tokens = out.hidden_states[-1][:, 1:]
    if pooling == "norm_of_mean":
        expected = model.norm(tokens.mean(1))
    elif pooling == "mean":
        expected = out.last_hidden_state[:, 1:].mean(1)
    else:
        grid = out.last_hidden_state[:, 1:].reshape(3, 8, 8, -1)
        expected = torch.cat([grid.mean(1), grid.std(1, unbiased=False)], -1).flatten(1)
    torch.testing.assert_close(out.pooler_output, expected)


def test_attention_backends_agree(images):
    torch.manual_seed(0)
    model = OperaGTModel(config()).eval()
    with torch.no_grad():
        model.set_attn_implementation("eager")
        eager = model(images, output_attentions=True)
        model.set_attn_implementation("sdpa")
        sdpa = model(images).pooler_output
    torch.testing.assert_close(eager.pooler_output, sdpa, rtol=0, atol=1e-5)
    assert eager.attentions[0].shape == (3, 2, 65, 65)
    torch.testing.assert_close(eager.attentions[0].sum(-1), torch.ones(3, 2, 65))


def test_gradient_checkpointing_changes_nothing(images):
    torch.manual_seed(0)
    model = OperaGTForPreTraining(config(decoder_position_dropout=0.0)).train()
    noise = torch.rand(3, 64, generator=torch.Generator().manual_seed(1))
    model(images, noise=noise).loss.backward()
    plain = {name: value.grad.clone() for name, value in model.named_parameters() if value.grad is not None}
    model.zero_grad()
    model.gradient_checkpointing_enable()
    model(images, noise=noise).loss.backward()
    for name, gradient in plain.items():
        torch.testing.assert_close(dict(model.named_parameters())[name].grad, gradient, msg=name)


def test_evaluation_has_no_randomness(images):
    torch.manual_seed(0)
    model = OperaGTForPreTraining(config()).eval()
    with torch.no_grad():
        first = model(images).loss
        torch.manual_seed(99)
        assert torch.equal(model(images).loss, first)


def test_standardised_target_ignores_level_and_scale(images):
    torch.manual_seed(0)
    model = OperaGTForPreTraining(config(reconstruction_target="standardised")).eval()
    spread = images.std((1, 2), unbiased=False, keepdim=True)
    target = model.patchify((images - images.mean((1, 2), keepdim=True)) / spread)
    with torch.no_grad():
        out = model(images)
    expected = (((out.logits - target) ** 2).mean(-1) * out.mask).sum() / out.mask.sum()
    torch.testing.assert_close(out.loss, expected)


def test_patches_go_time_first():
    model = OperaGTForPreTraining(config(num_frames=16, patch_size=8, decoder_window_size=2))
    image = torch.arange(16 * 64, dtype=torch.float32).reshape(1, 16, 64)
    patches = model.patchify(image)
    assert patches.shape == (1, 16, 64)
    assert patches[0, 0, :8].tolist() == list(range(8))
    assert patches[0, 1, 0].item() == 8  # next band
    assert patches[0, 8, 0].item() == 8 * 64  # next time


def test_bad_input_is_refused(images):
    model = OperaGTModel(config())
    with pytest.raises(ValueError, match=r"expected \(windows, 8..64 frames, 64 mel bands\)"):
        model(torch.zeros(1, 65, 64))
    with pytest.raises(ValueError, match="mel bands"):
        model(torch.zeros(1, 64, 32))
    with pytest.raises(ValueError, match="multiple of 256"):
        OperaGTForPreTraining(OperaGTConfig(num_hidden_layers=1, decoder_num_hidden_layers=1)).eval()(
            torch.zeros(1, 100, 64)
        )
    with pytest.raises(ValueError, match="multiples of patch_size"):
        config(num_frames=60)


def test_bf16_autocast(images):
    torch.manual_seed(0)
    model = OperaGTModel(config(pooling="mean")).eval()
    with torch.no_grad():
        full = model(images).pooler_output
        with torch.autocast("cpu", torch.bfloat16):
            half = model(images).pooler_output.float()
    assert torch.nn.functional.cosine_similarity(full, half).min() > 0.999
