"""What a reader collects while it goes through an original download: recordings, problems and notes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import DataError
from .schema import Row, impossible
from .spec import DatasetSpec, Problem, Table

COMMON = ("site", "device", "age", "age_group", "sex", "organ", "licence")


class RowCollector:
    """The recordings of one dataset, with what all of them share filled in.

    Args:
        spec: the dataset.

    Example:
        >>> from hf_auscult.data import DATASETS
        >>> collector = RowCollector(DATASETS["nosemic"])
        >>> collector.add("u1_a", "audio/u1_a.wav", "u1", respiratory_rate=14.0)
        >>> collector.rows[0]["subject_id"], collector.rows[0]["site"], collector.rows[0]["age"]
        ('nosemic:u1', 'nose', None)
    """

    def __init__(self, spec: DatasetSpec) -> None:
        self.spec = spec
        self.rows: list[Row] = []
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self._same = {"licence": spec.licence, "organ": spec.organ, **spec.row, "source": spec.name}

    @property
    def codes(self) -> Mapping[str, Any]:
        """The dataset's tables of words."""
        return self.spec.codes

    def root(self, source: Path, marker: str) -> Path:
        """Find the folder that holds ``marker``, see :func:`locate`."""
        return locate(source, marker, dataset=self.spec.title)

    def add(self, name: str, path: str, subject: object, **cells: Any) -> None:
        """Add a recording; one with numbers that cannot be meant, see :func:`.schema.impossible`, is set aside.

        Args:
            name: its id.
            path: its file, relative to the root.
            subject: who was recorded, without the dataset's prefix; None where it is unknown.
            cells: columns; common ones that are not given are those of the dataset, or None.
        """
        who = None if subject is None else f"{self.spec.name}:{subject}"
        common = {"path": path, "recording_id": name, "subject_id": who, **dict.fromkeys(COMMON)}
        row = common | self._same | cells
        if reason := impossible(row):
            self.problem(name, path, reason)
        else:
            self.rows.append(row)

    def problem(self, name: str, path: str, reason: str) -> None:
        """Set a recording aside."""
        self.problems.append(Problem(name, path, reason, DataError.__name__))

    @contextmanager
    def checked(self, name: str, path: str, *, prefix: str = "") -> Iterator[None]:
        """Set the recording aside where its cells raise a DataError."""
        try:
            yield
        except DataError as error:
            self.problem(name, path, prefix + error.problem)

    def unlisted(self, root: Path, files: Iterable[Path], listed: Collection[str], reason: str) -> None:
        """Set aside files that no table lists and no problem names; what macOS adds (``._name``) is no recording."""
        known = {*listed, *(problem.path for problem in self.problems)}
        for file in sorted(files):
            path = file.relative_to(root).as_posix()
            if path not in known and not file.name.startswith("._"):
                self.problem(file.stem, path, reason)

    def table(self, root: Path, *, expected: int | None = None) -> Table:
        """Close the collection: rows by recording id; one that a table repeats as it is counts once.

        Raises:
            DataError: two rows that differ have one recording id.
        """
        self.rows.sort(key=lambda row: str(row["recording_id"]))
        once = [row for number, row in enumerate(self.rows) if not number or row != self.rows[number - 1]]
        if repeated := len(self.rows) - len(once):
            self.notes.append(f"{repeated} lines of the tables are there twice")
        self.rows = once
        return Table(root, tuple(self.rows), tuple(self.problems), tuple(self.notes), expected)


def locate(source: Path, marker: str, *, dataset: str) -> Path:
    """Find the folder that holds ``marker``: ``source`` itself, or the one folder in it that does.

    Args:
        source: what the user points at.
        marker: file or folder that marks the dataset's root.
        dataset: its name, for the message.

    Raises:
        DataError: no such folder, or several.
    """
    folder_of(source, dataset=dataset)
    if (source / marker).exists():
        return source
    inside = sorted(folder for folder in source.iterdir() if folder.is_dir() and (folder / marker).exists())
    if len(inside) == 1:
        return inside[0]
    found = f"{marker} is in {len(inside)} folders" if inside else f"no {marker}"
    raise DataError(f"not the layout of {dataset}: {found}", where=source, remedy=f"point at the folder of {dataset}")


def folder_of(source: Path, *, dataset: str) -> Path:
    """Refuse a source that is no folder.

    Raises:
        DataError: it is none.
    """
    if not source.is_dir():
        raise DataError("no such folder", where=source, remedy=f"point at the folder of {dataset}")
    return source
