from __future__ import annotations

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_auscult.audio import read, resample
from hf_auscult.errors import ChannelError, EmptyAudioError, NonFiniteAudioError, SamplingRateError

from .conftest import CIRCOR, chirp, real_files

RATES = [2_000, 4_000, 8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000]


@pytest.mark.parametrize("orig", RATES)
@pytest.mark.parametrize("target", [4_000, 16_000, 32_000, 44_100])
def test_is_librosas_soxr_hq_bit_for_bit(orig, target):
    x = chirp(1.237, orig, seed=orig)
    expected = librosa.resample(x, orig_sr=orig, target_sr=target, res_type="soxr_hq")
    got = resample(x, orig, target)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, expected)


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 3_000), orig=st.sampled_from(RATES), target=st.sampled_from(RATES))
def test_length_rule_is_librosas(n, orig, target):
    x = np.linspace(-1, 1, n, dtype=np.float32)
    expected = librosa.resample(x, orig_sr=orig, target_sr=target, res_type="soxr_hq")
    np.testing.assert_array_equal(resample(x, orig, target), expected)
    assert len(expected) == int(np.ceil(n * (target / orig)))


def test_real_recordings_match_librosa_load(shared):
    for path in real_files(shared, CIRCOR, "*.wav", 5):
        expected, _ = librosa.load(path, sr=16_000)
        np.testing.assert_array_equal(read(path, sampling_rate=16_000).array, expected)


def test_equal_rates_change_nothing():
    x = chirp(0.5, 8_000)
    assert resample(x, 8_000, 8_000) is x


def test_a_tone_keeps_its_frequency():
    x = np.sin(2 * np.pi * 300 * np.arange(4_000) / 4_000).astype(np.float32)
    y = resample(x, 4_000, 16_000)
    assert np.abs(np.fft.rfft(y)).argmax() == 300  # 1 s: one bin per Hz


@pytest.mark.parametrize("rate", [0, -8_000, 499, 768_001, None, 16_000.5, float("nan"), "16000", True])
def test_bad_rates_are_named(rate):
    with pytest.raises(SamplingRateError):
        resample(np.zeros(10, np.float32), rate, 16_000)
    with pytest.raises(SamplingRateError):
        resample(np.zeros(10, np.float32), 16_000, rate)


@pytest.mark.parametrize(
    ("array", "error"),
    [
        ([], EmptyAudioError),
        ([0.0, np.nan], NonFiniteAudioError),
        (np.zeros((2, 4)), ChannelError),
    ],
)
def test_bad_samples_are_named(array, error):
    with pytest.raises(error):
        resample(array, 8_000, 16_000)
