"""How a recording is cut into the windows an encoder sees: each published rule exactly, and a default without bias.

Everything here is plain numpy on mono float32 samples ``(n,)``. Windows may be views of the input.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from ..errors import AudioError, ConfigurationError, EmptyAudioError

FloatArray = npt.NDArray[np.float32]
WindowKind = Literal["whole", "repeat_pad", "zero_rule", "overlapping_chunks", "fixed", "sliding"]

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
        EmptyAudioError: no samples.
        ConfigurationError: a frame or hop below one sample.

    Example:
        >>> len(trim_silence(np.r_[np.zeros(8_000), np.ones(8_000), np.zeros(8_000)].astype(np.float32)))
        9600
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
        EmptyAudioError: no samples.
        ConfigurationError: a frame or hop below one sample.

    Example:
        >>> audible_frames(np.zeros(1_600, np.float32)).tolist()
        [True, True, True]
    """
    samples = _checked(array)
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
        EmptyAudioError: no samples.
        ConfigurationError: the clip is longer than ``length``.

    Example:
        >>> repeat_pad(np.array([1, 2, 3], np.float32), 5).tolist()
        [2.0, 3.0, 1.0, 2.0, 3.0]
    """
    clip = _checked(array)
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
        EmptyAudioError: no samples.

    Example:
        >>> [w.tolist() for w in zero_rule(np.array([1, 2], np.float32), 6)]
        [[1.0, 2.0, 1.0, 2.0, 0.0, 0.0]]
    """
    clip = _checked(array)
    slices = math.ceil(len(clip) / length)
    size = len(clip) // slices
    # 2 * size < length is the original's size / length < 0.5; (length - 1) // size counts copies that end before length.
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
        EmptyAudioError: no samples.

    Example:
        >>> [c.tolist() for c in overlapping_chunks(np.arange(5, dtype=np.float32), 4)]
        [[0.0, 1.0, 2.0, 3.0], [4.0, 2.0, 3.0, 4.0]]
    """
    clip = _checked(array)
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
    clip = _checked(array)
    return clip[:length] if len(clip) >= length else np.pad(clip, (0, length - len(clip)))


def sliding(array: FloatArray, length: int, hop: int | None = None) -> tuple[list[FloatArray], npt.NDArray[np.int64]]:
    """Cut into windows that cover the whole recording, the last one zero-padded at the end.

    Args:
        array: ``(n,)`` samples, n ≥ 1.
        length: samples per window.
        hop: samples between windows, at most ``length``; None for no overlap.

    Returns:
        Arrays ``(length,)`` and, for each, the number of real samples that no earlier window holds. Those numbers sum
        to n, so a mean weighted by them counts no sample twice and no padding at all.

    Raises:
        EmptyAudioError: no samples.
        ConfigurationError: ``hop`` would leave gaps.

    Example:
        >>> windows, new = sliding(np.arange(5, dtype=np.float32), 4, 2)
        >>> [w.tolist() for w in windows], new.tolist()
        ([[0.0, 1.0, 2.0, 3.0], [2.0, 3.0, 4.0, 0.0]], [4, 1])
    """
    clip = _checked(array)
    step = length if hop is None else hop
    if not 1 <= step <= length:
        raise ConfigurationError(f"a hop of {step} samples under windows of {length} leaves gaps or never advances")
    count = 1 + max(0, math.ceil((len(clip) - length) / step))
    ends = np.minimum(np.arange(count, dtype=np.int64) * step + length, len(clip))
    return [fixed_length(clip[i * step : i * step + length], length) for i in range(count)], np.diff(ends, prepend=0)


@dataclass(frozen=True, eq=False)
class Windows:
    """The windows of one recording.

    Args:
        frames: float32 arrays, equally long except under ``whole`` and long clips under ``repeat_pad``.
        seconds: float64 ``(windows,)``: how much of the recording each stands for, the weight of its embedding.
    """

    frames: list[FloatArray]
    seconds: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def weights(self) -> npt.NDArray[np.float64]:
        """``seconds`` scaled to sum to 1: the coefficients of the recording's mean embedding."""
        return self.seconds / self.seconds.sum()


