"""Read BMD-HS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ....errors import DataError
from ...collector import RowCollector
from ...schema import text_or_none
from ...spec import Table
from ...tabular import number, read_keyed, sex

DISEASES = ("AS", "AR", "MR", "MS")
CLASSES = (*DISEASES, "N")
RECORDINGS = tuple(f"recording_{place}" for place in range(1, 9))
_NAME = re.compile(r"(?P<cls>AS|AR|MR|MS|MD|N)_(?P<patient>\d{3})_(?P<posture>sit|sup)_(?P<site>Aor|Pul|Tri|Mit)")
_PATIENT = r"patient_\d{3}"
_AGAIN = "download the table again"


def read(source: Path, collector: RowCollector) -> Table:
    """Read ``train.csv`` (labels and recordings of each patient), ``additional_metadata.csv`` and ``train/*.wav``.

    Raises:
        DataError: another layout, or a table with other columns.
    """
    root = collector.root(source, "train.csv")
    needed = (*CLASSES, *RECORDINGS)
    people = read_keyed(root / "train.csv", "patient_id", needed, remedy=_AGAIN, pattern=_PATIENT)
    traits: Mapping[str, Mapping[str, str]] = {}
    table = root / "additional_metadata.csv"
    if table.is_file():
        columns = ("Age", "Gender", "Smoker", "Lives")
        traits = read_keyed(table, "patient_id", columns, remedy=_AGAIN, pattern=_PATIENT)
    else:
        collector.notes.append("no additional_metadata.csv: no age and no sex")
    names = {text_or_none(person[column]) or "" for person in people.values() for column in RECORDINGS}
    wavs = {file.stem for file in (root / "train").glob("*.[wW][aA][vV]") if not file.name.startswith("._")}
    claimed: set[str] = set()
    for patient, person in people.items():
        for column in RECORDINGS:
            name = text_or_none(person[column])
            if name is None:
                collector.notes.append(f"{patient}: {column} is empty")
                continue
            stem = _file(name, wavs, names)
            if stem != name:
                collector.notes.append(f"{name} is the file {stem}.wav")
            path = f"train/{stem}.wav"
            if path in claimed:
                collector.problem(name, path, "train.csv lists it twice")
                continue
            claimed.add(path)
            with collector.checked(name, path, prefix=f"{patient}: "):
                cells = _cells(name, patient, person, collector.codes) | _traits(traits.get(patient, {}))
                collector.add(name, path, patient.removeprefix("patient_"), patient_id=patient, **cells)
    collector.unlisted(root, (root / "train").glob("*.[wW][aA][vV]"), claimed, "train.csv does not list it")
    return collector.table(root)


def _file(name: str, wavs: set[str], names: set[str]) -> str:
    """Stem of a listed recording's file: its name or, where that is absent, the one unlisted name it begins."""
    longer = [stem for stem in wavs - names if stem.startswith(name)]
    return longer[0] if name not in wavs and len(longer) == 1 else name


def _cells(name: str, patient: str, person: Mapping[str, str], codes: Mapping[str, Any]) -> dict[str, Any]:
    match = _NAME.fullmatch(name)
    if match is None:
        raise DataError("the name is not <class>_<patient>_<sit|sup>_<Aor|Pul|Tri|Mit>")
    flags = {column: person[column].strip() for column in CLASSES}
    present = [column for column in CLASSES if flags[column] == "1"]
    if set(flags.values()) - {"0", "1"} or not present or ("N" in present and len(present) > 1):
        raise DataError(f"labels {flags} contradict each other")
    label = present[0] if len(present) == 1 else "MD"
    if match["cls"] != label or match["patient"] != patient.removeprefix("patient_"):
        raise DataError(f"the name is not one of {label}_{patient.removeprefix('patient_')}")
    return {
        "site": codes["sites"][match["site"]],
        "diagnoses": present,
        "class_code": match["cls"],
        "posture": codes["postures"][match["posture"]],
    }


def _traits(cells: Mapping[str, str]) -> dict[str, Any]:
    age = number(cells.get("Age"), "age")
    if age is not None and age < 0:
        raise DataError(f"age is {age:g}")
    smoker, lives = text_or_none(cells.get("Smoker")), text_or_none(cells.get("Lives"))
    return {"age": age, "sex": sex(cells.get("Gender"), column="Gender"), "smoker": smoker, "lives": lives}
