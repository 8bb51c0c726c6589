"""Read COUGHVID v1."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ....errors import DataError
from ...collector import RowCollector
from ...opera_splits import check_complete, halves
from ...schema import Row, text_or_none
from ...spec import Table
from ...tabular import number, read_csv, sex, years

COUGH_THRESHOLD = 0.8
"""Score of the authors' detector from which a recording holds a cough; the rule of the authors and of OPERA."""

TABLE = "metadata_compiled.csv"
SUFFIXES = (".webm", ".ogg", ".wav")
_SELF_REPORT = ("respiratory_condition", "fever_muscle_pain", "status")
_SOUNDS = ("dyspnea", "wheezing", "stridor", "choking", "congestion", "nothing")
EXPERTS: tuple[str, ...] = tuple(
    f"{name}_{expert}" for expert in (1, 2, 3) for name in ("quality", "cough_type", *_SOUNDS, "diagnosis", "severity")
)
_REQUIRED = ("uuid", "datetime", "cough_detected", "latitude", "longitude", "age", "gender", *_SELF_REPORT, *EXPERTS)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OPERA_COUGHS, _OPERA_TEST = 10_746, {"female": 1031, "male": 1924}


def read(source: Path, collector: RowCollector) -> Table:
    """Read the original layout: ``metadata_compiled.csv`` beside ``<uuid>.webm`` or ``<uuid>.ogg``.

    Raises:
        DataError: another layout.
    """
    root = collector.root(source, TABLE)
    present: dict[str, str] = {}
    for file in (file for suffix in SUFFIXES for file in sorted(root.glob(f"*{suffix}"))):
        if file.stem in present:
            collector.problem(f"{file.stem} ({file.suffix})", file.name, f"the same recording as {present[file.stem]}")
        else:
            present[file.stem] = file.name
    listed: set[str] = set()
    for line, cells in enumerate(read_csv(root / TABLE, _REQUIRED), start=2):
        name = cells["uuid"].strip()
        listed.add(name)
        with collector.checked(name or f"line {line}", TABLE):
            if not _UUID.fullmatch(name):
                raise DataError(f"uuid {name!r} is not one")
            collector.add(name, present.get(name, f"{name}.webm"), name, **_cells(cells))
    for name, path in sorted(present.items()):
        if name not in listed:
            collector.problem(name, path, "the table does not list it")
    return collector.table(root)


def _cells(cells: Mapping[str, str]) -> Row:
    score = number(cells["cough_detected"], "cough_detected")
    if score is not None and not 0 <= score <= 1:
        raise DataError(f"cough_detected is {score}, not a probability")
    return {column: text_or_none(cells[column]) for column in ("datetime", "gender", *_SELF_REPORT, *EXPERTS)} | {
        "age": years(cells["age"]),
        "sex": sex(cells["gender"]),
        "latitude": number(cells["latitude"], "latitude"),
        "longitude": number(cells["longitude"], "longitude"),
        "cough_detected": score,
        "cough": None if score is None else "yes" if score >= COUGH_THRESHOLD else "no",
    }


def opera_split(rows: Sequence[Row]) -> dict[str, str]:
    """Draw OPERA's split of COUGHVID: 5,843 / 1,948 / 2,955 recordings with ``cough_detected`` >= 0.8.

    Raises:
        ConfigurationError: the table is not the complete one of version 1.
    """
    import numpy as np

    coughs = sorted((row for row in rows if row["cough"] == "yes"), key=lambda row: str(row["recording_id"]))
    check_complete("COUGHVID v1", len(coughs), _OPERA_COUGHS)
    test: set[str] = set()
    for gender, count in _OPERA_TEST.items():
        names = [str(row["recording_id"]) for row in coughs if row["gender"] == gender]
        test |= {names[index] for index in np.random.RandomState(0).choice(len(names), count, replace=False)}
    rest = [str(row["recording_id"]) for row in coughs if row["recording_id"] not in test]
    return halves(rest, share=0.25, seed=100) | dict.fromkeys(test, "test")