@dataclass(frozen=True)
class WindowPolicy:
    """How one encoder wants its recordings cut.

    Args:
        kind: ``whole``: one window, uncut. ``repeat_pad``: as whole, but a shorter clip is repeat-padded to the length
            (OPERA-CT/CE's whole-clip rule: longer clips are NOT cut). ``zero_rule``, ``overlapping_chunks``,
            ``fixed``, ``sliding``: the functions of this module.
        seconds: window length; ``int(seconds * rate)`` samples. Every kind but ``whole`` needs this or ``samples``.
        samples: window length in samples, where the source fixes it so.
        hop_seconds: for ``sliding``; None for no overlap.
        trim: first cut leading and trailing silence (frames of ``int(rate / 10)``, half-overlapping, 60 dB).
        minimum_samples: a shorter window is zero-padded at the end to this length (encoders with a smallest input).

    Raises:
        ConfigurationError: settings that contradict each other.

    Example:
        >>> WindowPolicy("sliding", seconds=2.0).apply(np.ones(5_000, np.float32), 1_000).seconds.tolist()
        [2.0, 2.0, 1.0]
    """

    kind: WindowKind
    seconds: float | None = None
    samples: int | None = None
    hop_seconds: float | None = None
    trim: bool = False
    minimum_samples: int = 1

    def __post_init__(self) -> None:
        if self.kind not in get_args(WindowKind):
            self._refuse(f"unknown kind {self.kind!r}", "use one of " + ", ".join(get_args(WindowKind)))
        lengths = [name for name in ("seconds", "samples") if getattr(self, name) is not None]
        if self.kind == "whole" and lengths:
            self._refuse(f"a whole clip has no length, but {lengths[0]} is set", f"leave out {lengths[0]}")
        if self.kind != "whole" and len(lengths) != 1:
            self._refuse(f"{self.kind!r} needs one length, got {len(lengths)}", "give either seconds or samples")
        if self.hop_seconds is not None and self.kind != "sliding":
            self._refuse(f"{self.kind!r} has its own hop, but hop_seconds is set", "leave out hop_seconds")
        for name in ("seconds", "samples", "hop_seconds", "minimum_samples"):
            value = getattr(self, name)
            kind = (int, float) if name.endswith("seconds") else int
            if value is None and name != "minimum_samples":
                continue
            if not isinstance(value, kind) or isinstance(value, bool) or not 0 < value < math.inf:
                self._refuse(f"{name} is {value!r}", "give a positive number")
        if not isinstance(self.trim, bool):
            self._refuse(f"trim is {self.trim!r}", "give true or false")
        if self.seconds is not None and self.hop_seconds is not None and self.hop_seconds > self.seconds:
            self._refuse(f"a hop of {self.hop_seconds} s leaves gaps", f"use at most {self.seconds} s")

    def _refuse(self, problem: str, remedy: str) -> None:
        raise ConfigurationError(problem, where="WindowPolicy", remedy=remedy)

    def length(self, sampling_rate: int) -> int | None:
        """Samples per window at a rate; None for ``whole``.

        Example:
            >>> WindowPolicy("overlapping_chunks", seconds=8.18).length(16_000)
            130880
        """
        return self.samples if self.seconds is None else int(self.seconds * sampling_rate)

    def apply(self, array: FloatArray, sampling_rate: int) -> Windows:
        """Cut a recording.

        Args:
            array: mono samples ``(n,)``, n ≥ 1.
            sampling_rate: Hz.

        Returns:
            Windows whose ``seconds`` are equal under the published kinds (their authors take plain means) and, under
            ``sliding``, the newly covered real samples over the rate.

        Raises:
            EmptyAudioError: no samples.
            AudioError: not 1-D.
            ConfigurationError: a window or hop below one sample (two for ``overlapping_chunks``) at this rate.
        """
        clip = _checked(array)
        if self.trim:
            frame = sampling_rate // 10
            clip = trim_silence(clip, frame_length=frame, hop_length=frame // 2)
        length = self.length(sampling_rate) or 0
        if self.kind != "whole" and length < (2 if self.kind == "overlapping_chunks" else 1):
            self._refuse(f"{self.seconds} s at {sampling_rate} Hz is too short a window", "use longer windows")
        counted = None
        if self.kind == "whole" or (self.kind == "repeat_pad" and len(clip) >= length):
            frames = [clip]
        elif self.kind == "repeat_pad":
            frames = [repeat_pad(clip, length)]
        elif self.kind == "zero_rule":
            frames = zero_rule(clip, length)
        elif self.kind == "overlapping_chunks":
            frames = overlapping_chunks(clip, length)
        elif self.kind == "fixed":
            frames = [fixed_length(clip, length)]
            counted = np.array([min(length, len(clip))])
        else:
            hop = None if self.hop_seconds is None else int(self.hop_seconds * sampling_rate)
            frames, counted = sliding(clip, length, hop)
        if counted is None:  # plain mean: every window stands for an equal share of the clip
            counted = np.full(len(frames), len(clip) / len(frames))
        frames = [
            frame if len(frame) >= self.minimum_samples else fixed_length(frame, self.minimum_samples)
            for frame in frames
        ]
        return Windows(frames, counted.astype(np.float64) / sampling_rate)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; :meth:`from_dict` is the inverse."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> WindowPolicy:
        """Rebuild a policy.

        Raises:
            ConfigurationError: unknown or missing keys, or contradicting values.

        Example:
            >>> WindowPolicy.from_dict({"kind": "fixed", "samples": 131_000}).samples
            131000
        """
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise ConfigurationError(
                f"unknown keys {unknown}", where="WindowPolicy", remedy=f"use {', '.join(sorted(known))}"
            )
        if "kind" not in values:
            raise ConfigurationError("no kind", where="WindowPolicy", remedy='set "kind"')
        return cls(**values)


#: The evaluation input of each published encoder, read in the authors' code.
PUBLISHED: dict[str, WindowPolicy] = {
    # OPERA src/util.py get_entire_signal_librosa(input_sec=8, pad=True): shorter clips padded, longer kept whole.
    "opera-ct": WindowPolicy("repeat_pad", seconds=8.0, trim=True),
    "opera-ce": WindowPolicy("repeat_pad", seconds=8.0, trim=True),
    # OPERA src/util.py get_split_signal_librosa(input_sec=8.18): 130,880 samples, 256 frames; plain mean of chunks.
    "opera-gt": WindowPolicy("overlapping_chunks", seconds=8.18, trim=True),
    # AuscultaBase finetune.py, test recordings: the trimmed file, no padding (min_entire_len 0).
    "auscultabase": WindowPolicy("whole", trim=True),
    # AcuLa data loader: 8 s + 3,000 samples at 16 kHz, untrimmed, zero-padded or cut; 256 frames.
    "acula": WindowPolicy("fixed", samples=131_000),
}


def _checked(array: FloatArray) -> FloatArray:
    samples = np.asarray(array, dtype=np.float32)
    if samples.ndim != 1:
        raise AudioError(f"shape {samples.shape} is not mono samples", remedy="pass a 1-D array")
    if not samples.size:
        raise EmptyAudioError("no samples to cut into windows", remedy="leave the recording out")
    return samples


def _pad_front(end: FloatArray, whole: FloatArray, length: int) -> FloatArray:
    """Put ``end`` at the end of ``length`` samples and, in front, the tail of ``whole`` doubled until it fills."""
    gap = length - len(end)
    # Doubling k times and taking the last `gap` samples is `whole` repeated periodically, counted from its end.
    repeats = -(-gap // len(whole))
    front = np.tile(whole, repeats)[len(whole) * repeats - gap :]
    return np.concatenate([front, end])
