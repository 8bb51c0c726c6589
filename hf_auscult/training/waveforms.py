"""Samples of recordings on disk: 16-bit, one behind the other, mapped into memory and read where a crop is cut."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DataError
from ..files import new_folder

FloatArray = npt.NDArray[np.float32]
SAMPLES, INDEX = "samples.i16", "index.npz"
FULL_SCALE = 32_768


@dataclass(frozen=True, eq=False)
class StoredWaveform:
    """One recording of `Waveforms`: `len(x)`, `x[a:b]` and `np.asarray(x)` are those of float32 samples (n,)."""

    samples: npt.NDArray[np.int16]
    scale: float

    @property
    def shape(self) -> tuple[int]:
        """(n,)."""
        return (len(self.samples),)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, part: slice) -> FloatArray:
        return np.asarray(self.samples[part], np.float32) * np.float32(self.scale)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        if copy is False:
            raise ValueError("samples on disk become floats in a copy")
        return self[:] if dtype is None else self[:].astype(dtype)


@dataclass(frozen=True, eq=False)
class Waveforms:
    """Recordings in a folder, in the order in which they were written.

    Whoever trains on them holds no samples in memory of its own: pages of the file are the system's, shared by all
    processes of a machine. What was 16-bit PCM at this rate comes back to the bit; of everything else a sample is off
    by 1 / 65534 of its recording's peak at most (-96 dB).

    Args:
        samples: of all recordings, memory-mapped.
        ends: (recordings,) sample behind each one's last.
        scales: (recordings,) what a step of its integers is worth.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp()) / "audio"
        >>> store = Waveforms.write(folder, [np.array([0.5, -0.25], np.float32), np.zeros(3, np.float32)])
        >>> len(store), store[0][:].tolist(), len(store[1])
        (2, [0.5, -0.25], 3)
    """

    samples: npt.NDArray[np.int16]
    ends: npt.NDArray[np.int64]
    scales: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, row: int) -> StoredWaveform:
        start = int(self.ends[row - 1]) if row else 0
        return StoredWaveform(self.samples[start : int(self.ends[row])], float(self.scales[row]))

    @classmethod
    def write(cls, folder: str | Path, recordings: Iterable[FloatArray]) -> Waveforms:
        """Write recordings one at a time, and open them.

        Raises:
            DataError: no recordings, or samples that are not finite.
        """
        ends, scales = [0], []
        with new_folder(folder) as part:
            with (part / SAMPLES).open("wb") as stream:
                for waveform in recordings:
                    integers, scale = _integers(waveform)
                    stream.write(integers.tobytes())
                    ends.append(ends[-1] + len(integers))
                    scales.append(scale)
            if not scales:
                raise DataError("no recordings to store", where=folder, remedy="check the splits")
            np.savez(part / INDEX, ends=np.array(ends[1:]), scales=np.array(scales, np.float32))
        return cls.open(folder)

    @classmethod
    def open(cls, folder: str | Path) -> Waveforms:
        """Open what `write` wrote."""
        with np.load(Path(folder) / INDEX) as index:
            ends, scales = index["ends"], index["scales"]
        return cls(np.memmap(Path(folder) / SAMPLES, np.int16, "r", shape=(int(ends[-1]),)), ends, scales)


def _integers(waveform: FloatArray) -> tuple[npt.NDArray[np.int16], float]:
    peak = float(np.abs(waveform).max(initial=0.0))
    if not np.isfinite(peak):
        raise DataError("samples are NaN or infinite", remedy="leave the recording out")
    whole = waveform * FULL_SCALE
    if peak < 1 and np.array_equal(whole, np.rint(whole)):
        return whole.astype(np.int16), 1 / FULL_SCALE
    scale = max(peak, float(np.finfo(np.float32).tiny)) / (FULL_SCALE - 1)
    return np.rint(waveform / np.float32(scale)).astype(np.int16), scale
