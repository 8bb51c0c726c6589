"""Change of sampling rate: soxr at high quality, the resampler behind ``librosa.load``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr

from ..errors import ChannelError, EmptyAudioError, NonFiniteAudioError, SamplingRateError

FloatArray = npt.NDArray[np.float32]

#: Sampling rates outside this range are taken for a broken header, not for a recording of a body.
LOWEST_RATE, HIGHEST_RATE = 500, 768_000


def check_rate(rate: object, *, where: str | None = None) -> int:
    """Return ``rate`` as an int, or say why it cannot be one.

    Args:
        rate: samples per second.
        where: the recording that a complaint names.

    Raises:
        SamplingRateError: missing, not a whole number, or outside 500..768000 Hz.

    Example:
        >>> check_rate(16_000.0)
        16000
    """
    if rate is None:
        raise SamplingRateError("no sampling rate", where=where, remedy="say at how many samples per second it is")
    number: Any = rate
    if isinstance(rate, (bool, np.bool_, str, bytes)):
        raise SamplingRateError(f"the sampling rate {rate!r} is not a number", where=where, remedy="give it in Hz")
    try:
        whole = int(number)
        exact = whole == number
    except (TypeError, ValueError, OverflowError):
        whole, exact = 0, False
    if not exact:
        raise SamplingRateError(
            f"the sampling rate {rate!r} is not a whole number", where=where, remedy="give it in Hz"
        )
    if not LOWEST_RATE <= whole <= HIGHEST_RATE:
        raise SamplingRateError(
            f"a sampling rate of {whole} Hz is outside {LOWEST_RATE}..{HIGHEST_RATE} Hz",
            where=where,
            remedy="the header or the argument is wrong: give the rate the recording was made at, in Hz",
        )
    return whole


def as_mono(array: npt.ArrayLike, *, where: str | None = None) -> FloatArray:
    """Return samples that are fit for processing as float32 ``(n,)``.

    Args:
        array: 1-D real floating-point samples; decoding and channel mixing are :func:`hf_auscult.audio.read`'s work.
        where: the recording that a complaint names.

    Raises:
        ChannelError: not 1-D.
        EmptyAudioError: no samples.
        NonFiniteAudioError: NaN or infinite samples.

    Example:
        >>> as_mono([0.0, 0.5]).dtype
        dtype('float32')
    """
    mono: FloatArray = np.asarray(array, dtype=np.float32)
    if mono.ndim != 1:
        raise ChannelError(
            f"an array of shape {mono.shape} is not one channel", where=where, remedy="pass 1-D mono samples"
        )
    if not mono.size:
        raise EmptyAudioError("no samples", where=where, remedy="leave the recording out, or record it again")
    if not np.isfinite(mono).all():
        count = int(mono.size - np.isfinite(mono).sum())
        raise NonFiniteAudioError(
            f"{count} of {mono.size} samples are NaN or infinite", where=where, remedy="export the recording again"
        )
    return mono


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
    orig, target = check_rate(orig), check_rate(target)
    mono = as_mono(array)
    if orig == target:
        return mono
    length = math.ceil(mono.size * (float(target) / orig))
    out: FloatArray = soxr.resample(mono, orig, target, quality="HQ")
    if out.size < length:
        out = np.pad(out, (0, length - out.size))
    return np.ascontiguousarray(out[:length], dtype=np.float32)
