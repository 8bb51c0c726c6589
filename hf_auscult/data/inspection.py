"""Read every recording once: is it sound, how long, at which rate, and which bytes."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np

from ..audio import peek, read
from ..audio.decode import opened
from ..cluster import Engine, spread
from ..errors import AudioError, ConfigurationError, DataError, MissingAudioError
from ..texts import LFS_POINTER
from .duplicates import fingerprint
from .schema import TIMED, Row
from .spec import Problem, Table

_CHUNK = 32
OVERHANG = 0.5
"""Seconds that an annotation may go on after the end: annotators draw past the edge of a picture, and tables are
rounded (0.04 ms is the most among 23,000 events of CirCor, ICBHI and SPRSound)."""


@dataclass(frozen=True)
class AudioInfo:
    """What the file itself says.

    Args:
        duration: seconds.
        sampling_rate: Hz.
        audio_sha256: of the file's bytes.
        size: bytes.
        fingerprint: 32-bit words of :func:`hf_auscult.data.duplicates.fingerprint`, as bytes.
        note: what is odd about it, see :class:`hf_auscult.audio.Waveform`.
    """

    duration: float
    sampling_rate: int
    audio_sha256: str
    size: int
    fingerprint: bytes = b""
    note: str = ""


def inspect(row: Row, root: Path) -> AudioInfo | Problem:
    """Decode a recording in full, so that whatever is wrong with it is found now and not in the middle of a training.

    Args:
        row: with ``recording_id`` and ``path``.
        root: folder that the path is relative to.

    Returns:
        The file's properties, or the problem (missing, not audio, cut short, no samples, NaN, absurd rate, too many
        channels, silent: equal silence must not make one person of many).
    """
    path = str(row["path"])
    try:
        with opened(root / path, path) as (stream, _):
            data = stream.read()
        if data.startswith(LFS_POINTER.encode()):
            reason = "a Git LFS pointer, not the recording: run `git lfs pull` in the download"
            return Problem(str(row["recording_id"]), path, reason, MissingAudioError.__name__)
        cell = {"bytes": data, "path": path}
        rate = peek(cell).sampling_rate
        waveform = read(cell)
        if not np.ptp(waveform.array):
            return Problem(str(row["recording_id"]), path, "silent: all of its samples are equal", AudioError.__name__)
        words = fingerprint(waveform.array, waveform.sampling_rate)
    except AudioError as error:
        return Problem(str(row["recording_id"]), path, error.problem, type(error).__name__)
    digest = hashlib.sha256(data).hexdigest()
    return AudioInfo(waveform.seconds, rate, digest, len(data), words.tobytes(), waveform.note)


def annotated(rows: Sequence[Row], results: Iterable[AudioInfo | Problem]) -> Iterator[AudioInfo | Problem]:
    """Set recordings aside whose annotation goes on after their end: one of the two is not what it says."""
    for row, result in zip(rows, results, strict=True):
        late = [
            f"{column}: one from {event['start']:g} to {event['end']:g} s, the recording has {result.duration:g} s"
            for column in TIMED
            for event in row.get(column) or ()
            if isinstance(result, AudioInfo) and event["end"] > result.duration + OVERHANG
        ]
        yield Problem(str(row["recording_id"]), str(row["path"]), late[0], DataError.__name__) if late else result


def inspect_all(
    rows: Sequence[Row], root: Path, *, num_proc: int = 1, engine: Engine = "local"
) -> Iterator[AudioInfo | Problem]:
    """Inspect rows, in their order, in ``num_proc`` processes, or on a Ray cluster."""
    slim = [{"recording_id": row["recording_id"], "path": row["path"]} for row in rows]
    if engine == "ray":
        chunks = [slim[start : start + _CHUNK] for start in range(0, len(slim), _CHUNK)]
        yield from chain.from_iterable(spread(partial(_Inspector, root.absolute()), chunks))
        return
    if num_proc <= 1 or len(rows) <= _CHUNK:
        yield from _serial(rows, root)
        return
    with ProcessPoolExecutor(num_proc) as pool:
        yield from pool.map(inspect, slim, repeat(root), chunksize=_CHUNK)


def _serial(rows: Iterable[Row], root: Path) -> Iterator[AudioInfo | Problem]:
    for row in rows:
        yield inspect(row, root)


class _Inspector:
    """What a worker of a cluster does."""

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            remedy = "keep the download on a filesystem that all machines share"
            raise ConfigurationError(f"is not on {socket.gethostname()}", where=root, remedy=remedy)
        self.root = root

    def __call__(self, rows: Sequence[Row]) -> list[AudioInfo | Problem]:
        return list(_serial(rows, self.root))


VERSION = 4  # of the remembered lines


class Memory:
    """Properties of recordings by path, valid while the file's size and time of change stay the same.

    Args:
        file: where they are kept, one JSON line a recording.
        table: the recordings.
    """

    def __init__(self, file: Path, table: Table) -> None:
        self.file, self.table = file, table
        self.known = self._load()

    def read(self, num_proc: int, engine: Engine = "local") -> Iterator[AudioInfo | Problem]:
        """Inspect the recordings in their order; those that are known are not read again."""
        rows = self.table.rows
        stamps = [self._stamp(row) for row in rows]
        missing = [row for row, stamp in zip(rows, stamps, strict=True) if stamp not in self.known]
        fresh = inspect_all(missing, self.table.root, num_proc=num_proc, engine=engine)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a", encoding="utf-8") as stream:
            for stamp in stamps:
                if stamp in self.known:
                    yield self.known[stamp]
                    continue
                result = next(fresh)
                # A problem may be cured by another download, so only what is sound is remembered.
                if isinstance(result, AudioInfo):
                    stream.write(json.dumps([VERSION, stamp, _plain(result)]) + "\n")
                yield result

    def forget(self) -> None:
        """Remove the file."""
        self.file.unlink(missing_ok=True)

    def _stamp(self, row: Row) -> str:
        file = self.table.root / str(row["path"])
        try:
            stat = file.stat()
        except OSError:
            return f"{row['path']}\tmissing"
        return f"{row['path']}\t{stat.st_size}\t{stat.st_mtime_ns}"

    def _load(self) -> dict[str, AudioInfo | Problem]:
        known: dict[str, AudioInfo | Problem] = {}
        if not self.file.is_file():
            return known
        for line in self.file.read_text("utf-8").splitlines():
            try:
                version, stamp, values = json.loads(line)
            except ValueError:
                continue  # the line that the interruption cut
            if version == VERSION:
                values["fingerprint"] = base64.b64decode(values["fingerprint"])
                known[stamp] = AudioInfo(**values)
        return known


def _plain(info: AudioInfo) -> dict[str, Any]:
    return {**asdict(info), "fingerprint": base64.b64encode(info.fingerprint).decode()}
