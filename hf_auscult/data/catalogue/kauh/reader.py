"""Read KAUH, whose file names hold everything that is known."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ....errors import DataError
from ...collector import RowCollector, folder_of
from ...schema import Row
from ...spec import Table
from ...tabular import sex

FOLDERS = ("AudioFiles", "Audio Files", "wav")
PEOPLE = 112
_NAME = re.compile(
    r"(?P<filter>[BDE])P(?P<patient>\d+)_(?P<diagnosis>[^,]+),(?P<sound>[^,]+),(?P<location>[^,]+)"
    r",(?P<age>\d+),(?P<sex>[MF])\s*"
)
_SIDES = {("A", "L"): "left anterior", ("A", "R"): "right anterior", ("P", "L"): "left posterior"} | {
    ("P", "R"): "right posterior"
}


def read(source: Path, collector: RowCollector) -> Table:
    """Read the original layout: a folder ``AudioFiles`` whose file names hold everything that is known.

    A person of whom only one or two of the three filter copies are here has rows for all three, so that the others
    are reported as missing.

    Raises:
        DataError: no folder with such files.
    """
    root, folder = _locate(source)
    people: dict[int, dict[str, str]] = defaultdict(dict)
    for file in sorted((root / folder).glob("*.[wW][aA][vV]")):
        path = file.relative_to(root).as_posix()
        with collector.checked(file.stem, path):
            cells = _cells(file.stem, collector.codes)
            copies = people[int(cells["patient_id"])]
            if cells["filter_code"] in copies:
                raise DataError(f"the same copy as {copies[cells['filter_code']]}")
            copies[cells["filter_code"]] = file.stem
            collector.add(file.stem, path, int(cells["patient_id"]), **cells)
    for patient, copies in sorted(people.items()):
        if len({name[1:] for name in copies.values()}) > 1:
            names = ", ".join(sorted(copies.values()))
            collector.notes.append(f"patient {patient}: the copies' names differ: {names}")
        first = min(copies.values())
        for code in sorted(set(collector.codes["filters"]) - set(copies)):
            name = code + first[1:]
            collector.add(name, (Path(folder) / f"{name}.wav").as_posix(), patient, **_cells(name, collector.codes))
    absent = PEOPLE - len(people)
    collector.notes += [f"{absent} of {PEOPLE} people have no file here"] if absent > 0 else []
    return collector.table(root)


def _locate(source: Path) -> tuple[Path, str]:
    folder_of(source, dataset="KAUH")
    for folder in (*FOLDERS, "."):
        if any((source / folder).glob("[BDE]P*_*,*.[wW][aA][vV]")):
            return source, folder
    raise DataError(
        f"no recordings of KAUH, here or in {' or '.join(FOLDERS)}",
        where=source,
        remedy="unpack Audio Files.zip and point at the folder that holds AudioFiles",
    )


def diseases(diagnosis: str, words: dict[str, str]) -> list[str]:
    """Take a diagnosis apart: one spelling a disease, in order.

    Args:
        diagnosis: as a file name has it.
        words: disease as the file names spell it, in lower case -> one spelling.

    Raises:
        DataError: a disease that the distribution does not have.

    Example:
        >>> diseases("Heart Failure + COPD ", {"heart failure": "heart failure", "copd": "COPD"})
        ['COPD', 'heart failure']
    """
    found = [word.strip().lower() for word in re.split(r"\+|\band\b", diagnosis)]
    unknown = [word for word in found if word not in words]
    if unknown:
        raise DataError(f"diagnosis {unknown[0]!r} is none of {sorted(set(words.values()))}")
    return sorted({words[word] for word in found}, key=str.lower)


def site(location: str) -> str:
    """Find a place in the vocabulary; level and side stand in any order.

    Example:
        >>> site("P R L "), site("A U R"), site("P")
        ('right posterior', 'right anterior', 'other')
    """
    words = location.split()
    if len(words) != 3:
        return "other"  # "P" and "P L L R" name no side, or both
    return _SIDES.get((words[0], "R" if "R" in words[1:] else "L" if "L" in words[1:] else ""), "other")


def opera_label(diagnosis: str) -> str | None:
    """Label that OPERA's preparation gives; it knows ``COPD`` and not ``copd``, and so leaves out three files.

    Example:
        >>> opera_label("Heart Failure + COPD"), opera_label("copd")
        ('COPD', None)
    """
    if diagnosis == "N":
        return "healthy"
    if "asthma" in diagnosis or "Asthma" in diagnosis:
        return "asthma"
    return "COPD" if "COPD" in diagnosis else None


def opera_split(rows: Sequence[Row]) -> dict[str, str]:
    """OPERA's list, by the letter of the filter and the number of the patient."""
    text = Path(__file__).with_name("opera_split.tsv").read_text("utf-8")
    listed = dict(line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    keys = {row["recording_id"]: f"{row['filter_code']}P{int(row['patient_id'])}" for row in rows}
    return {name: listed[key] for name, key in keys.items() if key in listed}


def _cells(name: str, codes: Any) -> dict[str, Any]:
    match = _NAME.fullmatch(name)
    if match is None:
        raise DataError("the name is not <B|D|E>P<n>_<diagnosis>,<sound>,<location>,<age>,<M|F>")
    found = diseases(match["diagnosis"], codes["diseases"])
    sound = codes["sounds"].get(match["sound"].strip())
    if sound is None:
        raise DataError(f"sound type {match['sound']!r} is none of {list(codes['sounds'])}")
    return {
        "site": site(match["location"]),
        "age": float(match["age"]),
        "sex": sex(match["sex"]),
        "patient_id": match["patient"],
        "filter_code": match["filter"],
        "filter": codes["filters"][match["filter"]],
        "diagnosis": match["diagnosis"],
        "disease": " + ".join(found),
        "diseases": found,
        "sound_type": match["sound"],
        "sound": sound,
        "site_detail": match["location"],
        "opera_label": opera_label(match["diagnosis"]),
    }
