"""transformers' extractors under this package's windows, and HeAR's front end."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from transformers import WhisperFeatureExtractor

from hf_auscult.audio import WindowPolicy, read
from hf_auscult.errors import ConfigurationError
from hf_auscult.features.hear import HearFeatureExtractor, MelPCEN, mel_pcen
from hf_auscult.features.native import NativeFeatureExtractor
from tests.models.adapter import tiny
from tests.models.zoo import sound

RATE = 16_000
# Every 48th frame and 32nd band, and the mean, of the image that Google-Health/hear's preprocess_audio (2025) makes of
# `chirp`.
CHIRP = [
    [0.0, 0.04906, 0.01111, 0.00072],
    [0.0, 0.06251, 0.0075, 0.04069],
    [0.0, 0.59832, 0.00895, 0.01217],
    [0.0, 1.1996, 0.01085, 0.0474],
]
CHIRP_MEAN = 0.11917964


def chirp() -> torch.Tensor:
    time = torch.arange(32_000) / 16_000.0
    return (torch.sin(2 * torch.pi * (200 * time + 150 * time * time)) * torch.exp(-time) * 0.5)[None]


def test_hear_is_the_original():
    image = mel_pcen(chirp())
    np.testing.assert_allclose(image[0, 0, ::48, ::32], CHIRP, atol=1e-4)
    assert image.mean().item() == pytest.approx(CHIRP_MEAN, abs=1e-6)


def hear_by_loops(wave: np.ndarray) -> np.ndarray:
    """Mel-PCEN before the interpolation, in double precision, frame by frame and band by band."""
    wave = np.pad(wave.astype(np.float64), (0, 32_000 - len(wave)))
    wave = wave - wave.min()
    wave = np.pad(2 * (wave / (wave.max() + 1e-8)) - 1, (0, 240))
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    power = np.stack([np.abs(np.fft.rfft(wave[160 * k : 160 * k + 400] * window)) ** 2 for k in range(200)])
    mel = 2595 * np.log10(1 + np.arange(201) * 40 / 700)
    edges = np.linspace(0, 2595 * np.log10(1 + 8_000 / 700), 130)
    bands = np.zeros((200, 128))
    for band, (low, centre, high) in enumerate(zip(edges, edges[1:], edges[2:], strict=False)):
        weights = np.clip(np.minimum((mel - low) / (centre - low), (high - mel) / (high - centre)), 0, None)
        weights[0] = 0
        bands[:, band] = power @ weights
    smooth, out = bands[0], []
    for frame in bands:
        smooth = 0.96 * smooth + 0.04 * frame if out else frame
        out.append(np.sqrt(frame / (1e-8 + smooth) ** 0.8 + 2) - np.sqrt(2))
    return np.stack(out)


@pytest.mark.parametrize("seconds", [2.0, 0.7])
def test_hear_step_by_step(seconds, shared):
    """On a real recording, without the last step: 200 frames of 128 bands."""
    path = sorted((shared / "data/sprsound").rglob("*.wav"))[0]
    wave = read(path, sampling_rate=RATE).array[: int(seconds * RATE)]
    image = mel_pcen(torch.from_numpy(wave.copy())[None], MelPCEN(image_size=(200, 128)))
    np.testing.assert_allclose(image[0, 0], hear_by_loops(wave), atol=2e-4)


def test_hear_windows_do_not_depend_on_their_neighbours():
    quiet, loud = chirp() * 0.01, chirp().flip(1)
    together = mel_pcen(torch.cat([quiet, loud]))
    assert torch.equal(together[:1], mel_pcen(quiet))
    # Scaling each window to its own range is what makes it so.
    torch.testing.assert_close(mel_pcen(quiet), mel_pcen(chirp()), rtol=1e-2, atol=1e-3)


def test_hear_refuses_other_windows():
    with pytest.raises(ConfigurationError, match="at most 32000 samples at 16000 Hz"):
        HearFeatureExtractor()([np.zeros(32_001, np.float32)], sampling_rate=RATE)
    with pytest.raises(ConfigurationError, match="at 8000 Hz"):
        HearFeatureExtractor()([np.zeros(16_000, np.float32)], sampling_rate=8_000)


@pytest.mark.parametrize("name", tiny.NATIVES)
def test_a_batch_is_its_windows(name):
    """Bitwise: one window's features do not depend on the others; random state is left alone."""
    fe = tiny.extractor(name)
    samples = min(fe.longest or 8_000, 8_000)
    windows = np.stack([sound(samples / RATE, RATE, seed)[:samples] for seed in range(3)])
    np.random.seed(5)
    before = np.random.get_state()[1].copy()
    together = fe.window_features(windows)
    assert np.array_equal(np.random.get_state()[1], before)
    assert together.dtype == np.float32
    for index in range(3):
        np.testing.assert_array_equal(fe.window_features(windows[index : index + 1])[0], together[index])


