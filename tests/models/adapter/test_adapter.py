"""The adapter adds nothing to transformers' encoders and takes nothing away."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoFeatureExtractor, AutoModel

import hf_auscult
from hf_auscult.embedding.embedder import Embedder
from hf_auscult.models.acula import AcuLaConfig
from hf_auscult.models.acula.modeling_acula import AcuLaModel
from hf_auscult.models.adapter import AudioAdapterConfig
from hf_auscult.models.adapter.modeling_adapter import AudioAdapterModel
from hf_auscult.models.adapter.natives import native_of
from tests.models.adapter import tiny
from tests.models.zoo import sound

every_native = pytest.mark.parametrize("name", tiny.NATIVES)
RATE = 16_000


def adapted(name: str, **settings: object) -> AudioAdapterModel:
    """The adapter around the very encoder of `tiny.native_model`."""
    native = tiny.native_model(name)
    model = AudioAdapterModel(AudioAdapterConfig(encoder_config=native.config, **settings)).eval()
    model.native.load_state_dict(native.state_dict())
    return model


def features(name: str, seconds: float = 2.2) -> torch.Tensor:
    fe = tiny.extractor(name)
    windows = fe.features(sound(seconds, RATE), RATE).windows
    return torch.from_numpy(np.stack([window for window in windows if window.shape == windows[0].shape]))


def native_layout(name: str, inputs: torch.Tensor) -> torch.Tensor:
    """Features as transformers' own extractor lays them out, of features time first."""
    if name in ("whisper", "qwen"):
        return inputs.transpose(1, 2).contiguous()
    if name == "hear":
        return inputs[:, None]
    return inputs.unflatten(2, (-1, 16)).transpose(1, 2).contiguous() if name.startswith("clap") else inputs


def native_call(name: str, inputs: torch.Tensor, **settings: object) -> tuple[object, torch.Tensor]:
    """The encoder called by hand, as its documentation says: its output, and its published embedding."""
    model = tiny.native_model(name)
    with torch.no_grad():
        if name == "qwen":
            length = inputs.shape[2]
            lengths = torch.full((len(inputs),), length)
            # One window at a time, (mels, frames).
            rows = [
                model(
                    window,
                    feature_lens=torch.tensor([length]),
                    aftercnn_lens=model._get_feat_extract_output_lengths(lengths[:1])[0],
                    **settings,
                )
                for window in inputs
            ]
            return rows, torch.stack([row.last_hidden_state.mean(dim=0) for row in rows])
        if name.startswith("clap"):
            out = model(input_features=inputs, is_longer=torch.zeros(len(inputs), 1), **settings)
            return out, out.pooler_output
        if name == "hear":
            out = model(pixel_values=inputs, **settings)
            return out, out.pooler_output
        if name == "ast":
            out = model(input_values=inputs, **settings)
            return out, out.pooler_output
        out = model(inputs, **settings)
        return out, out.last_hidden_state.mean(dim=1)


@every_native
def test_the_published_embedding_is_the_encoders_own(name):
    inputs = features(name)
    out, expected = native_call(name, native_layout(name, inputs))
    with torch.no_grad():
        ours = adapted(name)(inputs)
    if name == "qwen":  # the encoder packs windows into one row: the same sums, in batches of another size
        torch.testing.assert_close(ours.pooler_output, expected, rtol=1e-5, atol=1e-6)
        assert torch.equal(adapted(name)(inputs[:1]).pooler_output, expected[:1])
    else:
        assert torch.equal(ours.pooler_output, expected)
        last = out.last_hidden_state
        last = last.flatten(2).transpose(1, 2) if last.ndim == 4 else last
        assert torch.equal(ours.last_hidden_state, last)


@every_native
def test_layers(name):
    """One layer is that hidden state; several are their average; the classifier's tokens are the same."""
    inputs = features(name, 1.0)[:1]
    out, _ = native_call(name, native_layout(name, inputs), output_hidden_states=True)
    states = (out[0] if name == "qwen" else out).hidden_states
    states = [state[None] if state.ndim == 2 else state for state in states]
    states = [state.flatten(2).transpose(1, 2) if state.ndim == 4 else state for state in states]
    prefix = native_of(tiny.config(name).encoder_config).prefix_tokens
    with torch.no_grad():
        one = adapted(name, layers=[1])(inputs, output_hidden_states=True)
        both = adapted(name, layers=[-2, -1], pooling="mean")(inputs)
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(one.hidden_states, states, strict=True))
    assert torch.equal(one.last_hidden_state, states[1])
    native = states[1][:, :prefix] if prefix else states[1]
    assert torch.equal(one.pooler_output, native.mean(dim=1))
    mean = torch.stack([states[-2], states[-1]]).mean(dim=0)
    assert torch.equal(both.last_hidden_state, mean)
    assert torch.equal(both.pooler_output, mean[:, prefix:].mean(dim=1))
    for settings in ({"layers": [1]}, {"layers": [-2, -1], "pooling": "mean"}, {"pooling": "mean"}):
        model = adapted(name, **settings)
        with torch.no_grad():
            found = model(inputs)
        assert found.pooler_output.shape[1] == model.config.pooled_size
        assert found.last_hidden_state.shape[2] == model.config.hidden_size


