"""Change of sampling rate: soxr at high quality, the resampler behind ``librosa.load``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from ..errors import library
from ._arrays import FloatArray, as_mono, check_rate


def resample(array: npt.ArrayLike, orig: int, target: int) -> FloatArray:
    """Resample mono samples from ``orig`` to ``target`` Hz.

    Bit for bit ``librosa.resample(array, orig_sr=orig, target_sr=target, res_type="soxr_hq")``: the result has
    ``ceil(n * (target / orig))`` samples, with the quotient rounded in double precision first (soxr's own output is
    cut, or zero-padded at the end, to that length). Equal rates return the samples unchanged.

    MS-CLAP's windowed-sinc resampler is another one; the two agree only to about 1e-3.

    Args:
        array: ``(n,)`` samples.
        orig: their rate, Hz.
        target: the rate asked for, Hz.

    Returns:
        float32 ``(ceil(n * (target / orig)),)``.

    Raises:
        SamplingRateError: a rate that is not a whole number within 500..768000 Hz.
        AudioError: samples that are not a finite, non-empty 1-D array.

    Example:
        >>> resample(np.zeros(4_000, np.float32), 4_000, 16_000).shape
        (16000,)
    """
    samples, rate, wanted = as_mono(array), check_rate(orig), check_rate(target)
    return samples if rate == wanted else joined([samples], rate, wanted)


def joined(blocks: Iterable[FloatArray], orig: int, target: int) -> FloatArray:
    """Resample a recording that comes block by block, to the bit as if it came whole; blocks may be empty."""
    if orig == target:
        return _gathered(blocks)
    stream = library("soxr", "changing the sampling rate").ResampleStream(
        orig, target, 1, dtype="float32", quality="HQ"
    )
    count = 0

    def resampled() -> Iterator[FloatArray]:
        nonlocal count
        for block in blocks:
            count += len(block)
            yield stream.resample_chunk(np.ascontiguousarray(block))
        yield stream.resample_chunk(np.empty(0, np.float32), last=True)

    out = _gathered(resampled())
    out.resize(math.ceil(count * (float(target) / orig)), refcheck=False)  # what is missing at the end is zero
    return out


def _gathered(blocks: Iterable[FloatArray]) -> FloatArray:
    """Put blocks behind one another in an array that grows where it is: an hour of sound is in memory once."""
    out = np.empty(0, np.float32)
    for block in blocks:
        at = out.size
        out.resize(at + block.size, refcheck=False)
        out[at:] = block
    return out
