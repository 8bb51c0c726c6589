from __future__ import annotations

import importlib.util
import json

import librosa
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_auscult.audio import PUBLISHED, WindowPolicy, read, trim_silence
from hf_auscult.errors import ConfigurationError, EmptyAudioError, ShortAudioError

from .conftest import SPRSOUND, chirp, real_files

RATE = 16_000


def log_mel(clip):
    """OPERA's image of one window, through librosa as the authors make it: (frames, 64) in [0, 1]."""
    power = librosa.feature.melspectrogram(y=clip, sr=RATE, n_fft=1024, hop_length=512, n_mels=64, fmin=50, fmax=8000)
    decibels = librosa.power_to_db(power, ref=np.max)
    return ((decibels - decibels.min()) / (decibels.max() - decibels.min())).T


@pytest.fixture(scope="session")
def reference(shared):
    """Call with an encoder's name: its stored arrays, and a function that makes its input waveforms."""
    folder = shared / "reference"
    if not folder.is_dir():
        pytest.skip(f"no reference arrays at {folder}")
    spec = importlib.util.spec_from_file_location("fill", folder / "fill.py")
    fill = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fill)

    def load(name):
        inputs = json.loads((folder / f"{name}.json").read_text())["inputs"]

        def wave(key):
            assert inputs[key]["make"] == "make_waveform_int16"
            pcm = fill.make_waveform_int16(inputs[key]["seed"], inputs[key]["n"], inputs[key]["sr"])
            return read({"array": pcm, "sampling_rate": inputs[key]["sr"]}).array

        return np.load(folder / f"{name}.npz"), wave

    return load


def stored(arrays, name, full):
    """The part of a full feature array that was stored under a name."""
    if f"{name}.rows" in arrays:
        full = full[..., arrays[f"{name}.rows"], :][..., arrays[f"{name}.cols"]]
    assert full.shape == arrays[name].shape
    return full


@pytest.mark.parametrize(
    ("encoder", "feature", "wave", "policy", "stacked"),
    [
        ("opera_ct", "repeat8", "main", PUBLISHED["opera-ct"], False),
        ("opera_ct", "long", "long", PUBLISHED["opera-ct"], False),
        ("opera_ct", "short_repeat2", "short", WindowPolicy("repeat_pad", seconds=2.0, trim=True), False),
        ("opera_ct", "zero8", "main", WindowPolicy("zero_rule", seconds=8.0, trim=True), False),
        ("opera_ct", "short_zero8", "short", WindowPolicy("zero_rule", seconds=8.0, trim=True), False),
        ("opera_ce", "repeat8", "main", PUBLISHED["opera-ce"], False),
        ("opera_ce", "long", "long", PUBLISHED["opera-ce"], False),
        ("opera_gt", "main8.18", "main", PUBLISHED["opera-gt"], True),
        ("opera_gt", "long8.18", "long", PUBLISHED["opera-gt"], True),
        ("opera_gt", "main5", "main", WindowPolicy("overlapping_chunks", seconds=5.0, trim=True), True),
        ("opera_gt", "main8", "main", WindowPolicy("overlapping_chunks", seconds=8.0, trim=True), True),
        ("auscultabase", "main_entire", "main", PUBLISHED["auscultabase"], True),
        ("auscultabase", "long_entire", "long", PUBLISHED["auscultabase"], True),
        ("auscultabase", "main_chunk2", "main", WindowPolicy("zero_rule", seconds=2.0, trim=True), True),
        ("auscultabase", "main_chunk8", "main", WindowPolicy("zero_rule", seconds=8.0, trim=True), True),
        ("auscultabase", "long_chunk2", "long", WindowPolicy("zero_rule", seconds=2.0, trim=True), True),
        ("auscultabase", "long_chunk8", "long", WindowPolicy("zero_rule", seconds=8.0, trim=True), True),
        ("acula", "main", "main", PUBLISHED["acula"], False),
        ("acula", "long", "long", PUBLISHED["acula"], False),
    ],
)
def test_windows_are_those_of_the_original_code(reference, encoder, feature, wave, policy, stacked):
    arrays, make = reference(encoder)
    windows = policy.apply(make(wave), RATE)
    images = np.stack([log_mel(frame) for frame in windows.frames])
    name = f"features.{feature}"
    got = stored(arrays, name, images if stacked else images[0])
    assert stacked or len(windows) == 1
    np.testing.assert_allclose(got, arrays[name], atol=1e-5)


