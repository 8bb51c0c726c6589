"""Read ZCHSound: a clean and a noisy part, each a table and a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ....errors import DataError
from ....texts import read_lines
from ...collector import RowCollector
from ...schema import text_or_none
from ...spec import Table
from ...tabular import sex

DIAGNOSES = ("NORMAL", "ASD", "VSD", "PDA", "PFO")
PARTS: Mapping[str, tuple[str, str]] = {
    "clean": ("Clean Heartsound Data Details.csv", "clean Heartsound Data"),
    "noise": ("Noise Heartsound Data Details.csv", "Noise Heartsound Data"),
}
"""Part -> its table, and its folder; the folder's name varies after these words, and in case."""

DAYS_PER_YEAR = 365.25


def read(source: Path, collector: RowCollector) -> Table:
    """Read the two tables (``fileName;gender;age(days)…;diagnosis``) and the two folders of recordings.

    Raises:
        DataError: another layout, or a table with other columns.
    """
    root = collector.root(source, PARTS["clean"][0])
    for part, (table, prefix) in PARTS.items():
        folder = _folder(root, prefix)
        wavs = (root / folder).glob("*.[wW][aA][vV]")
        if not (root / table).exists():
            collector.notes.append(f"no {table}: the {part} part is not in this folder")
            collector.unlisted(root, wavs, (), f"there is no {table}")
            continue
        listed: set[str] = set()
        for line, cells in _lines(root / table):
            name = cells["filename"].removesuffix(".wav")
            path = f"{folder}/{name}.wav"
            listed.add(path)
            with collector.checked(name, path, prefix=f"{table} line {line}: "):
                _add(collector, name, path, cells, part)
        collector.unlisted(root, wavs, listed, f"{table} does not list it")
    return collector.table(root)


def _folder(root: Path, prefix: str) -> str:
    """Name of a part's folder: mirrors write it in different case, and one appends ``Details``."""
    names = [folder.name for folder in root.iterdir() if folder.is_dir()]
    found = sorted(name for name in names if name.casefold().startswith(prefix.casefold()))
    if len(found) > 1:
        raise DataError(f"two folders of one part: {found}", where=root, remedy="keep the one with the recordings")
    return found[0] if found else prefix


def _lines(file: Path) -> list[tuple[int, dict[str, str]]]:
    """Cells of every line by the first word of their column: file, gender, age, diagnosis."""
    # Only the header may hold anything but ASCII (a unit), and no column is found by that part of it.
    reader = read_lines(file, errors="replace", delimiters=";")
    header = [cell.strip().casefold() for cell in next(reader, (1, []))[1]]
    places: dict[str, int] = {}
    for word in ("filename", "gender", "age", "diagnosis"):
        columns = [place for place, cell in enumerate(header) if cell.startswith(word)]
        if len(columns) != 1:
            raise DataError(
                f"no column {word}" if not columns else f"two columns {word}",
                where=file,
                remedy="keep the original table: separated by ';', fileName;gender;age(days);diagnosis",
            )
        places[word] = columns[0]
    lines = []
    for number, cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise DataError(f"line {number} has {len(cells)} cells", where=file, remedy="download the table again")
        lines.append((number, {word: cells[place].strip() for word, place in places.items()}))
    return lines


def _add(collector: RowCollector, name: str, path: str, cells: Mapping[str, str], part: str) -> None:
    diagnosis, days = cells["diagnosis"].upper(), text_or_none(cells["age"])
    if not name or Path(name).name != name:
        raise DataError(f"{name!r} is no file name")
    if diagnosis not in DIAGNOSES:
        raise DataError(f"diagnosis {cells['diagnosis']!r} is none of {DIAGNOSES}")
    try:
        age_days = None if days is None else float(days)
    except ValueError as error:
        raise DataError(f"age is {days!r} days") from error
    age = None if age_days is None else age_days / DAYS_PER_YEAR
    who = sex(cells["gender"], column="gender")
    collector.add(name, path, name, age=age, sex=who, age_days=age_days, diagnosis=diagnosis, part=part)
