"""The rules by which published encoders cut recordings, each one exactly, and sliding windows without bias.

Windows may be views of the input.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..errors import ConfigurationError, ShortAudioError
from ._arrays import FloatArray, as_mono

Padding = Literal["zero", "repeat", "shift", "none"]


def repeat_pad(array: FloatArray, length: int) -> FloatArray:
    """Pad a short clip with its own repetition: the clip stands at the END, the padding in FRONT.

    OPERA ``_duplicate_padding(types="repeat")``: the clip is doubled until it covers the gap, and the gap takes the
    tail of that. The original draws a random side after seeding, so it always takes this one.

    Args:
        array: ``(n,)`` samples, 1 ≤ n ≤ ``length``.
        length: samples wanted.

    Returns:
        float32 ``(length,)``.

    Raises:
        AudioError: no samples, NaN or infinite ones, or more than one channel.
        ConfigurationError: the clip is longer than ``length``.

    Example:
        >>> repeat_pad(np.array([1, 2, 3], np.float32), 5).tolist()
        [2.0, 3.0, 1.0, 2.0, 3.0]
    """
    clip = as_mono(array)
    if len(clip) > length:
        raise ConfigurationError(f"a clip of {len(clip)} samples is longer than the {length} it should be padded to")
    return _pad_front(clip, clip, length)


def zero_rule(array: FloatArray, length: int) -> list[FloatArray]:
    """Cut into equal slices no longer than ``length`` and fill each up with zeros.

    OPERA's "zero" padding and AuscultaBase's training slices (``_equally_slice_pad_sample``): ``ceil(n / length)``
    slices of ``n // slices`` samples, the remainder dropped. A slice under half of ``length`` is repeated while one
    more copy leaves at least one sample free; the rest is zeros.

    Args:
        array: ``(n,)`` samples, n ≥ 1.
        length: samples per window.

    Returns:
        Arrays ``(length,)``.

    Raises:
        AudioError: no samples, NaN or infinite ones, or more than one channel.

    Example:
        >>> [w.tolist() for w in zero_rule(np.array([1, 2], np.float32), 6)]
        [[1.0, 2.0, 1.0, 2.0, 0.0, 0.0]]
    """
    clip = as_mono(array)
    slices = math.ceil(len(clip) / length)
    size = len(clip) // slices
    # The original's size / length < 0.5, and the number of copies that end before the last sample.
    copies = (length - 1) // size if 2 * size < length else 1
    return [fixed_length(np.tile(clip[i * size : (i + 1) * size], copies), length) for i in range(slices)]


def overlapping_chunks(array: FloatArray, length: int) -> list[FloatArray]:
    """Cut into half-overlapping chunks plus always one more, padded in front by the tail of the WHOLE clip.

    OPERA-GT's rule (``split_pad_sample(types="repeat")``). A clip up to ``length`` gives one repeat-padded chunk.
    A longer one gives the ``1 + (n - length) // hop`` full chunks with hop ``length // 2``, then the samples from the
    next hop on, repeat-padded: their tail is covered twice.

    Args:
        array: ``(n,)`` samples, n ≥ 1.
        length: samples per chunk, at least 2.

    Returns:
        Arrays ``(length,)``.

    Raises:
        AudioError: no samples, NaN or infinite ones, or more than one channel.

    Example:
        >>> [c.tolist() for c in overlapping_chunks(np.arange(5, dtype=np.float32), 4)]
        [[0.0, 1.0, 2.0, 3.0], [4.0, 2.0, 3.0, 4.0]]
    """
    clip = as_mono(array)
    if len(clip) <= length:
        return [_pad_front(clip, clip, length)]
    hop = length // 2
    full = 1 + (len(clip) - length) // hop
    chunks = [clip[i * hop : i * hop + length] for i in range(full)]
    return [*chunks, _pad_front(clip[full * hop :], clip, length)]


def fixed_length(array: FloatArray, length: int) -> FloatArray:
    """Cut to ``length`` samples, or zero-pad at the end (AcuLa's training input: 131,000).

    Example:
        >>> fixed_length(np.ones(2, np.float32), 4).tolist()
        [1.0, 1.0, 0.0, 0.0]
    """
    clip = as_mono(array)
    return clip[:length] if len(clip) >= length else np.pad(clip, (0, length - len(clip)))


def tile(array: FloatArray, length: int) -> FloatArray:
    """Repeat from the start and cut to ``length`` samples; a longer clip keeps its first ``length``.

    MS-CLAP's ``load_audio_into_tensor``, whose random crop of longer clips is replaced by the first window.

    Example:
        >>> tile(np.array([1, 2, 3], np.float32), 5).tolist()
        [1.0, 2.0, 3.0, 1.0, 2.0]
    """
    clip = as_mono(array)
    return np.tile(clip, -(-length // len(clip)))[:length]


def chunks(array: FloatArray, length: int, hop: int, shortest: int) -> list[FloatArray]:
    """Cut into chunks every ``hop`` samples; the last may be shorter, but not shorter than ``shortest``.

    With ``shortest = length`` only whole chunks are kept (VGGish); OPERA's use of AudioMAE keeps tails over 400.

    Raises:
        ShortAudioError: not one chunk.

    Example:
        >>> [c.tolist() for c in chunks(np.arange(5, dtype=np.float32), 2, 2, 1)]
        [[0.0, 1.0], [2.0, 3.0], [4.0]]
    """
    clip = as_mono(array)
    pieces = [clip[start : start + length] for start in range(0, len(clip), hop)]
    pieces = [chunk for chunk in pieces if len(chunk) >= shortest]
    if not pieces:
        raise ShortAudioError(
            f"{len(clip)} samples; this rule needs {shortest}", remedy="use the default protocol, or longer recordings"
        )
    return pieces


def sliding(
    array: FloatArray, length: int, hop: int | None = None, padding: Padding = "zero"
) -> tuple[list[FloatArray], npt.NDArray[np.int64]]:
    """Cut into windows that cover the whole recording.

    Args:
        array: ``(n,)`` samples, n ≥ 1.
        length: samples per window.
        hop: samples between windows, at most ``length``; None for no overlap.
        padding: what the last window is filled up with: ``zero``, at the end; ``repeat``: it starts earlier instead,
            and a clip shorter than one window is repeated; ``shift``: it starts earlier, and a shorter clip stays as it
            is; ``none``: it stays short.

    Returns:
        Arrays ``(length,)`` (the last may be shorter under ``shift`` and ``none``) and, for each, the number of real
        samples that no earlier window holds. Those numbers sum to n, so a mean weighted by them counts no sample twice
        and no padding at all.

    Raises:
        AudioError: no samples, NaN or infinite ones, or more than one channel.
        ConfigurationError: ``hop`` would leave gaps.

    Example:
        >>> windows, new = sliding(np.arange(5, dtype=np.float32), 4, 2)
        >>> [w.tolist() for w in windows], new.tolist()
        ([[0.0, 1.0, 2.0, 3.0], [2.0, 3.0, 4.0, 0.0]], [4, 1])
    """
    clip = as_mono(array)
    step = length if hop is None else hop
    if not 1 <= step <= length:
        raise ConfigurationError(f"a hop of {step} samples under windows of {length} leaves gaps or never advances")
    count = 1 + max(0, math.ceil((len(clip) - length) / step))
    ends = np.minimum(np.arange(count, dtype=np.int64) * step + length, len(clip))
    windows = [clip[i * step : i * step + length] for i in range(count)]
    if padding == "zero":
        windows[-1] = fixed_length(windows[-1], length)
    elif padding == "repeat":
        windows[-1] = clip[-length:] if len(clip) >= length else tile(clip, length)
    elif padding == "shift":
        windows[-1] = clip[-length:]
    return windows, np.diff(ends, prepend=0)


def _pad_front(end: FloatArray, whole: FloatArray, length: int) -> FloatArray:
    """Put ``end`` at the end of ``length`` samples and, in front, the tail of ``whole`` doubled until it fills."""
    gap = length - len(end)
    # Doubling k times and taking the last `gap` samples is `whole` repeated periodically, counted from its end.
    repeats = -(-gap // len(whole))
    front = np.tile(whole, repeats)[len(whole) * repeats - gap :]
    return np.concatenate([front, end])
