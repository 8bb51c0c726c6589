"""What every AudioMAE model must do, whatever its size."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForAudioClassification, AutoModelForPreTraining

from hf_auscult.models.audiomae import AudioMAEConfig
from hf_auscult.models.audiomae.convert_audiomae import CONVERSIONS
from hf_auscult.models.audiomae.modeling_audiomae import (
    AudioMAEForAudioClassification,
    AudioMAEForPreTraining,
    AudioMAEModel,
)
from hf_auscult.models.shared.decoder_mae import MAEDecoderLayer
from hf_auscult.models.shared.layers_mae import sincos_position_table
from tests.models.zoo import sound, tiny_audiomae

SENTINEL_POOLED = [0.033639, -0.041472, -0.061499, 0.028325]
SENTINEL_LOSS = 0.999293


def config(**values) -> AudioMAEConfig:
    return tiny_audiomae(**values)()


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.rand(3, 64, 128, generator=torch.Generator().manual_seed(0))


def test_sentinel_output(images):
    """A fixed input through fixed weights: any change of the arithmetic shows."""
    torch.manual_seed(0)
    model = AudioMAEForPreTraining(config()).eval()
    with torch.no_grad():
        for index, (_, value) in enumerate(sorted(model.named_parameters())):
            value.copy_(torch.sin(torch.arange(value.numel()) * 0.37 + index).view(value.shape) * 0.1)
        pooled = model.encoder(torch.full((1, 64, 128), 0.5)).pooler_output[0]
        loss = model(images).loss
    np.testing.assert_allclose(pooled[:4], SENTINEL_POOLED, atol=1e-5)
    assert loss.item() == pytest.approx(SENTINEL_LOSS, abs=1e-5)


def test_position_tables():
    """The published table is that of the transposed grid; `aligned` is what it was meant to be."""
    omega = 10000.0 ** (-np.arange(8) / 8.0)

    def row(first: int, second: int) -> np.ndarray:
        angles = [first * omega, second * omega]
        return np.concatenate([part(angle) for angle in angles for part in (np.sin, np.cos)])

    published = sincos_position_table(AudioMAEConfig(), 32)[0]
    aligned = sincos_position_table(AudioMAEConfig(position_layout="aligned"), 32)[0]
    assert published.shape == aligned.shape == (513, 32)
    assert not published[0].any()
    assert not aligned[0].any()
    for token in (1, 8, 63, 64, 200, 511):
        np.testing.assert_array_equal(published[1 + token], row(token % 64, token // 64).astype(np.float32))
        np.testing.assert_array_equal(aligned[1 + token], row(token // 8, token % 8).astype(np.float32))


def test_tables_survive_a_checkpoint_without_them(tmp_path):
    """Fixed buffers that a file lacks are computed, not left as whatever memory held."""
    from safetensors.torch import load_file, save_file

    torch.manual_seed(0)
    model = AudioMAEForPreTraining(config()).eval()
    model.save_pretrained(tmp_path)
    state = load_file(tmp_path / "model.safetensors")
    assert sum("pos_embed" in key for key in state) == 2, "the tables do not travel with the weights"
    save_file(
        {key: value for key, value in state.items() if "pos_embed" not in key},
        tmp_path / "model.safetensors",
        metadata={"format": "pt"},
    )
    again = AutoModelForPreTraining.from_pretrained(tmp_path)
    assert torch.equal(again.encoder.pos_embed, model.encoder.pos_embed)
    assert torch.equal(again.decoder.pos_embed, model.decoder.pos_embed)
    assert "encoder.pos_embed" not in dict(again.named_parameters())


@pytest.mark.parametrize("final_norm", [True, False])
def test_fc_norm_pooling(images, final_norm):
    torch.manual_seed(0)
    model = AudioMAEModel(config(final_norm=final_norm)).eval()
    torch.nn.init.normal_(model.fc_norm.weight)
    with torch.no_grad():
        out = model(images, output_hidden_states=True)
        tokens = out.hidden_states[-1]
        torch.testing.assert_close(out.pooler_output, model.fc_norm(tokens[:, 1:].mean(1)))
        torch.testing.assert_close(out.last_hidden_state, model.norm(tokens))
    assert ("norm.weight" in model.state_dict()) == final_norm
    assert torch.equal(out.last_hidden_state, tokens) != final_norm


def test_contextual_pooling(images):
    """The average of normalised tokens over the last blocks, then over patch tokens."""
    torch.manual_seed(0)
    model = AudioMAEModel(config(pooling="contextual")).eval()
    with torch.no_grad():
        out = model(images, output_hidden_states=True)
        expected = (model.norm(out.hidden_states[-1]) + model.norm(out.hidden_states[-2])) / 2
    torch.testing.assert_close(out.last_hidden_state, expected)
    torch.testing.assert_close(out.pooler_output, expected[:, 1:].mean(1))


def test_a_folder_opens_with_either_pooling(tmp_path, images):
    torch.manual_seed(0)
    model = AudioMAEForPreTraining(config()).eval()
    model.save_pretrained(tmp_path)
    contextual = AutoModel.from_pretrained(tmp_path, pooling="contextual").eval()
    with torch.no_grad():
        states = model.encoder(images, output_hidden_states=True).hidden_states
        expected = (model.encoder.norm(states[-1]) + model.encoder.norm(states[-2])) / 2
        torch.testing.assert_close(contextual(images).last_hidden_state, expected)


def test_the_fine_tuned_encoder_has_no_contextual_average(tmp_path):
    AudioMAEModel(config(final_norm=False)).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="no final LayerNorm"):
        AutoModel.from_pretrained(tmp_path, pooling="contextual")


def test_one_encoder_in_all_classes(tmp_path, images):
    """A fine-tuned folder gives its encoder and starts pre-training; a pre-trained one starts classification."""
    torch.manual_seed(0)
    tagger = AudioMAEForAudioClassification(config(final_norm=False, num_labels=5)).eval()
    tagger.save_pretrained(tmp_path / "tagger")
    pretraining = AutoModelForPreTraining.from_pretrained(tmp_path / "tagger").eval()
    pretraining.save_pretrained(tmp_path / "pretraining")
    with torch.no_grad():
        expected = tagger.encoder(images).pooler_output
        for folder in ("tagger", "pretraining"):
            assert torch.equal(AutoModel.from_pretrained(tmp_path / folder).eval()(images).pooler_output, expected)
        again = AutoModelForAudioClassification.from_pretrained(tmp_path / "pretraining", num_labels=2).eval()
        assert torch.equal(again.encoder(images).pooler_output, expected)
        assert again(images).logits.shape == (3, 2)
        assert torch.isfinite(pretraining(images).loss)


def test_shorter_images_take_the_first_rows_of_the_table(images):
    torch.manual_seed(0)
    model = AudioMAEModel(config()).eval()
    short = images[:, :32]
    with torch.no_grad():
        tokens = model.embed_patches(short)
        assert torch.equal(tokens, model.patch_embed(short) + model.pos_embed[:, 1:17])
        assert model(short).last_hidden_state.shape == (3, 17, 32)


def test_masking():
    """int(L * (1 - 0.8)) tokens are kept: those with the smallest noise, in its order."""
    torch.manual_seed(0)
    model = AudioMAEForPreTraining(config()).eval()
    noise = torch.rand(2, model.noise_size(64), generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        out = model(torch.rand(2, 64, 128), noise=noise)
    assert noise.shape == (2, 32)
    assert out.latent.shape == (2, 1 + 6, 32)
    assert (out.mask == 0).sum(1).tolist() == [6, 6]
    for values, hidden in zip(noise, out.mask, strict=True):
        assert values[hidden == 0].max() < values[hidden == 1].min()
    torch.testing.assert_close(noise.gather(1, out.ids_restore.argsort(1)), noise.sort(1).values)


@pytest.mark.parametrize("norm_pix_loss", [True, False])
def test_loss(images, norm_pix_loss):
    torch.manual_seed(0)
    model = AudioMAEForPreTraining(config(norm_pix_loss=norm_pix_loss)).eval()
    with torch.no_grad():
        out = model(images)
    patches = images.numpy().reshape(3, 4, 16, 8, 16).transpose(0, 1, 3, 2, 4).reshape(3, 32, 256)
    if norm_pix_loss:  # the variance divides by 255
        patches = (patches - patches.mean(-1, keepdims=True)) / np.sqrt(patches.var(-1, ddof=1, keepdims=True) + 1e-6)
    error = ((out.logits.numpy() - patches) ** 2).mean(-1)
    assert out.loss.item() == pytest.approx(error[out.mask.numpy() == 1].mean(), rel=1e-5)


@pytest.mark.parametrize("shift", [0, 2])
def test_decoder_windows(shift):
    """A token reaches its own 4 x 4 window of time and frequency and nothing else, shifted or not."""
    torch.manual_seed(0)
    layer = MAEDecoderLayer(config(num_frames=256), shift).eval()
    tokens = torch.randn(1, 128, 16)
    changed = tokens.clone()
    time, band = 15, 5  # in the last rows, which a roll by 2 brings next to the first ones
    changed[0, time * 8 + band] += 1
    with torch.no_grad():
        reached = ((layer.attend(changed) - layer.attend(tokens)).abs().sum(-1) > 1e-6).view(16, 8)
    expected = torch.zeros(16, 8, dtype=torch.bool)
    expected[12 + shift : 16, 4:8] = True
    assert torch.equal(reached, expected)


def test_paths_are_dropped_in_training_only(images):
    """At rates that rise from 0, as in the published fine-tuning."""
    model = AudioMAEModel(config(drop_path_rate=0.5))
    assert [block.drop_prob for block in model.blocks] == pytest.approx([0.0, 0.25, 0.5])
    with torch.no_grad():
        one, two = (model.train()(images).pooler_output for _ in range(2))
        assert not torch.equal(one, two)
        one, two = (model.eval()(images).pooler_output for _ in range(2))
    assert torch.equal(one, two)


def test_gradient_checkpointing_of_the_decoder_changes_nothing(images):
    torch.manual_seed(0)
    model = AudioMAEForPreTraining(config(decoder_position_dropout=0.0)).train()
    noise = torch.rand(3, 32, generator=torch.Generator().manual_seed(1))
    model(images, noise=noise).loss.backward()
    plain = {name: value.grad.clone() for name, value in model.named_parameters() if value.grad is not None}
    assert {name for name, _ in model.named_parameters()} - set(plain) == {
        "encoder.fc_norm.weight",
        "encoder.fc_norm.bias",
    }
    model.zero_grad()
    model.gradient_checkpointing_enable()
    model(images, noise=noise).loss.backward()
    for name, gradient in plain.items():
        torch.testing.assert_close(dict(model.named_parameters())[name].grad, gradient, msg=name)


@pytest.mark.parametrize("shape", [(1, 72, 128), (1, 40, 128), (1, 0, 128), (1, 64, 64), (64, 128)])
def test_bad_images_are_refused(shape):
    with pytest.raises(ValueError, match=r"a multiple of 16 up to 64 frames, 128 mel bands"):
        AudioMAEModel(config())(torch.zeros(shape))


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match=r"2 x 8 tokens cannot be cut .* multiples of 64"):
        AudioMAEForPreTraining(config(num_frames=64)).eval()(torch.zeros(1, 32, 128))
    with pytest.raises(ValueError, match="multiples of patch_size 16"):
        config(num_frames=60)
    with pytest.raises(ValueError, match="hidden_size 30 must be a multiple of 4"):
        config(hidden_size=30)
    with pytest.raises(ValueError, match="decoder_hidden_size 18"):
        config(decoder_hidden_size=18)
    with pytest.raises(ValueError, match="no final LayerNorm"):
        config(final_norm=False, pooling="contextual")
    with pytest.raises(ValueError, match=r"contextual_layers 4 is not within 1\.\.num_hidden_layers 3"):
        config(contextual_layers=4, pooling="contextual")


def test_default_windows_cover_the_recording_and_pad_as_published():
    """1,024 frames a window; the last one is padded with zeros in the filter bank, before it is normalised."""
    fe = CONVERSIONS["audiomae"].feature_extractor()
    wave = sound(15.0, 16_000)
    found = fe.features(wave, 16_000)
    assert [window.shape for window in found.windows] == [(1024, 128)] * 2
    assert found.seconds == pytest.approx([10.255, 4.745])
    real = 1 + (15 * 16_000 - 164_080 - 400) // 160
    padding = found.windows[1][real:]
    np.testing.assert_allclose(padding, 4.2677393 / (2 * 4.5689974), rtol=1e-6)
    assert found.windows[1][:real].std() > 0.1
    published = fe.features(wave, 16_000, protocol="published").windows
    assert len(published) == 1
    # Of a longer clip the published code keeps the first 1,024 frames, after subtracting the whole clip's mean.
    np.testing.assert_allclose(published[0], found.windows[0], atol=2e-2)


def test_published_variants_are_not_normalised():
    fe = CONVERSIONS["audiomae"].feature_extractor()
    wave = sound(20.5, 16_000)
    opera = fe.features(wave, 16_000, protocol="published:opera")
    assert len(opera.windows) == 3
    assert len(set(opera.seconds)) == 1, "OPERA's mean over chunks is a plain one"
    assert (opera.windows[0][998:] == 0).all(), "10 s are 998 frames, padded with zeros"
    assert (opera.windows[2][48:] == 0).all()
    # A rest of 400 samples is dropped, one of 401 is kept.
    assert len(fe.features(wave[:160_400], 16_000, protocol="published:opera").windows) == 1
    assert len(fe.features(wave[:160_401], 16_000, protocol="published:opera").windows) == 2
    whole = fe.features(wave, 16_000, protocol="published:auscultabase").windows
    assert [window.shape for window in whole] == [(1024, 128)]
    official = fe.features(wave, 16_000, protocol="published").windows[0]
    np.testing.assert_allclose((whole[0] + 4.2677393) / (2 * 4.5689974), official, atol=1e-5)
