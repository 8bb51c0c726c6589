"""Recordings that sound alike: the same take in another file, format, gain or filter, or a part of it.

A fingerprint is one 32-bit word per 32 ms: the signs of how the difference of neighbouring bands' log energies changes
in time (Haitsma and Kalker, ISMIR 2002). A gain or a filter that does not change in time leaves it as it is. Words that
two recordings share say where to compare; the share of unequal bits there decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft

from ..audio import resample

Words = npt.NDArray[np.uint32]

RATE = 2_000  # Hz: every dataset has at least this, and body sounds are below 1 kHz
WINDOW, HOP = 512, 64
_EDGES = np.geomspace(50, 950, 34)
_COMMON = 40  # a word in more places than this says nothing
_AT_ONCE = 4_000_000  # words: bounds the memory of the search
SHORTEST = 32  # words, about 1.3 s: shorter stretches agree by chance
THRESHOLD = 0.25


@dataclass(frozen=True)
class Twins:
    """Two recordings that sound alike.

    Args:
        one, other: their ids, in order.
        error: share of unequal bits where they overlap; 0.5 is chance.
        seconds: length of that overlap.
        offset: seconds by which ``other`` starts later in the shared take.
    """

    one: str
    other: str
    error: float
    seconds: float
    offset: float


def fingerprint(array: npt.NDArray[np.float32], sampling_rate: int) -> Words:
    """Fingerprint mono samples: one word per 32 ms, about 280 ms shorter than the recording; may be empty.

    Example:
        >>> fingerprint(np.zeros(8_000, np.float32), 4_000).shape
        (54,)
    """
    wave = resample(array, sampling_rate, RATE) if sampling_rate != RATE else array
    if len(wave) < WINDOW + HOP:
        return np.empty(0, np.uint32)
    frames = np.lib.stride_tricks.sliding_window_view(wave, WINDOW)[::HOP] * np.hanning(WINDOW).astype(np.float32)
    # scipy's transform of many rows is several times faster than numpy's
    power = np.square(np.abs(scipy.fft.rfft(frames, axis=1))).astype(np.float32, copy=False)
    energy = np.add.reduceat(power, _starts(), axis=1)[:, : len(_EDGES) - 1]
    # The floor keeps digital silence from looking like structure.
    logs = np.log(energy + 1e-9 * float(energy.max() or 1.0) + 1e-20)
    change = np.diff(np.diff(logs, axis=1), axis=0)
    return np.packbits(change > 0, axis=1).view(">u4").ravel().astype(np.uint32)


def _starts() -> npt.NDArray[np.int64]:
    """First spectral bin of every band, strictly rising."""
    bins = np.round(_EDGES * WINDOW / RATE).astype(np.int64)
    for index in range(1, len(bins)):
        bins[index] = max(bins[index], bins[index - 1] + 1)
    return bins


def find_twins(prints: Mapping[str, Words], threshold: float = THRESHOLD) -> list[Twins]:
    """Find all pairs of recordings that sound alike.

    Args:
        prints: recording id -> fingerprint.
        threshold: largest share of unequal bits.

    Returns:
        The pairs, sorted by ids; recordings under about 1.3 s are never among them.
    """
    names = sorted(name for name, words in prints.items() if len(words) >= SHORTEST)
    if len(names) < 2:
        return []
    found: dict[tuple[int, int], Twins] = {}
    for one, other, shift in _candidates([prints[name] for name in names]):
        error, length = _compare(prints[names[one]], prints[names[other]], shift)
        best = found.get((one, other))
        if length >= SHORTEST and error <= threshold and (best is None or error < best.error):
            step = HOP / RATE
            found[one, other] = Twins(names[one], names[other], error, length * step, shift * step)
    return [found[key] for key in sorted(found)]


def _candidates(prints: Sequence[Words]) -> Iterator[tuple[int, int, int]]:
    """Pairs of recordings that share at least two words at one shift: (one, other, words that one is ahead).

    Words are looked at in groups of some millions, so that besides the fingerprints themselves little is held.
    """
    words = np.concatenate(prints)
    lengths = np.array([len(part) for part in prints], np.int64)
    starts, span = np.cumsum(lengths) - lengths, 2 * int(lengths.max()) + 1
    assert len(prints) ** 2 * span < 2**63, "a pair and a shift do not fit into one number"
    groups = len(words) // _AT_ONCE + 1
    keys = [np.empty(0, np.int64)]
    for group in range(groups):
        at = np.flatnonzero(words % np.uint32(groups) == group) if groups > 1 else np.arange(len(words))
        keys += _shared(words[at], at, starts, span)
    pairs, number = np.unique(np.concatenate(keys), return_counts=True)
    for key in pairs[number >= 2].tolist():
        pair, shift = divmod(key, span)
        yield *divmod(pair, len(prints)), shift - span // 2


def _shared(
    words: Words, at: npt.NDArray[np.int64], starts: npt.NDArray[np.int64], span: int
) -> Iterator[npt.NDArray[np.int64]]:
    """For every two equal words of two recordings, a number that says which recordings, and at which shift.

    Args:
        words: all those that are equal to any of them.
        at: where they stand among the words of all recordings, rising.
        starts: where each recording begins there.
        span: number of shifts there can be.
    """
    order = np.argsort(words, kind="stable")
    words, at = words[order], at[order]
    first = np.flatnonzero(np.r_[True, words[1:] != words[:-1]])
    counts = np.diff(np.r_[first, len(words)])
    kept = np.repeat((counts > 1) & (counts <= _COMMON), counts) & (words != 0) & (words != 0xFFFFFFFF)
    words, at = words[kept], at[kept]
    owner = np.searchsorted(starts, at, side="right") - 1
    place = at - starts[owner]
    for lag in range(1, _COMMON):
        left = np.flatnonzero((words[lag:] == words[:-lag]) & (owner[lag:] != owner[:-lag]))
        if len(left):
            right = left + lag
            pair = owner[left] * len(starts) + owner[right]
            yield pair * span + place[left] - place[right] + span // 2


def _compare(one: Words, other: Words, shift: int) -> tuple[float, int]:
    """Share of unequal bits where ``one[shift:]`` lies over ``other``, and the number of words there."""
    left, right = (one[shift:], other) if shift >= 0 else (one, other[-shift:])
    length = min(len(left), len(right))
    if not length:
        return 1.0, 0
    unequal = np.bitwise_xor(left[:length], right[:length])
    return float(np.unpackbits(unequal.view(np.uint8)).sum()) / (32 * length), length
