from __future__ import annotations

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_auscult.audio import read, trim_silence
from hf_auscult.errors import ConfigurationError, EmptyAudioError, NonFiniteAudioError

from .conftest import CIRCOR, MP3, SPRSOUND, chirp, real_files


def librosa_trim(x, **options):
    return librosa.effects.trim(x, **{"frame_length": 1600, "hop_length": 800, **options})[0]


@pytest.mark.parametrize(
    ("folder", "pattern", "count"),
    [(CIRCOR, "*.wav", 5), (SPRSOUND, "*.wav", 10), (MP3, "*.mp3", 30), ("data/cinc2016", "*.wav", 5)],
)
def test_equals_librosa_on_real_recordings(shared, folder, pattern, count):
    for path in real_files(shared, folder, pattern, count):
        x = read(path, sampling_rate=16_000).array
        for top_db in (60, 40, 20):  # most of these recordings have no silence at 60 dB
            np.testing.assert_array_equal(trim_silence(x, top_db=top_db), librosa_trim(x, top_db=top_db))


def test_real_recordings_are_really_trimmed(shared):
    lengths = [
        (len(x), len(trim_silence(x)))
        for x in (read(path, sampling_rate=16_000).array for path in real_files(shared, MP3, "*.mp3", 60))
    ]
    assert any(after < before for before, after in lengths)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    lead=st.integers(0, 5_000),
    body=st.integers(1, 6_000),
    tail=st.integers(0, 5_000),
    level=st.floats(-120, 0),
    floor=st.floats(-140, -30),
    frame=st.sampled_from([(1600, 800), (400, 200), (51, 25), (200, 50)]),
)
def test_equals_librosa_on_synthetic_signals(seed, lead, body, tail, level, floor, frame):
    noise = np.random.default_rng(seed).standard_normal(lead + body + tail)
    gain = np.full(len(noise), 10 ** (floor / 20))
    gain[lead : lead + body] = 10 ** (level / 20)
    x = (noise * gain).astype(np.float32)
    got = trim_silence(x, frame_length=frame[0], hop_length=frame[1])
    np.testing.assert_array_equal(got, librosa_trim(x, frame_length=frame[0], hop_length=frame[1]))
    assert len(got)


@pytest.mark.parametrize("n", [1, 2, 799, 800, 801, 1_600, 16_000])
@pytest.mark.parametrize("value", [0.0, 1e-9, 0.5])
def test_constant_signals_and_digital_silence_come_back_whole(n, value):
    """The reference is the loudest frame, so silence is not silent against itself; librosa agrees."""
    x = np.full(n, value, np.float32)
    np.testing.assert_array_equal(trim_silence(x), librosa_trim(x))
    assert len(trim_silence(x)) == n or value > 0.1  # a loud constant loses no sample either, but for edge frames


@pytest.mark.parametrize("at", [0, 799, 800, 15_199, 15_200, 15_999])
def test_a_single_click(at):
    x = np.zeros(16_000, np.float32)
    x[at] = 1.0
    got = trim_silence(x)
    np.testing.assert_array_equal(got, librosa_trim(x))
    assert got.max() == 1.0


def test_the_quiet_edges_go():
    x = chirp(2.0, 16_000)
    assert 0.7 * len(x) < len(trim_silence(x)) < len(x)


def test_bad_input_is_named():
    with pytest.raises(EmptyAudioError):
        trim_silence(np.zeros(0, np.float32))
    with pytest.raises(NonFiniteAudioError):
        trim_silence(np.array([0.0, np.nan], np.float32))
    with pytest.raises(ConfigurationError):
        trim_silence(np.ones(10, np.float32), hop_length=0)
