"""How a recording is cut into the windows an encoder sees: each published rule exactly, and a default without bias.

The rules themselves stand in ``cuts`` and ``silence``; all is plain numpy on mono float32 samples ``(n,)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from ..errors import ConfigurationError
from ._arrays import FloatArray, as_mono
from .cuts import Padding, chunks, fixed_length, overlapping_chunks, repeat_pad, sliding, tile, zero_rule
from .silence import trim_silence

__all__ = ["PUBLISHED", "WindowKind", "WindowPolicy", "Windows"]

WindowKind = Literal["whole", "repeat_pad", "zero_rule", "overlapping_chunks", "chunks", "tile", "fixed", "sliding"]


#: Longest windows, an hour and as many samples at 48 kHz: shorter recordings are padded to them, and published encoders
#: take 30 s at most.
LONGEST_SECONDS, LONGEST_SAMPLES = 3_600, 3_600 * 48_000


@dataclass(frozen=True, eq=False)
class Windows:
    """The windows of one recording.

    Args:
        frames: float32 arrays, equally long except under ``whole``, long clips under ``repeat_pad``, and last windows
            that stay short by ``padding="none"`` or ``shortest_samples``.
        seconds: float64 ``(windows,)``: how much of the recording each stands for, the weight of its embedding.
    """

    frames: list[FloatArray]
    seconds: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def weights(self) -> npt.NDArray[np.float64]:
        """``seconds`` scaled to sum to 1: the coefficients of the recording's mean embedding."""
        return np.asarray(self.seconds / self.seconds.sum(), dtype=np.float64)


@dataclass(frozen=True)
class WindowPolicy:
    """How one encoder wants its recordings cut.

    Args:
        kind: ``whole``: one window, uncut. ``repeat_pad``: as whole, but a shorter clip is repeat-padded to the length
            (OPERA-CT/CE's whole-clip rule: longer clips are NOT cut). ``zero_rule``, ``overlapping_chunks``,
            ``chunks``, ``tile``, ``fixed``, ``sliding``: the functions of ``cuts``.
        seconds: window length; ``int(seconds * rate)`` samples. Every kind but ``whole`` needs this or ``samples``.
        samples: window length in samples, where the source fixes it so.
        hop_seconds: for ``sliding`` and ``chunks``; None for no overlap.
        padding: for ``sliding``: what fills up the last window, see ``cuts.sliding``.
        shortest_samples: for ``chunks``: shorter ones are dropped; None keeps whole chunks only.
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
    padding: Padding = "zero"
    shortest_samples: int | None = None
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
        if self.hop_seconds is not None and self.kind not in ("sliding", "chunks"):
            self._refuse(f"{self.kind!r} has its own hop, but hop_seconds is set", "leave out hop_seconds")
        if self.padding not in get_args(Padding) or (self.padding != "zero" and self.kind != "sliding"):
            self._refuse(
                f"padding {self.padding!r} under kind {self.kind!r}", "use zero, repeat, shift or none with sliding"
            )
        if self.shortest_samples is not None and self.kind != "chunks":
            self._refuse(f"shortest_samples under kind {self.kind!r}", "leave out shortest_samples")
        for name in ("seconds", "samples", "hop_seconds", "minimum_samples", "shortest_samples"):
            value = getattr(self, name)
            kind = (int, float) if name.endswith("seconds") else int
            if value is None and name != "minimum_samples":
                continue
            most = LONGEST_SECONDS if name.endswith("seconds") else LONGEST_SAMPLES
            if not isinstance(value, kind) or isinstance(value, bool) or not 0 < value <= most:
                self._refuse(f"{name} is {value!r}", f"give a positive number up to {most}")
        if self.trim not in (True, False):
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
            AudioError: no samples, NaN or infinite ones, or more than one channel.
            ShortAudioError: too short for ``chunks``.
            ConfigurationError: a window or hop below one sample (two for ``overlapping_chunks``) at this rate.
        """
        clip = as_mono(array)
        if self.trim:
            frame = sampling_rate // 10
            clip = trim_silence(clip, frame_length=frame, hop_length=frame // 2)
        length = self.length(sampling_rate) or 0
        if self.kind != "whole" and length < (2 if self.kind == "overlapping_chunks" else 1):
            self._refuse(f"{self.seconds} s at {sampling_rate} Hz is too short a window", "use longer windows")
        hop = None if self.hop_seconds is None else round(self.hop_seconds * sampling_rate)
        counted = None
        if self.kind == "whole" or (self.kind == "repeat_pad" and len(clip) >= length):
            frames = [clip]
        elif self.kind == "repeat_pad":
            frames = [repeat_pad(clip, length)]
        elif self.kind == "zero_rule":
            frames = zero_rule(clip, length)
        elif self.kind == "overlapping_chunks":
            frames = overlapping_chunks(clip, length)
        elif self.kind == "chunks":
            frames = chunks(clip, length, hop or length, self.shortest_samples or length)
        elif self.kind in ("fixed", "tile"):
            frames = [(fixed_length if self.kind == "fixed" else tile)(clip, length)]
            counted = np.array([min(length, len(clip))])
        else:
            frames, counted = sliding(clip, length, hop, self.padding)
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
    # AudioMAE dataset.py: the whole clip's filter bank, padded with zeros or cut to 1,024 frames by the front end.
    "audiomae": WindowPolicy("whole"),
    # PANNs pytorch/inference.py: the whole clip.
    "panns": WindowPolicy("whole"),
    # torchvggish vggish_input.py: whole 96-frame examples of the 10 ms frames, i.e. 15,600 samples every 15,360.
    "vggish": WindowPolicy("chunks", samples=15_600, hop_seconds=0.96),
    # MS-CLAP CLAPWrapper.py: shorter clips repeated, of longer ones the first window (the original's crop is random).
    "msclap-2022": WindowPolicy("tile", seconds=5.0),
    "msclap-2023": WindowPolicy("tile", seconds=7.0),
    # BEATs README: the whole clip, untrimmed.
    "beats": WindowPolicy("whole"),
    # AcuLa data loader: 8 s + 3,000 samples at 16 kHz, untrimmed, zero-padded or cut; 256 frames.
    "acula": WindowPolicy("fixed", samples=131_000),
}