@pytest.mark.parametrize("name", ["ast", "hear"])
def test_class_tokens(name):
    inputs = features(name)
    prefix = {"ast": 2, "hear": 1}[name]
    with torch.no_grad():
        out = adapted(name, pooling="cls")(inputs)
        assert torch.equal(out.pooler_output, out.last_hidden_state[:, :prefix].mean(dim=1))
        without = adapted(name, pooling="mean")(inputs)
    assert torch.equal(without.pooler_output, out.last_hidden_state[:, prefix:].mean(dim=1))


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("ast", {"layers": [3]}, "hidden states 0 to 2"),
        ("ast", {"layers": [-4]}, "hidden states 0 to 2"),
        ("ast", {"layers": []}, "hidden states 0 to 2"),
        ("clap", {"layers": [0, 1]}, r"\[8, 16\] wide"),
        ("wavlm", {"pooling": "cls"}, "WavLM has no class token"),
    ],
)
def test_settings_an_encoder_does_not_have(name, settings, message):
    with pytest.raises(ValueError, match=message):
        tiny.config(name, **settings)


def test_other_models_are_refused():
    with pytest.raises(ValueError, match="not one of the encoders audio-spectrogram-transformer"):
        AudioAdapterConfig(encoder_config={"model_type": "bert"})
    with pytest.raises(ValueError, match="not HeAR"):
        AudioAdapterConfig(encoder_config={"model_type": "vit"})


@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("ast", (1, 32, 32), r"\(windows, 64, 32\)"),
        ("clap", (1, 4, 101, 16), r"\(windows, up to 256, 16\)"),
        ("whisper", (1, 50, 80), r"\(windows, up to 100, 16\)"),
        ("wavlm", (1, 2, 4_000), r"\(windows, any\)"),
        ("hear", (1, 1, 128, 192), r"\(windows, 192, 128\)"),
        ("qwen", (1, 100, 80), r"\(windows, any, 16\)"),
    ],
)
def test_features_of_another_shape_are_refused(name, shape, expected):
    with pytest.raises(ValueError, match=expected):
        adapted(name)(torch.zeros(shape))


def test_layers_stay_in_place_under_layer_dropping():
    """A dropped layer would shift the indices of the hidden states behind it."""
    config = AudioAdapterConfig(encoder_config={"model_type": "wavlm", **tiny.WAVES, "layerdrop": 0.9}, layers=[2])
    assert config.encoder_config.layerdrop == 0
    model = AudioAdapterModel(config).train()
    assert all(model(torch.randn(2, 2_000)).last_hidden_state.shape == (2, 6, 32) for _ in range(5))
    untouched = AudioAdapterConfig(encoder_config={"model_type": "wavlm", **tiny.WAVES, "layerdrop": 0.9})
    assert untouched.encoder_config.layerdrop == 0.9


@pytest.mark.parametrize(
    ("name", "frozen"),
    [("qwen", "audio_bos_eos_token"), ("clap-fused", "fusion_model"), ("clap-fused", "mel_conv2d")],
)
def test_weights_that_windows_never_reach_are_frozen(name, frozen, tmp_path):
    """Distributed training stops at trainable parameters without a gradient; loading must not thaw them."""
    model = adapted(name)
    model.save_pretrained(tmp_path)
    for one in (model, AutoModel.from_pretrained(tmp_path)):
        found = [value for key, value in one.named_parameters() if frozen in key]
        assert found
        assert not any(value.requires_grad for value in found)


@every_native
def test_inside_acula(name, tmp_path):
    """Aligned, saved with its extractor, loaded again: the same embeddings, through the encoder in it."""
    torch.manual_seed(0)
    config = AcuLaConfig(audio_config=tiny.config(name, layers=[1]), text_size=12, teacher=None)
    model, fe = AcuLaModel(config).eval(), tiny.extractor(name)
    assert not model.can_reconstruct
    model.save_pretrained(tmp_path)
    fe.save_pretrained(tmp_path)
    again = AutoModel.from_pretrained(tmp_path).eval()
    assert isinstance(again.config.audio_config, AudioAdapterConfig)
    assert again.config.audio_config.layers == [1]
    assert AutoFeatureExtractor.from_pretrained(tmp_path).to_dict() == fe.to_dict()
    inputs = features(name)
    with torch.no_grad():
        torch.testing.assert_close(again.get_audio_features(inputs), model.get_audio_features(inputs))
    recording = {"array": sound(0.9, RATE), "sampling_rate": RATE}
    row = hf_auscult.embed(str(tmp_path), [recording], progress=False)
    np.testing.assert_allclose(row, Embedder(model, fe)([recording]), rtol=1e-5, atol=1e-6)