def test_the_reference_would_notice_a_wrong_side_or_a_missing_trim(reference):
    arrays, make = reference("opera_ct")
    clip = trim_silence(make("main"))
    right = stored(arrays, "features.repeat8", log_mel(PUBLISHED["opera-ct"].apply(make("main"), RATE).frames[0]))
    wrong_side = log_mel(np.concatenate([clip, clip, clip])[: 8 * RATE])
    untrimmed = log_mel(WindowPolicy("repeat_pad", seconds=8.0).apply(make("main"), RATE).frames[0])
    for wrong in (wrong_side, untrimmed):
        assert np.abs(wrong - right).max() > 0.1


# Weights ---------------------------------------------------------------------------------------------------------


@given(
    n=st.integers(1, 40_000),
    rate=st.sampled_from([1_000, 4_000, 16_000]),
    seconds=st.sampled_from([0.25, 1.0, 2.0]),
    share=st.sampled_from([None, 0.3, 0.5, 1.0]),
)
def test_sliding_seconds_sum_to_the_duration(n, rate, seconds, share):
    hop = None if share is None else share * seconds
    windows = WindowPolicy("sliding", seconds=seconds, hop_seconds=hop).apply(np.ones(n, np.float32), rate)
    assert windows.seconds.dtype == np.float64
    assert windows.seconds.sum() == pytest.approx(n / rate)
    assert windows.weights.sum() == pytest.approx(1.0)
    assert {len(frame) for frame in windows.frames} == {int(seconds * rate)}


@given(n=st.integers(1, 20_000))
def test_published_chunks_are_weighted_equally(n):
    for kind in ("overlapping_chunks", "zero_rule"):
        windows = WindowPolicy(kind, seconds=1.0).apply(np.ones(n, np.float32), 4_000)
        assert len(set(windows.seconds)) == 1
        assert windows.seconds.sum() == pytest.approx(n / 4_000)


def test_a_weighted_mean_is_not_the_plain_mean():
    """2.5 s in windows of 2 s: the half second at the end must count a fifth, not a half."""
    windows = WindowPolicy("sliding", seconds=2.0).apply(np.ones(2_500, np.float32), 1_000)
    assert windows.seconds.tolist() == [2.0, 0.5]
    assert windows.weights.tolist() == [0.8, 0.2]


def test_fixed_counts_only_what_is_kept():
    assert WindowPolicy("fixed", samples=1_000).apply(np.ones(5_000, np.float32), 1_000).seconds.tolist() == [1.0]
    assert WindowPolicy("fixed", samples=1_000).apply(np.ones(250, np.float32), 1_000).seconds.tolist() == [0.25]


# Rules of single kinds ---------------------------------------------------------------------------------------------


def test_long_clips_stay_whole_under_repeat_pad():
    long = chirp(9.0, RATE)
    windows = WindowPolicy("repeat_pad", seconds=8.0).apply(long, RATE)
    np.testing.assert_array_equal(windows.frames[0], long)
    assert windows.seconds.tolist() == [9.0]


@pytest.mark.parametrize(("seconds", "frames"), [(8.18, 256), (8.0, 251), (5.0, 157), (2.0, 63), (1.0, 32)])
def test_lengths_give_the_frames_the_authors_name(seconds, frames):
    assert 1 + WindowPolicy("fixed", seconds=seconds).length(RATE) // 512 == frames
    assert 1 + PUBLISHED["acula"].length(RATE) // 512 == 256


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("n", [1, 7, 800, RATE, 8 * RATE, 20 * RATE])
def test_published_policies_take_silence_and_any_length(name, n):
    policy = PUBLISHED[name]
    if policy.kind == "chunks" and n < policy.samples:
        with pytest.raises(ShortAudioError, match=f"{n} samples; this rule needs 15600"):
            policy.apply(np.zeros(n, np.float32), RATE)
        return
    windows = policy.apply(np.zeros(n, np.float32), RATE)
    assert all(len(frame) for frame in windows.frames)
    assert (windows.seconds > 0).all()


