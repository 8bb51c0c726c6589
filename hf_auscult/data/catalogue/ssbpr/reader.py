"""Read SSBPR, whose file names hold the patient and the position."""

from __future__ import annotations

import re
from pathlib import Path

from ....errors import DataError
from ...collector import RowCollector, folder_of
from ...schema import SEXES
from ...spec import Table

_NAME = re.compile(r"(?P<a>[^-]+)-(?P<b>.+)-(?P<position>[0-5])")


def read(source: Path, collector: RowCollector) -> Table:
    """Read the original layout: ``female/`` and ``male/``, with ``A-B-C.wav`` at any depth, C the position.

    Raises:
        DataError: another layout.
    """
    root = _root(source)
    for sex in SEXES:
        for file in sorted((root / sex).rglob("*.[wW][aA][vV]")):
            path = file.relative_to(root).as_posix()
            name = path[: -len(file.suffix)].replace("/", "_")
            match = _NAME.fullmatch(file.stem)
            if match is None:
                collector.problem(name, path, "the name is not A-B-<position 0-5>")
                continue
            fields = {"field_a": match["a"], "field_b": match["b"]}
            position = collector.codes["positions"][match["position"]]
            collector.add(name, path, f"{sex}_{match['a']}", sex=sex, position=position, **fields)
    if not collector.rows:
        raise DataError("no recording of SSBPR's names", where=root, remedy="ask the authors for the dataset again")
    patients = {row["subject_id"] for row in collector.rows}
    pairs = {(row["subject_id"], row["field_b"]) for row in collector.rows}
    collector.notes.append(
        f"{len(patients)} different A (taken as patients) and {len(pairs)} different A-B in the file names"
    )
    return collector.table(root)


def _root(source: Path) -> Path:
    folder_of(source, dataset="SSBPR")
    for folder in (source, *sorted(folder for folder in source.iterdir() if folder.is_dir())):
        if all((folder / sex).is_dir() for sex in SEXES):
            return folder
    raise DataError(
        "not the layout of SSBPR: no folders female and male", where=source, remedy="point at the folder of SSBPR"
    )
