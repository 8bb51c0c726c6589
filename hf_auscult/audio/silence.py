"""Leading and trailing silence, exactly as ``librosa.effects.trim`` finds it, without importing librosa and numba."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import ConfigurationError
from ._arrays import FloatArray, as_mono

#: Floor under the power of a frame, librosa's ``amin`` of 1e-5 squared.
_FLOOR = 1e-5**2


def trim_silence(
    array: FloatArray, *, frame_length: int = 1600, hop_length: int = 800, top_db: float = 60.0
) -> FloatArray:
    """Cut leading and trailing silence, as OPERA, AuscultaBase and ``librosa.effects.trim`` do.

    A frame is silent when its RMS is ``top_db`` or more below the loudest frame's. Frames are centred, zeros beyond
    the ends. The defaults are OPERA's at 16 kHz (100 ms, hop 50 ms; ``src/util.py``). The loudest frame is never
    silent, so digital silence comes back whole: there is nothing louder in it to be silent against.

    Args:
        array: ``(n,)`` samples, n ≥ 1.
        frame_length: samples per frame.
        hop_length: samples between frames.
        top_db: decibels below the loudest frame.

    Returns:
        A view of ``array``, never empty.

    Raises:
        AudioError: no samples, NaN or infinite ones, or more than one channel.
        ConfigurationError: a frame or hop below one sample.

    Example:
        >>> len(trim_silence(np.r_[np.zeros(8_000), np.ones(8_000), np.zeros(8_000)].astype(np.float32)))
        8800
    """
    loud = np.flatnonzero(audible_frames(array, frame_length=frame_length, hop_length=hop_length, top_db=top_db))
    start, end = int(loud[0]) * hop_length, min(len(array), (int(loud[-1]) + 1) * hop_length)
    return array[start:end] if end > start else array  # a lone frame past the end, possible when hop > frame / 2


def audible_frames(
    array: FloatArray, *, frame_length: int = 1600, hop_length: int = 800, top_db: float = 60.0
) -> npt.NDArray[np.bool_]:
    """Say of each centred frame whether it is less than ``top_db`` below the loudest one.

    Returns:
        bool ``(1 + n // hop_length,)`` for an even ``frame_length``.

    Raises:
        AudioError: no samples, NaN or infinite ones, or more than one channel.
        ConfigurationError: a frame or hop below one sample.

    Example:
        >>> audible_frames(np.zeros(1_600, np.float32)).tolist()
        [True, True, True]
    """
    samples = as_mono(array)
    if frame_length < 2 or hop_length < 1:
        raise ConfigurationError(f"frames of {frame_length} samples every {hop_length} cannot be cut")
    padded = np.pad(samples, frame_length // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, frame_length)[::hop_length]
    # The float32 arithmetic is librosa's, step by step: a frame at the threshold must fall on the same side.
    level = np.square(np.sqrt(np.mean(np.square(frames), axis=-1)))
    decibels = 10.0 * np.log10(np.maximum(_FLOOR, level))
    decibels -= 10.0 * np.log10(np.maximum(_FLOOR, level.max()))
    audible: npt.NDArray[np.bool_] = decibels > -top_db
    return audible
