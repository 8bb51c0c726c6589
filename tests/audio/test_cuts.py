from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_auscult.audio import chunks, fixed_length, overlapping_chunks, repeat_pad, sliding, tile, zero_rule
from hf_auscult.errors import ConfigurationError, EmptyAudioError, ShortAudioError

lengths = st.integers(2, 60)
sizes = st.integers(1, 400)


def ramp(n):
    """Every sample tells its index."""
    return np.arange(1, n + 1, dtype=np.float32)


def doubled_until(clip, gap):
    """The padding the original code makes, step by step."""
    while len(clip) < gap:
        clip = np.concatenate([clip, clip])
    return clip[len(clip) - gap :]


@given(n=sizes, length=lengths)
def test_repeat_pad_ends_with_the_clip(n, length):
    clip = ramp(n)
    if n > length:
        with pytest.raises(ConfigurationError):
            repeat_pad(clip, length)
        return
    out = repeat_pad(clip, length)
    assert len(out) == length
    np.testing.assert_array_equal(out[length - n :], clip)
    np.testing.assert_array_equal(out[: length - n], doubled_until(clip, length - n))
    np.testing.assert_array_equal(out, clip[(np.arange(length) - length) % n])


@given(n=sizes, length=lengths)
def test_zero_rule(n, length):
    windows = zero_rule(ramp(n), length)
    count = math.ceil(n / length)
    size = n // count
    assert len(windows) == count
    for i, window in enumerate(windows):
        piece = ramp(n)[i * size : (i + 1) * size]
        expected, cursor = np.zeros(length, np.float32), 0
        if size / length < 0.5:
            while cursor + size < length:
                expected[cursor : cursor + size] = piece
                cursor += size
        else:
            expected[:size] = piece
        np.testing.assert_array_equal(window, expected)


def test_zero_rule_by_hand():
    assert [w.tolist() for w in zero_rule(ramp(2), 4)] == [[1, 2, 0, 0]]  # exactly half: no copy
    assert [w.tolist() for w in zero_rule(ramp(2), 6)] == [[1, 2, 1, 2, 0, 0]]  # a third copy would end at 6: strict
    assert [w.tolist() for w in zero_rule(ramp(9), 4)] == [[1, 2, 3, 0], [4, 5, 6, 0], [7, 8, 9, 0]]
    assert [w.tolist() for w in zero_rule(ramp(5), 4)] == [[1, 2, 0, 0], [3, 4, 0, 0]]  # the remainder is dropped


@given(n=sizes, length=lengths)
def test_overlapping_chunks(n, length):
    clip = ramp(n)
    chunks = overlapping_chunks(clip, length)
    assert all(len(chunk) == length for chunk in chunks)
    assert set(clip) == set(np.concatenate(chunks))  # nothing is lost
    if n <= length:
        assert len(chunks) == 1
        np.testing.assert_array_equal(chunks[0], repeat_pad(clip, length))
        return
    hop = length // 2
    full = 1 + (n - length) // hop
    assert len(chunks) == full + 1
    for i in range(full):
        np.testing.assert_array_equal(chunks[i], clip[i * hop : i * hop + length])
    rest = clip[full * hop :]
    np.testing.assert_array_equal(chunks[-1][length - len(rest) :], rest)
    np.testing.assert_array_equal(chunks[-1][: length - len(rest)], doubled_until(clip, length - len(rest)))


def test_overlapping_chunks_by_hand():
    """The extra chunk comes even when the full ones cover everything."""
    assert [c.tolist() for c in overlapping_chunks(ramp(6), 4)] == [[1, 2, 3, 4], [3, 4, 5, 6], [5, 6, 5, 6]]
    assert [c.tolist() for c in overlapping_chunks(ramp(7), 4)] == [[1, 2, 3, 4], [3, 4, 5, 6], [7, 5, 6, 7]]


@given(n=sizes, length=lengths)
def test_fixed_length(n, length):
    out = fixed_length(ramp(n), length)
    assert len(out) == length
    np.testing.assert_array_equal(out[:n], ramp(n)[:length])
    assert not out[n:].any()


@given(n=sizes, length=lengths, data=st.data())
def test_sliding_covers_everything_once(n, length, data):
    hop = data.draw(st.none() | st.integers(1, length))
    clip = ramp(n)
    windows, new = sliding(clip, length, hop)
    step = length if hop is None else hop
    assert all(len(window) == length for window in windows)
    assert len(windows) == len(new)
    assert new.sum() == n  # weights count every sample exactly once
    assert (new > 0).all()  # no window is there for nothing
    seen: set[float] = set()
    for i, (window, count) in enumerate(zip(windows, new, strict=True)):
        start = i * step
        real = clip[start : start + length]
        np.testing.assert_array_equal(window[: len(real)], real)
        assert not window[len(real) :].any()  # padded at the end, with zeros
        assert len(set(real) - seen) == count
        seen |= set(real)
    assert seen == set(clip)


@given(n=sizes, length=lengths)
def test_sliding_means_weighted_by_new_samples_are_the_recordings_mean(n, length):
    windows, new = sliding(ramp(n), length)
    means = np.array([window.sum() / count for window, count in zip(windows, new, strict=True)])
    np.testing.assert_allclose(np.average(means, weights=new), ramp(n).mean(), rtol=1e-6)


@pytest.mark.parametrize("hop", [0, -1, 5])
def test_hops_that_leave_gaps_are_refused(hop):
    with pytest.raises(ConfigurationError):
        sliding(ramp(10), 4, hop)


@pytest.mark.parametrize("rule", [repeat_pad, zero_rule, overlapping_chunks, fixed_length, sliding])
def test_nothing_cannot_be_cut(rule):
    with pytest.raises(EmptyAudioError):
        rule(np.zeros(0, np.float32), 8)


@pytest.mark.parametrize("padding", ["zero", "repeat", "shift", "none"])
@pytest.mark.parametrize("n", [3, 10, 14, 20])
def test_every_padding_covers_the_clip_and_counts_each_sample_once(padding, n):
    clip = np.arange(1, n + 1, dtype=np.float32)
    windows, new = sliding(clip, 10, padding=padding)
    assert new.sum() == n
    assert set(clip) <= set(np.concatenate(windows))
    last = windows[-1]
    expected = {
        "zero": [*range(11, n + 1), *[0] * (20 - n)] if n > 10 else [*range(1, n + 1), *[0] * (10 - n)],
        "repeat": list(range(n - 9, n + 1)) if n >= 10 else [1 + i % n for i in range(10)],
        "shift": list(range(max(1, n - 9), n + 1)),
        "none": list(range(11 if n > 10 else 1, n + 1)),
    }
    assert last.tolist() == expected[padding]


def test_chunks_keep_long_tails_only():
    clip = np.arange(10, dtype=np.float32)
    assert [len(chunk) for chunk in chunks(clip, 4, 4, 3)] == [4, 4]
    assert [len(chunk) for chunk in chunks(clip, 4, 4, 2)] == [4, 4, 2]
    with pytest.raises(ShortAudioError, match="10 samples; this rule needs 11"):
        chunks(clip, 11, 11, 11)


def test_tile_repeats_from_the_start_and_takes_the_first_window():
    assert tile(np.arange(3, dtype=np.float32), 7).tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert tile(np.arange(9, dtype=np.float32), 4).tolist() == [0, 1, 2, 3]
