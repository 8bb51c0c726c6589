"""Recordings that sound alike: the same take in another file, format, gain or filter, or a part of it.

A fingerprint is a 32-bit word every 8 ms: the signs of how the difference of neighbouring bands' log energies changes
within 32 ms (Haitsma and Kalker, ISMIR 2002). A gain or a filter that does not change in time leaves it as it is. Words
that two recordings share say where to compare; the share of unequal bits there, one word in four, decides. Pairs of
half words of the lower bands are shared by takes that lost the upper ones. ``python -m tests.data.recall`` measures
what is found; ``dataset_scripts/README.md`` has the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft

from ..audio import resample

Words = npt.NDArray[np.uint32]
Indices = npt.NDArray[np.int64]

RATE = 2_000  # Hz: every dataset has at least this, and body sounds are below 1 kHz
WINDOW, HOP = 512, 64
FINE = 4  # words a hop: a cut is then at most 4 ms from a word's place, which turns about one bit in forty
_EDGES = np.geomspace(50, 950, 34)
"""Hz: 33 bands for 32 bits. Below 50 Hz is handling noise; above 950 an anti-aliasing filter of 2 kHz begins."""
_LOWER = 16  # bits of the bands below 230 Hz, which a low-pass at 200 Hz and a rate of 1 kHz leave as they are
_COMMON = 40 * FINE  # a word in more places than this links neighbours only: all pairs would be too many
_NEIGHBOURS = 3
_AT_ONCE = 4_000_000  # words: bounds the memory of the search
SHORTEST = 8  # hops: shorter takes are repeated
_LEAST = 3 * RATE // 20
"""Samples, 0.15 s: what is repeated more often has too few bits of its own. Of cuts of 170 children's recordings in
SPRSound, 7 pairs of different children sounded alike at 0.05 s, 6 at 0.1 s and none from 0.15 s on."""
THRESHOLD = 0.35
"""Of all pairs of other people's recordings that share two words, in the complete SPRSound, CirCor, CinC 2016 and
covid19-cough, those that are copies differ in up to 10 % of the bits, the others in 40 % or more (0.5 is chance)."""


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
    """Fingerprint mono samples: one word per 8 ms, about 290 ms shorter than the recording.

    A recording under about 0.6 s is repeated until it is that long; one under 0.15 s has no words: it is known by its
    bytes alone.

    Example:
        >>> fingerprint(np.zeros(8_000, np.float32), 4_000).shape
        (215,)
    """
    wave = resample(array, sampling_rate, RATE) if sampling_rate != RATE else array
    if len(wave) < _LEAST:
        return np.empty(0, np.uint32)
    if (least := WINDOW + (SHORTEST + 2) * HOP) > len(wave):
        wave = np.tile(wave, -(-least // len(wave)))
    frames = np.lib.stride_tricks.sliding_window_view(wave, WINDOW)[:: HOP // FINE]
    window = np.hanning(WINDOW).astype(np.float32)
    # scipy's transform of many rows is several times faster than numpy's; blocks bound the memory of long recordings
    blocks = [_energies(frames[start : start + 4_096] * window) for start in range(0, len(frames), 4_096)]
    energy = np.concatenate(blocks)
    # The floor keeps digital silence from looking like structure.
    logs = np.log(energy + 1e-9 * float(energy.max() or 1.0) + 1e-20)
    slope = np.diff(logs, axis=1)
    return np.packbits(slope[FINE:] > slope[:-FINE], axis=1).view(">u4").ravel().astype(np.uint32)


def _energies(frames: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    spectrum = scipy.fft.rfft(frames, axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    return np.add.reduceat(power, _starts(), axis=1)[:, : len(_EDGES) - 1]


def _starts() -> Indices:
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
        The pairs, sorted by ids.
    """
    names = sorted(name for name, words in prints.items() if len(words) >= SHORTEST * FINE)
    if len(names) < 2:
        return []
    found: dict[tuple[int, int], Twins] = {}
    sorted_prints = [prints[name] for name in names]
    for one, other, shift in _candidates(sorted_prints):
        error, hops = _compare(sorted_prints[one], sorted_prints[other], shift)
        best = found.get((one, other))
        alike = hops >= SHORTEST and error <= threshold
        if alike and (best is None or error < best.error):
            step = HOP / RATE
            found[one, other] = Twins(names[one], names[other], error, hops * step, shift * step / FINE)
    return [found[key] for key in sorted(found)]


