"""Read Yaseen et al. 2018 ("Korean"): five unpacked archives, one a class."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

from ....errors import DataError
from ...collector import RowCollector
from ...spec import Table

CLASSES = ("N", "AS", "MR", "MS", "MVP")
PER_CLASS = 200
BLOCK = 40
"""Neighbouring indices that stand for one source in a class whose sources are not known: a fifth of it."""

_NAME = re.compile(r"New_(?P<cls>AS|MR|MS|MVP|N)_(?P<index>\d{3})")
_FOLDER = re.compile(r"(?P<cls>AS|MR|MS|MVP|N)_New_3.*", re.DOTALL)


def read(source: Path, collector: RowCollector) -> Table:
    """Read the five unpacked archives: ``<class>_New_3주기/New_<class>_<001-200>.wav``, at any depth.

    The folder's Hangul is not asked for: archivers write it in either Unicode form, or garble it.

    Raises:
        DataError: another layout, or archives that are still packed.
    """
    if not source.is_dir():
        raise DataError("no such folder", where=source, remedy="point at the folder with the five unpacked archives")
    for file in sorted(source.rglob("*.[wW][aA][vV]")):
        if file.name.startswith("._"):  # what macOS leaves in archives, no recording
            continue
        path = file.relative_to(source).as_posix()
        match, folder = _NAME.fullmatch(file.stem), _FOLDER.fullmatch(file.parent.name)
        if match is None or not 1 <= int(match["index"]) <= PER_CLASS:
            collector.problem(file.stem, path, f"the name is not New_<class>_<001-{PER_CLASS}>")
        elif folder is not None and folder["cls"] != match["cls"]:
            collector.problem(file.stem, path, f"the name says {match['cls']}, the folder {folder['cls']}")
        else:
            subject = _subject(match["cls"], int(match["index"]))
            collector.add(file.stem, path, subject, class_code=match["cls"])
    if not collector.rows:
        packed = any(source.rglob("*.rar"))
        raise DataError(
            "the archives are still packed" if packed else "no recording New_<class>_<number>.wav",
            where=source,
            remedy="unpack the five .rar files here" if packed else "point at the five unpacked archives",
        )
    counts = Counter(row["class_code"] for row in collector.rows)
    collector.notes += [
        f"{counts[name]} of {PER_CLASS} recordings of {name}" for name in CLASSES if counts[name] != PER_CLASS
    ]
    return collector.table(source)


@cache
def sources() -> dict[tuple[str, int], int]:
    """(Class, index) -> smallest index of the recordings cut from the same source; AS is not among them.

    Measured by ``dataset_scripts/korean/find_sources.py``: within a class, recordings that correlate above 0.9.

    Raises:
        DataError: the table that comes with this package is damaged.
    """
    file = Path(__file__).with_name("sources.tsv")
    found: dict[tuple[str, int], int] = {}
    for line in file.read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        name, _, cells = line.partition("\t")
        indices = [int(cell) for cell in cells.split()]
        if name not in CLASSES or not indices or any((name, index) in found for index in indices):
            raise DataError(f"line {line!r} is damaged", where=file, remedy="reinstall")
        found |= {(name, index): min(indices) for index in indices}
    return found


def _subject(cls: str, index: int) -> str:
    source = sources().get((cls, index))
    if source is not None:
        return f"{cls}-source-{source:03d}"
    first = (index - 1) // BLOCK * BLOCK + 1
    return f"{cls}-{first:03d}-{first + BLOCK - 1:03d}"
