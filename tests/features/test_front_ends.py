"""Front ends as data, the log-mel against librosa, and the extractor's contract."""

from __future__ import annotations

import json

import librosa
import numpy as np
import pytest
import soundfile
import torch
from transformers import AutoFeatureExtractor

from hf_auscult.audio import WindowPolicy
from hf_auscult.errors import ChannelError, ConfigurationError, SamplingRateError
from hf_auscult.features import FRONT_ENDS, AuscultFeatureExtractor, FrontEnd, log_mel

POLICY = WindowPolicy("sliding", seconds=1.0)


def sound(spec: FrontEnd, seconds: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * spec.sampling_rate)) / spec.sampling_rate
    return (np.sin(2 * np.pi * 90 * time) * np.hanning(len(time)) + 0.01 * rng.standard_normal(len(time))).astype("f4")


@pytest.mark.parametrize("name", ["opera", "heart", "lung"])  # the others are compared with their originals
def test_equal_to_librosa(name):
    spec = FRONT_ENDS[name]
    wave = sound(spec, 3.0)
    mel = librosa.feature.melspectrogram(
        y=wave,
        sr=spec.sampling_rate,
        n_fft=spec.n_fft,
        win_length=spec.win_length,
        hop_length=spec.hop_length,
        n_mels=spec.n_mels,
        fmin=spec.f_min,
        fmax=spec.f_max,
        pad_mode="constant",
    )
    theirs = librosa.power_to_db(mel, ref=np.max).T
    theirs = (theirs - theirs.min()) / (theirs.max() - theirs.min())
    ours = log_mel(torch.from_numpy(wave)[None], spec)[0].numpy()
    assert ours.shape == theirs.shape == (spec.frames(len(wave)), spec.n_mels)
    np.testing.assert_allclose(ours, theirs, atol=2e-5)


def test_a_batch_gives_what_each_recording_gives_alone():
    spec = FRONT_ENDS["heart"]
    waves = torch.from_numpy(np.stack([sound(spec, 2.0, seed) * 10**-seed for seed in range(3)]))
    together = log_mel(waves, spec)
    for index, wave in enumerate(waves):
        torch.testing.assert_close(together[index], log_mel(wave[None], spec)[0], rtol=0, atol=1e-6)


def test_silence_and_gain():
    spec = FRONT_ENDS["opera"]
    assert float(log_mel(torch.zeros(1, 16_000), spec).abs().max()) == 0
    wave = torch.from_numpy(sound(spec, 1.0))[None]
    torch.testing.assert_close(log_mel(wave, spec), log_mel(wave * 0.1, spec), rtol=0, atol=1e-4)


def test_frames_and_samples_are_inverse():
    spec = FRONT_ENDS["opera"]
    assert spec.frames(130_880) == 256
    assert spec.frames(spec.samples(256)) == 256
    assert spec.frames(spec.samples(256) - 1) == 255


def test_bad_front_ends():
    values = FRONT_ENDS["heart"].to_dict()
    assert FrontEnd.from_dict(json.loads(json.dumps(values))) == FRONT_ENDS["heart"]
    with pytest.raises(ConfigurationError, match=r"3000.* Hz does not fit 4000 Hz"):
        FrontEnd.from_dict({**values, "f_max": 3000})
    with pytest.raises(ConfigurationError, match="unknown keys"):
        FrontEnd.from_dict({**values, "hop": 1})
    with pytest.raises(ConfigurationError, match="unknown front end 'liver'"):
        FrontEnd.of("liver")


def test_one_row_a_recording():
    fe = AuscultFeatureExtractor("heart", POLICY)
    waves = [sound(fe.front_end, 2.5), sound(fe.front_end, 0.7)]
    inputs = fe(waves, sampling_rate=4_000, return_tensors="pt")
    assert inputs["input_features"].shape == (2, 3 * 51, 64)
    assert inputs["input_features"].dtype == torch.float32
    assert inputs["window_frames"].tolist() == [[51, 51, 51], [51, 0, 0]]
    np.testing.assert_allclose(inputs["window_seconds"], [[1.0, 1.0, 0.5], [0.7, 0.0, 0.0]])
    assert not inputs["input_features"][1, 51:].any()
    windows = np.concatenate(fe.features(waves[0], 4_000).windows)
    np.testing.assert_array_equal(inputs["input_features"][0], windows)


def test_arrays_need_the_right_rate():
    fe = AuscultFeatureExtractor("heart", POLICY)
    wave = sound(fe.front_end, 1.0)
    with pytest.raises(SamplingRateError, match="without a sampling rate"):
        fe(wave)
    with pytest.raises(SamplingRateError, match="16000 Hz given, 4000 Hz needed"):
        fe(wave, sampling_rate=16_000)
    with pytest.raises(ChannelError):
        fe([np.zeros((2, 2, 9), np.float32)], sampling_rate=4_000)


def test_paths_mappings_and_arrays_agree(tmp_path):
    fe = AuscultFeatureExtractor("heart", POLICY)
    wave = sound(fe.front_end, 1.5)
    soundfile.write(tmp_path / "a.wav", wave, 4_000, subtype="FLOAT")
    array = fe(wave, sampling_rate=4_000)["input_features"]
    cell = {"bytes": (tmp_path / "a.wav").read_bytes(), "path": None}
    for item in (tmp_path / "a.wav", {"array": wave, "sampling_rate": 4_000}, cell):
        np.testing.assert_array_equal(fe(item)["input_features"], array)
    np.testing.assert_array_equal(fe(wave.tolist(), sampling_rate=4_000)["input_features"], array)
    np.testing.assert_array_equal(fe(torch.from_numpy(wave), sampling_rate=4_000)["input_features"], array)


def test_files_of_another_rate_are_resampled(tmp_path):
    fe = AuscultFeatureExtractor("heart", POLICY)
    wave = librosa.resample(sound(fe.front_end, 1.0), orig_sr=4_000, target_sr=8_000)
    soundfile.write(tmp_path / "a.wav", wave, 8_000)
    assert fe(tmp_path / "a.wav")["input_features"].shape == (1, 51, 64)


def test_settings_travel(tmp_path):
    fe = AuscultFeatureExtractor("heart", POLICY, WindowPolicy("fixed", samples=9_000))
    fe.save_pretrained(tmp_path)
    again = AutoFeatureExtractor.from_pretrained(tmp_path)
    assert isinstance(again, AuscultFeatureExtractor)
    assert (again.front_end, again.windows, again.published_windows) == (fe.front_end, fe.windows, fe.published_windows)
    assert again.sampling_rate == 4_000


def test_protocols():
    fe = AuscultFeatureExtractor("heart", POLICY)
    with pytest.raises(ConfigurationError, match="no published window rule"):
        fe(np.ones(4_000, np.float32), sampling_rate=4_000, protocol="published")
    with pytest.raises(ConfigurationError, match="unknown protocol"):
        fe(np.ones(4_000, np.float32), sampling_rate=4_000, protocol="paper")