def _candidates(prints: Sequence[Words]) -> Iterator[tuple[int, int, int]]:
    """Pairs of recordings that share at least two words at one shift: (one, other, words that one is ahead).

    Words are looked at in groups of some millions, so that besides the fingerprints themselves little is held.
    """
    span = 2 * max(map(len, prints)) + 1
    assert len(prints) ** 2 * span < 2**63, "a pair and a shift do not fit into one number"
    keys = [np.empty(0, np.int64)]
    for kind in (list(prints), [_lower_pairs(words) for words in prints]):
        words = np.concatenate(kind)
        lengths = np.array([len(part) for part in kind], np.int64)
        starts = np.cumsum(lengths) - lengths
        groups = len(words) // _AT_ONCE + 1
        for group in range(groups):
            at = np.flatnonzero(words % np.uint32(groups) == group) if groups > 1 else np.arange(len(words))
            shared = list(_shared(words[at], at, starts, span))
            if shared:
                pairs, number = np.unique(np.concatenate(shared), return_counts=True)
                keys.append(pairs[number >= 2])
    for key in np.unique(np.concatenate(keys)).tolist():
        pair, shift = divmod(key, span)
        yield *divmod(pair, len(prints)), shift - span // 2


def _lower_pairs(words: Words) -> Words:
    """Pairs of half words of the lower bands, four hops apart."""
    lower = words >> np.uint32(32 - _LOWER)
    return (lower[: -4 * FINE] << np.uint32(_LOWER)) | lower[4 * FINE :]


def _shared(words: Words, at: Indices, starts: Indices, span: int) -> Iterator[Indices]:
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
    kept = np.repeat(counts > 1, counts) & (words != 0) & (words != 0xFFFFFFFF)
    words, at, size = words[kept], at[kept], np.repeat(counts, counts)[kept]
    owner = np.searchsorted(starts, at, side="right") - 1
    place = at - starts[owner]

    def linked(left: Indices, right: Indices) -> Indices:
        pair = owner[left] * len(starts) + owner[right]
        return pair * span + place[left] - place[right] + span // 2

    # Of the earlier recording one word a hop is enough: the later one's are at every place.
    rare = np.flatnonzero(size <= _COMMON)
    for lag in range(1, _COMMON):
        rare = rare[rare + lag < len(words)]
        rare = rare[words[rare + lag] == words[rare]]
        if not len(rare):
            break
        left = rare[(owner[rare + lag] != owner[rare]) & (place[rare] % FINE == 0)]
        yield linked(left, left + lag)
    # Of a common word every recording is linked to the next ones that have it: copies are one person through others.
    common = np.flatnonzero(size > _COMMON)
    changes = (np.diff(owner[common]) != 0) | (np.diff(words[common]) != 0)
    once = common[np.r_[True, changes][: len(common)]]
    for lag in range(1, _NEIGHBOURS + 1):
        left, right = once[:-lag], once[lag:]
        same = words[left] == words[right]
        yield linked(left[same], right[same])


def _compare(one: Words, other: Words, shift: int) -> tuple[float, int]:
    """Share of unequal bits where ``one[shift:]`` lies over ``other``, of all bands or the lower ones; hops there."""
    left, right = (one[shift:], other) if shift >= 0 else (one, other[-shift:])
    length = min(len(left), len(right))
    if not length:
        return 1.0, 0
    unequal = np.bitwise_xor(left[:length:FINE], right[:length:FINE])
    hops = len(unequal)
    both = float(np.bitwise_count(unequal).sum()) / (32 * hops)
    lower = float(np.bitwise_count(unequal >> np.uint32(32 - _LOWER)).sum()) / (_LOWER * hops)
    return min(both, lower), hops
