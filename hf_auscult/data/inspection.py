"""Read every recording once: is it sound, how long, at which rate, and which bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

from ..audio import peek, read
from ..errors import AudioError
from .duplicates import fingerprint
from .schema import Row
from .spec import Problem

_CHUNK = 32


@dataclass(frozen=True)
class Facts:
    """What the file itself says.

    Args:
        duration: seconds.
        sampling_rate: Hz.
        audio_sha256: of the file's bytes.
        size: bytes.
        fingerprint: 32-bit words of :func:`hf_auscult.data.duplicates.fingerprint`, as bytes.
    """

    duration: float
    sampling_rate: int
    audio_sha256: str
    size: int
    fingerprint: bytes = b""


def inspect(row: Row, root: Path) -> Facts | Problem:
    """Decode a recording in full, so that whatever is wrong with it is found now and not in the middle of a training.

    Args:
        row: with ``recording_id`` and ``path``.
        root: folder that the path is relative to.

    Returns:
        The facts, or the problem (missing, not audio, cut short, no samples, NaN, absurd rate, too many channels).
    """
    path = str(row["path"])
    file = root / path
    try:
        if not file.is_file():
            read(file)  # raises what the audio layer raises for a missing file
        data = file.read_bytes()
        cell = {"bytes": data, "path": path}
        rate = peek(cell).sampling_rate
        waveform = read(cell)
        words = fingerprint(waveform.array, waveform.sampling_rate)
    except AudioError as error:
        return Problem(str(row["recording_id"]), path, error.problem, type(error).__name__)
    return Facts(waveform.seconds, rate, hashlib.sha256(data).hexdigest(), len(data), words.tobytes())


def inspect_all(rows: Sequence[Row], root: Path, *, num_proc: int = 1) -> Iterator[Facts | Problem]:
    """Inspect rows, in their order, in ``num_proc`` processes."""
    if num_proc <= 1 or len(rows) <= _CHUNK:
        yield from _serial(rows, root)
        return
    slim = [{"recording_id": row["recording_id"], "path": row["path"]} for row in rows]
    with ProcessPoolExecutor(num_proc) as pool:
        yield from pool.map(inspect, slim, repeat(root), chunksize=_CHUNK)


def _serial(rows: Iterable[Row], root: Path) -> Iterator[Facts | Problem]:
    for row in rows:
        yield inspect(row, root)
