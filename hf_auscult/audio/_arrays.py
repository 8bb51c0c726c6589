"""What samples and sampling rates must be before anything is done with them (numpy only)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import AudioError, ChannelError, EmptyAudioError, NonFiniteAudioError, SamplingRateError

FloatArray = npt.NDArray[np.float32]

#: Offset and scale that bring integer PCM to [-1, 1); 8-bit unsigned is WAV's own 8-bit coding.
_PCM = {
    np.dtype(np.int8): (0.0, 128.0),
    np.dtype(np.uint8): (128.0, 128.0),
    np.dtype(np.int16): (0.0, 32_768.0),
    np.dtype(np.int32): (0.0, 2_147_483_648.0),
}

#: Samples beyond this are no sound: integers of the widest coding (32 bit) that nobody scaled reach it, and the power
#: spectrum of what is beyond 1e19 (one flipped bit of an exponent) is no longer finite in single precision.
LARGEST = 2.0**31

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
        array: 1-D samples, floating-point or integer PCM; mixing channels is :func:`hf_auscult.audio.read`'s work.
        where: the recording that a complaint names.

    Raises:
        AudioError: an integer type that is not PCM.
        ChannelError: not 1-D.
        EmptyAudioError: no samples.
        NonFiniteAudioError: NaN or infinite samples, or some beyond +-2**31.

    Example:
        >>> as_mono([0.0, 0.5]).dtype
        dtype('float32')
    """
    mono = scaled(np.asarray(array), where)
    if mono.ndim != 1:
        raise ChannelError(
            f"an array of shape {mono.shape} is not one channel", where=where, remedy="pass 1-D mono samples"
        )
    if not mono.size:
        raise EmptyAudioError("no samples", where=where, remedy="leave the recording out, or record it again")
    check_finite(mono, where)
    return mono


def check_finite(samples: FloatArray, where: str | None) -> None:
    """Raise NonFiniteAudioError unless all of some samples, at least one, are finite and within +-2**31."""
    if max(samples.max(), -samples.min()) <= LARGEST:  # NaN is in no order
        return
    count = int(samples.size - np.isfinite(samples).sum())
    wrong = f"{count} of {samples.size} samples are NaN or infinite"
    if not count:
        wrong = f"{int((np.abs(samples) > LARGEST).sum())} of {samples.size} samples are beyond 2**31 (full scale is 1)"
    raise NonFiniteAudioError(wrong, where=where, remedy="export the recording again")


def shaped(array: Any, where: str) -> npt.NDArray[Any]:
    """Bring samples to ``(channels, n)``."""
    try:
        out = np.asarray(array)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ChannelError(f"not an array ({error})", where=where, remedy="pass (n,) or (channels, n)") from error
    if out.ndim == 1:
        return out[np.newaxis]
    if out.ndim != 2:
        raise ChannelError(f"shape {out.shape} is not audio", where=where, remedy="pass (n,) or (channels, n)")
    if out.shape[1] in (1, 2) and out.shape[0] > 2:
        raise ChannelError(
            f"shape {out.shape} has the channels last", where=where, remedy="transpose it to (channels, n)"
        )
    check_channels(out.shape[0], where)
    return out


def scaled(array: npt.NDArray[Any], where: str | None) -> FloatArray:
    """Bring samples to float32, integer PCM divided by its full scale."""
    native = array.dtype.newbyteorder("=")
    if native in _PCM:
        offset, scale = _PCM[native]
        return ((array.astype(np.float64) - offset) / scale).astype(np.float32)
    if not np.issubdtype(array.dtype, np.floating):
        if not array.size:  # np.asarray([]) and the like: the emptiness is the news
            return array.astype(np.float32)
        raise AudioError(
            f"{array.dtype} is not a sample format",
            where=where,
            remedy="pass floats in [-1, 1], or PCM as int8, uint8, int16 or int32",
        )
    with np.errstate(over="ignore"):  # float64 beyond float32 becomes inf, which is then named
        return array.astype(np.float32, copy=False)


def check_channels(count: int, where: str) -> None:
    """Raise ChannelError unless there are one or two."""
    if count not in (1, 2):
        raise ChannelError(
            f"{count} channels", where=where, remedy="pick the channel that was on the body, or mix down to one or two"
        )
