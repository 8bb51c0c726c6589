"""Read MMLung: recordings by modality, and one spirometer export a person."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from ....errors import ConfigurationError, DataError
from ....texts import require_regular
from ...collector import RowCollector
from ...spec import Table
from ...tabular import number

RECORDINGS = ("Trimmed Data from phone", "Trimmed_Data_from_phone")
TRUTH = "spirometry_ground_truth"
CELLS: Mapping[str, tuple[int, int]] = {"fvc": (22, 1), "fev1": (23, 1), "fev1_fvc": (24, 1)}
"""Target -> row and column, from 0, of the spirometer's export: cells B23, B24 and B25."""

_PERSON = re.compile(r"\d+")
_PAPERS = ("deepbreaths", "vowelo")
"""Modalities of which every person with spirometry must have a recording: the papers' tasks are over these."""


def read(source: Path, collector: RowCollector) -> Table:
    """Read the original layout: one folder of wavs a modality, and one spirometer export (``.xls``) a person.

    Raises:
        ConfigurationError: ``xlrd`` is not installed.
        DataError: another layout.
    """
    root = collector.root(source, TRUTH)
    audio = next((name for name in RECORDINGS if (root / name).is_dir()), None)
    if audio is None:
        raise DataError(f"no folder {RECORDINGS[0]!r}", where=root, remedy="unpack both parts of the download here")
    truth = _truth(root, collector)
    for modality, (folder, organ) in collector.codes["modalities"].items():
        people = {_owner(file) for file in (root / audio / folder).glob(f"*_{modality}.[wW][aA][vV]")}
        if modality in _PAPERS:
            people |= set(truth)
        for person in sorted(people):
            name = f"{person}_{modality}"
            path = f"{audio}/{folder}/{name}.wav"
            if not _PERSON.fullmatch(person):
                collector.problem(name, path, "the name is not <number>_<modality>")
                continue
            targets = truth.get(person, dict.fromkeys(CELLS))
            collector.add(name, path, person, organ=organ, person_id=person, modality=modality, **targets)
    listed = {row["path"] for row in collector.rows} | {problem.path for problem in collector.problems}
    collector.unlisted(root, (root / audio).glob("*/*.[wW][aA][vV]"), listed, "not the name of a known recording")
    unmeasured = sorted({row["person_id"] for row in collector.rows if row["fvc"] is None}, key=int)
    if unmeasured:
        collector.notes.append(f"no spirometry of {', '.join(unmeasured)}: their recordings are in no task")
    return collector.table(root)


def _truth(root: Path, collector: RowCollector) -> dict[str, dict[str, float]]:
    """Person -> targets; exports that cannot be read are problems of their own."""
    truth: dict[str, dict[str, float]] = {}
    files = sorted((root / TRUTH).glob("*.xls"))
    exports = Counter(_owner(file) for file in files)
    for file in files:
        person = _owner(file)
        path = f"{TRUTH}/{file.name}"
        try:
            if not _PERSON.fullmatch(person):
                raise DataError("the name does not begin with a person's number")
            if exports[person] > 1:
                raise DataError(f"one of {exports[person]} exports of person {person}: nobody says which is right")
            truth[person] = _export(file)
        except DataError as error:
            collector.problem(file.stem, path, error.problem)
            collector.notes.append(f"{path} is not used: {error.problem}")
    if not truth:
        raise DataError("no spirometer export can be read", where=root / TRUTH, remedy="download it again")
    return truth


def _owner(file: Path) -> str:
    return file.name.split("_")[0]


def _export(file: Path) -> dict[str, float]:
    try:
        import xlrd  # type: ignore[import-untyped, unused-ignore]
    except ImportError as error:
        raise ConfigurationError(
            "reading .xls needs xlrd", where=file, remedy="pip install 'hf-auscult[data]'"
        ) from error
    require_regular(file)
    try:
        sheet = xlrd.open_workbook(str(file), logfile=io.StringIO()).sheet_by_index(0)
        cells = {name: str(sheet.cell_value(*place)) for name, place in CELLS.items()}
    except Exception as error:  # whatever xlrd stumbles over in it
        raise DataError(f"not a spirometer export ({error})") from error
    values: dict[str, float] = {}
    for name, cell in cells.items():
        value = number(cell.replace("*", ""), name)  # the spirometer marks values outside its norm with a star
        if value is None or value <= 0:
            raise DataError(f"{name} is {cell!r}, not a positive number")
        values[name] = value
    return values
