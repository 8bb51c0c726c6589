"""Is this recording worth listening to? Silence, clipping, offset and bandwidth, as numbers and as flags."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import SamplingRateError
from ._arrays import FloatArray, as_mono, check_rate
from .decode import Waveform
from .silence import audible_frames

#: Lower end of the loudness scale, dBFS; digital silence is given this value.
FLOOR_DBFS = -120.0
#: At or below this RMS a recording is silent: about three steps of 16-bit PCM.
SILENT_DBFS = -80.0
#: Samples at or beyond this share of full scale are clipped.
CLIP_LEVEL = 0.999
#: Flags: share of clipped samples, absolute offset, share of silent frames.
CLIPPED_SHARE, OFFSET, SILENT_SHARE = 1e-3, 0.02, 0.5
#: A band counts as occupied within this distance of the strongest one ...
_RANGE_DB = 80.0
#: ... if it also stands 6 dB above the noise of rounding to 16 bits (variance of a uniform step: 2**-30 / 12).
_PCM16_DB = 10 * math.log10(2.0**-30 / 12) + 6
#: Occupied below this share of the highest possible frequency: band limited.
_BAND_SHARE = 0.55
#: Flat tops away from full scale: at least so many samples exactly at the extreme, outnumbering by this factor those
#: within 1 % of it, in recordings whose extreme is beyond this level. The crest of a wave, even a slow and coarsely
#: rounded one, has more samples near its top than at it.
_TOP_COUNT, _TOP_FACTOR, _TOP_LEVEL = 10, 4, 0.02
#: Four-term Blackman-Harris: side lobes 92 dB down, so that a strong low band does not leak into an empty high one.
_WINDOW = (0.35875, -0.48829, 0.14128, -0.01168)


@dataclass(frozen=True)
class Quality:
    """What is wrong, or may be wrong, with one recording.

    Args:
        silent: RMS (without offset) at or below -80 dBFS.
        clipping: share of samples at full scale (≥ 0.999) or in flat tops (at the recording's own maximum or minimum,
            if four times as many samples are exactly there as within 1 % of it), 0..1.
        dc_offset: mean of the samples, full scale 1.
        bandwidth_hz: frequency below which 99 % of the energy (without offset) lies; 0 when silent.
        occupied_hz: highest frequency with a spectral density within 80 dB of the strongest and above the rounding
            noise of 16-bit samples; 0 when silent. Where an upsampled recording ends.
        band_limited: occupied_hz is below 55 % of half the sampling rate: the rate promises content that is not there,
            as in a 4 kHz recording stored at 16 kHz.
        loudness_dbfs: RMS without offset, relative to full scale 1, at least -120.
        silence_ratio: share of 100 ms frames that are 60 dB or more below the loudest (OPERA's trimming rule); 1 when
            silent.
        flags: names of the conditions that hold, of ``silent``, ``clipping`` (> 0.1 %), ``dc_offset`` (> 0.02),
            ``band_limited``, ``mostly_silence`` (> half of the frames).
    """

    silent: bool
    clipping: float
    dc_offset: float
    bandwidth_hz: float
    occupied_hz: float
    band_limited: bool
    loudness_dbfs: float
    silence_ratio: float
    flags: tuple[str, ...]


def assess(recording: Waveform | npt.ArrayLike, sampling_rate: int | None = None) -> Quality:
    """Measure a recording's quality.

    Args:
        recording: a :class:`Waveform`, or mono samples ``(n,)`` with full scale 1.
        sampling_rate: Hz; may be left out with a waveform.

    Raises:
        SamplingRateError: no rate, an absurd one, or not the waveform's.
        AudioError: samples that are not a finite, non-empty 1-D array.

    Example:
        >>> assess(np.zeros(16_000), 16_000).flags
        ('silent', 'mostly_silence')
    """
    where: str | None = None
    samples: npt.ArrayLike
    if isinstance(recording, Waveform):
        where, samples = recording.source, recording.array
        if sampling_rate not in (None, recording.sampling_rate):
            raise SamplingRateError(
                f"the waveform is at {recording.sampling_rate} Hz, not {sampling_rate} Hz",
                where=where,
                remedy="leave sampling_rate out, or resample first",
            )
        sampling_rate = recording.sampling_rate
    else:
        samples = recording
    rate, array = check_rate(sampling_rate, where=where), as_mono(samples, where=where)

    offset = float(np.mean(array, dtype=np.float64))
    rms = float(np.std(array, dtype=np.float64))
    loudness = max(FLOOR_DBFS, 20 * math.log10(rms)) if rms > 0 else FLOOR_DBFS
    silent = loudness <= SILENT_DBFS
    bandwidth, occupied = (0.0, 0.0) if silent else _bandwidths(array, offset, rate)
    band_limited = not silent and occupied < _BAND_SHARE * rate / 2
    clipping = 0.0 if silent else _clipping(array)
    frame = rate // 10
    audible = audible_frames(array, frame_length=frame, hop_length=frame // 2)
    silence_ratio = 1.0 if silent else float(1 - audible.mean())
    conditions = {
        "silent": silent,
        "clipping": clipping > CLIPPED_SHARE,
        "dc_offset": abs(offset) > OFFSET,
        "band_limited": band_limited,
        "mostly_silence": silence_ratio > SILENT_SHARE,
    }
    flags = tuple(name for name, holds in conditions.items() if holds)
    return Quality(silent, clipping, offset, bandwidth, occupied, band_limited, loudness, silence_ratio, flags)


def _clipping(array: FloatArray) -> float:
    clipped = np.abs(array) >= CLIP_LEVEL
    for signed in (array, -array):
        level = signed.max()
        if level >= _TOP_LEVEL:
            top = signed == level
            count = int(np.count_nonzero(top))
            near = int(np.count_nonzero(signed > 0.99 * level)) - count
            if count >= max(_TOP_COUNT, _TOP_FACTOR * near):
                clipped |= top
    return float(clipped.mean())


def _bandwidths(array: FloatArray, offset: float, rate: int) -> tuple[float, float]:
    """99 % energy roll-off and highest occupied frequency, Hz, from a Welch spectrum with bins of about 16 Hz."""
    size = min(len(array), 1 << round(math.log2(rate / 16)))
    phase = 2 * np.pi * (np.arange(size) + 0.5) / size
    window = np.asarray(sum(weight * np.cos(k * phase) for k, weight in enumerate(_WINDOW)))
    centred = array.astype(np.float64) - offset
    power = np.zeros(size // 2 + 1)
    starts = range(0, len(centred) - size + 1, max(1, size // 2))
    for start in starts:  # frame by frame: a long recording must not be held many times over
        power += np.abs(np.fft.rfft(centred[start : start + size] * window)) ** 2
    power /= len(starts) * np.sum(window**2)  # white noise of variance v has density v
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    total = np.cumsum(power)
    if total[-1] <= 0:
        return 0.0, 0.0
    bandwidth = float(frequencies[np.searchsorted(total, 0.99 * total[-1])])
    density = 10 * np.log10(np.maximum(power, 1e-30))
    occupied = np.flatnonzero(density > max(density.max() - _RANGE_DB, _PCM16_DB))
    return bandwidth, float(frequencies[occupied[-1]]) if occupied.size else 0.0
