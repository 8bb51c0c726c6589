"""Read every recording once: is it sound, how long, at which rate, and which bytes."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.fft

from ..audio import peek, read
from ..audio.decode import opened
from ..cluster import Engine, spread
from ..errors import AudioError, ConfigurationError, DataError
from .duplicates import fingerprint
from .identity import known_as
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
        empty: why it cannot tell who was recorded, see :func:`says_nothing`; it then has no fingerprint.
    """

    duration: float
    sampling_rate: int
    audio_sha256: str
    size: int
    fingerprint: bytes = b""
    note: str = ""
    empty: str = ""


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
        cell = {"bytes": data, "path": path}
        rate = peek(cell).sampling_rate
        waveform = read(cell)
        empty = says_nothing(waveform.array, waveform.sampling_rate)
        if empty == SILENT:
            return Problem(str(row["recording_id"]), path, empty, AudioError.__name__)
        words = b"" if empty else fingerprint(waveform.array, waveform.sampling_rate).tobytes()
    except AudioError as error:
        return Problem(str(row["recording_id"]), path, error.problem, type(error).__name__)
    digest = hashlib.sha256(data).hexdigest()
    return AudioInfo(waveform.seconds, rate, digest, len(data), words, waveform.note, empty)


SILENT = "silent: all of its samples are equal"
_SILENT = 4 / 32_768
"""Peak to peak: two steps of 16 bit around zero are what a converter gives without a microphone."""
_SAME = 0.999
"""Share of samples, or of energy: a click in seconds of silence and both rails of a clipped take leave no more, and a
sine is 30 dB above what rounding to 16 bit adds."""
_LINE = 5  # spectral bins that a Hann window spreads a sine over
_LOWEST = 20.0  # Hz: below it, a slow drift outweighs everything else and has few bins, too


def says_nothing(wave: npt.NDArray[np.float32], rate: int) -> str:
    """Say why a recording cannot tell who was recorded: silence, a constant, clipped throughout, a test tone; or "".

    Args:
        wave: (n,) mono.
        rate: in Hz.

    Example:
        >>> tone = np.sin(np.arange(16_000) / 4).astype(np.float32)
        >>> says_nothing(tone, 4_000), says_nothing(0 * tone, 4_000)
        ('a test tone', 'silent: all of its samples are equal')
    """
    low, high = wave.min(), wave.max()
    if low == high:
        return SILENT
    if high - low <= _SILENT:
        return "silent: nothing is above the noise of a converter"
    if np.mean((wave == low) | (wave == high)) >= _SAME:
        return "two values only: clipped throughout, or a click in silence"
    if np.mean(np.diff(wave) == 0) >= _SAME:
        return "constant: nearly all of its samples are equal to the one before"
    return "a test tone" if _is_tone(wave, rate) else ""


def _is_tone(wave: npt.NDArray[np.float32], rate: int) -> bool:
    """Whether most frames that sound hold one spectral line at one frequency and nothing else, by 30 dB."""
    size = rate // 4
    if len(wave) < 2 * size or size < 64:
        return False
    frames = wave[: len(wave) // size * size].reshape(-1, size)
    power = np.square(np.abs(scipy.fft.rfft(frames * np.hanning(size).astype(np.float32), axis=1)))
    power = power[:, int(_LOWEST * size / rate) :]
    total = power.sum(axis=1)
    sounding = total > 1e-3 * total.max()
    line = power[sounding].sum(axis=0).argmax()
    around = power[sounding, max(0, line - _LINE // 2) : line + _LINE // 2 + 1].sum(axis=1)
    return bool(np.median(around / total[sounding]) >= _SAME)


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


def owned(rows: Sequence[Row], results: Sequence[AudioInfo | Problem]) -> list[AudioInfo | Problem]:
    """Set aside a test tone, a clipped or a nearly silent take that is the same file under several people.

    By its bytes it would make one person of them, and it is nobody's recording.
    """
    people: dict[str, set[str | None]] = defaultdict(set)
    for row, result in zip(rows, results, strict=True):
        if isinstance(result, AudioInfo) and result.empty:
            people[result.audio_sha256].add(known_as(row["subject_id"]))
    checked: list[AudioInfo | Problem] = []
    for row, result in zip(rows, results, strict=True):
        if isinstance(result, AudioInfo) and len(people[result.audio_sha256] if result.empty else ()) > 1:
            reason = f"{result.empty}, and the same file stands under {len(people[result.audio_sha256])} people"
            result = Problem(str(row["recording_id"]), str(row["path"]), reason, AudioError.__name__)
        checked.append(result)
    return checked


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


VERSION = 5  # of the remembered lines


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