@pytest.mark.parametrize("name", tiny.NATIVES)
def test_settings_survive_json(name, tmp_path):
    fe = tiny.extractor(name)
    fe.save_pretrained(tmp_path)
    again = NativeFeatureExtractor.from_pretrained(tmp_path)
    assert type(again.native) is type(fe.native)
    assert again.to_dict() == fe.to_dict()
    assert json.loads(json.dumps(fe.to_dict())) == json.loads((tmp_path / "preprocessor_config.json").read_text())
    wave = sound(0.5, RATE)
    np.testing.assert_array_equal(fe(wave, RATE)["input_features"], again(wave, RATE)["input_features"])


@pytest.mark.parametrize("samples", [480, 1_000, 15_999, 16_000])
def test_qwen_keeps_frames_of_sound(samples):
    """The frames its processor keeps after padding to 300 s, without computing 300 s."""
    native = WhisperFeatureExtractor(feature_size=128, chunk_length=300)
    fe = NativeFeatureExtractor(native, WindowPolicy("sliding", seconds=30.0, padding="none"), real_frames=True)
    wave = sound(samples / RATE, RATE)
    theirs = native([wave], sampling_rate=RATE, padding="max_length", return_attention_mask=True, return_tensors="np")
    kept = theirs["input_features"][0][:, theirs["attention_mask"][0].astype(bool)].T
    ours = fe.window_features(wave[None])[0]
    assert ours.shape == kept.shape
    np.testing.assert_allclose(ours, kept, atol=1e-5)


def test_published_is_one_native_call():
    """Of Whisper: the first window, whatever the length. CLAP's native call draws crops, so it has no such protocol."""
    wave = sound(2.5, RATE)
    fe = tiny.extractor("whisper")
    found = fe(wave, RATE, protocol="published")["input_features"]
    native = fe.native([wave], sampling_rate=RATE, return_tensors="np")["input_features"]
    np.testing.assert_array_equal(found, native.transpose(0, 2, 1))
    waves = tiny.extractor("wav2vec2")(wave, RATE, protocol="published")["input_features"]
    assert waves.shape == (1, 40_000)
    with pytest.raises(ConfigurationError, match="no published window rule"):
        tiny.extractor("clap")(wave, RATE, protocol="published")


def test_windows_the_extractor_would_cut_are_refused():
    for name, longest in (("ast", "0.66"), ("clap", "1 s"), ("whisper", "1 s"), ("hear", "2 s")):
        with pytest.raises(ConfigurationError, match=longest):
            tiny.extractor(name, WindowPolicy("sliding", seconds=2.5))
    whole = tiny.extractor("clap", WindowPolicy("whole"))
    with pytest.raises(ConfigurationError, match="takes 16000 samples, got 17600"):
        whole(sound(1.1, RATE), RATE)


def test_unknown_native_extractors_are_refused():
    with pytest.raises(ConfigurationError, match="no feature extractor 'Nonsense'"):
        NativeFeatureExtractor({"feature_extractor_type": "Nonsense"}, WindowPolicy("whole"))
    with pytest.raises(ConfigurationError, match="no feature extractor 'BertModel'"):
        NativeFeatureExtractor({"feature_extractor_type": "BertModel"}, WindowPolicy("whole"))