def test_a_third_of_a_second(shared):
    """The shortest real recording, 0.30 s."""
    waves = [read(path, sampling_rate=RATE) for path in real_files(shared, SPRSOUND, "*.wav", 10_000)]
    shortest = min(waves, key=lambda wave: wave.seconds)
    assert shortest.seconds == pytest.approx(0.3, abs=0.01)
    for name, policy in PUBLISHED.items():
        if policy.kind == "chunks":
            continue  # shorter than VGGish's one example: refused, see above
        frames = policy.apply(shortest.array, RATE).frames
        assert len(frames) == 1
        assert len(frames[0]) == (policy.length(RATE) or len(trim_silence(shortest.array))), name


def test_minimum_samples_pads_short_windows():
    windows = WindowPolicy("whole", minimum_samples=100).apply(np.ones(40, np.float32), 1_000)
    assert windows.frames[0].tolist() == [1.0] * 40 + [0.0] * 60
    assert windows.seconds.tolist() == [0.04]
    assert len(WindowPolicy("whole", minimum_samples=100).apply(np.ones(400, np.float32), 1_000).frames[0]) == 400


def test_trimming_follows_the_sampling_rate():
    for rate in (4_000, 8_000, 44_100):
        clip = chirp(2.0, rate)
        expected, _ = librosa.effects.trim(clip, frame_length=int(rate / 10), hop_length=int(int(rate / 10) / 2))
        np.testing.assert_array_equal(WindowPolicy("whole", trim=True).apply(clip, rate).frames[0], expected)


def test_nothing_cannot_be_cut():
    with pytest.raises(EmptyAudioError):
        WindowPolicy("whole").apply(np.zeros(0, np.float32), RATE)


# Configuration -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [*PUBLISHED.values(), WindowPolicy("sliding", seconds=4, hop_seconds=2.0)])
def test_json_round_trip(policy):
    assert WindowPolicy.from_dict(json.loads(json.dumps(policy.to_dict()))) == policy


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "sliding", "seconds": 2.0, "lenght": 3},
        {"seconds": 2.0},
        {"kind": "slices", "seconds": 2.0},
        {"kind": "fixed", "seconds": 2.0, "padding": "repeat"},
        {"kind": "sliding", "seconds": 2.0, "padding": "noise"},
        {"kind": "sliding", "seconds": 2.0, "shortest_samples": 5},
        {"kind": "chunks", "seconds": 2.0, "shortest_samples": 0},
        {"kind": "whole", "seconds": 2.0},
        {"kind": "whole", "samples": 5},
        {"kind": "fixed"},
        {"kind": "fixed", "seconds": 2.0, "samples": 32_000},
        {"kind": "fixed", "seconds": 0},
        {"kind": "fixed", "seconds": -1.0},
        {"kind": "fixed", "seconds": float("nan")},
        {"kind": "fixed", "seconds": "8"},
        {"kind": "fixed", "samples": 2.5},
        {"kind": "fixed", "seconds": 2.0, "hop_seconds": 1.0},
        {"kind": "sliding", "seconds": 2.0, "hop_seconds": 3.0},
        {"kind": "sliding", "seconds": 2.0, "hop_seconds": 0.0},
        {"kind": "whole", "minimum_samples": 0},
        {"kind": "whole", "minimum_samples": None},
        {"kind": "whole", "trim": "yes"},
    ],
)
def test_contradictions_are_refused(values):
    with pytest.raises(ConfigurationError, match="WindowPolicy"):
        WindowPolicy.from_dict(values)


@pytest.mark.parametrize(
    ("policy", "rate"),
    [
        (WindowPolicy("fixed", seconds=1e-5), 1_000),
        (WindowPolicy("overlapping_chunks", samples=1), 1_000),
        (WindowPolicy("sliding", seconds=1.0, hop_seconds=1e-5), 1_000),
    ],
)
def test_windows_below_a_sample_are_refused(policy, rate):
    with pytest.raises(ConfigurationError):
        policy.apply(np.ones(100, np.float32), rate)
