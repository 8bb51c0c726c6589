"""What is embedded: recordings as files, folders of them, and the rows of prepared datasets, each with its names."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..audio import AUDIO_SUFFIXES, list_recordings
from ..errors import ConfigurationError, DataError

PREPARED = "prepare.json"
"""The file that ``prepare`` leaves in a folder."""


@dataclass(frozen=True, slots=True)  # there may be a million
class Source:
    """One recording.

    Args:
        recording_id: its name; of a file, what is left of the path without the suffix, and without the folders where
            that is clear.
        segment: which part of the recording it is; None for all of it.
        path: of the file.
        content: what would be read: size and time of change of a file, SHA-256 of a prepared recording.
        place: Parquet file, row group and row of a prepared recording.
    """

    recording_id: str
    segment: int | None
    path: str
    content: str
    place: tuple[str, int, int] | None = None

    @property
    def key(self) -> bytes:
        """Of its row in a store: another file under the same name is another recording."""
        return b"%b\t%b\t%b" % (
            os.fsencode(self.path),
            self.content.encode(),
            b"" if self.segment is None else b"%d" % self.segment,
        )

    def cell(self) -> Any:
        """What :func:`hf_auscult.audio.read` takes."""
        if self.place is None:
            return Path(self.path)
        file, group, row = self.place
        return _audio(file, group)[row].as_py()


class Cells(Sequence[Any]):
    """What :func:`hf_auscult.audio.read` takes of some sources, each read when it is asked for."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = sources

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, index: Any) -> Any:
        return Cells(self.sources[index]) if isinstance(index, slice) else self.sources[index].cell()


def sources_of(paths: Sequence[str | Path]) -> tuple[list[Source], dict[Path, str]]:
    """Find the recordings of files, folders and prepared datasets, in order, and what is left out with the reason.

    Raises:
        ConfigurationError: no recording, or one twice.
        DataError: a prepared dataset that cannot be read.
    """
    found: list[Source] = []
    left_out: dict[Path, str] = {}
    for path in map(Path, paths):
        if (path / PREPARED).is_file():
            found += _prepared(path)
        elif path.is_dir():
            listing = list_recordings(path)
            found += map(_file, listing.recordings)
            left_out |= listing.left_out
        else:
            found.append(_file(path))
    if not found:
        names = ", ".join(sorted(AUDIO_SUFFIXES))
        closed = [f"; {path} {reason}" for path, reason in left_out.items() if reason.startswith("cannot be opened")]
        problem = f"no recordings among the paths{closed[0] if closed else ''}"
        raise ConfigurationError(problem, remedy=f"give files ending in {names}")
    (path_of_most, _, _), count = Counter((one.path, one.segment, one.place) for one in found).most_common(1)[0]
    if count > 1:
        raise ConfigurationError("given twice", where=path_of_most, remedy="name every recording once")
    return _named(found), left_out


def _file(path: Path) -> Source:
    try:
        status = path.stat()
        content = f"{status.st_size} {status.st_mtime_ns}"
    except (OSError, ValueError):
        content = ""  # reading it says better what is wrong
    return Source(path.with_suffix("").as_posix(), None, str(path), content)


def _named(sources: list[Source]) -> list[Source]:
    """Name files as `prepare` names recordings, by their stems, where no two have the same."""
    stems = Counter(Path(source.path).stem for source in sources if source.place is None)
    return [
        Source(Path(source.path).stem, None, source.path, source.content)
        if source.place is None and stems[Path(source.path).stem] == 1
        else source
        for source in sources
    ]


def _prepared(folder: Path) -> list[Source]:
    """Every recording of a prepared dataset."""
    return [source for file in sorted((folder / "data").glob("*.parquet")) for source in _rows(file)]


def _rows(file: Path) -> Iterator[Source]:
    try:
        parquet = pq.ParquetFile(file)
        names = ["recording_id", "audio_sha256", "audio.path"]
        for group in range(parquet.num_row_groups):
            for row, cells in enumerate(parquet.read_row_group(group, columns=names).to_pylist()):
                yield Source(
                    str(cells["recording_id"]),
                    None,
                    str(cells["audio"]["path"]),
                    str(cells["audio_sha256"]),
                    (str(file), group, row),
                )
    except (pa.ArrowException, OSError, KeyError) as error:
        raise DataError(f"not a prepared table ({error})", where=file, remedy="prepare it again") from error


@lru_cache(maxsize=2)
def _audio(file: str, group: int) -> pa.ChunkedArray:
    return pq.ParquetFile(file).read_row_group(group, columns=["audio"])["audio"]
