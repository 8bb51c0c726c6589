"""Read the PhysioNet/CinC Challenge 2016: six sources, and their annotations where they are there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ....errors import DataError
from ....texts import AGAIN, exists, is_file, read_text
from ...collector import RowCollector
from ...spec import Table
from .annotations import Annotations, read_annotations

_CLASSES = {"-1": "Normal", "1": "Abnormal"}


def read(source: Path, collector: RowCollector) -> Table:
    """Read ``training-a`` to ``training-f`` (as far as they are here) and, if it is here, ``annotations``.

    A recording is one that a ``REFERENCE.csv`` lists; its label must be that of its header's comment.

    Raises:
        DataError: another layout, or a damaged table.
    """
    devices = collector.codes["devices"]
    here = [name for name in devices if any(source.glob(f"training-{name}")) or any(source.glob(f"*/training-{name}"))]
    root = collector.root(source, f"training-{here[0] if here else 'a'}")
    annotations = read_annotations(root)
    collector.notes += [*annotations.notes, *_copies(root)]
    for database in devices:
        folder = root / f"training-{database}"
        if not folder.is_dir():
            collector.notes.append(f"no training-{database} in this folder")
            continue
        labels = _labels(folder / "REFERENCE.csv", database)
        records = folder / "RECORDS"
        named = set(read_text(records).split()) if records.exists() else set()
        for name in sorted(named | set(labels) | {file.stem for file in folder.glob("*.[wW][aA][vV]")}):
            with collector.checked(name, f"training-{database}/{name}.wav"):
                _add(collector, folder, name, labels, annotations)
    headless = sum(row["header_label"] is None for row in collector.rows)
    if headless:
        collector.notes.append(f"{headless} recordings have no header, so REFERENCE.csv alone gives their label")
    return collector.table(root)


def _labels(file: Path, database: str) -> dict[str, str]:
    """Name -> ``-1`` or ``1``; the table has no header."""
    if not is_file(file):
        raise DataError("the table of labels is missing", where=file, remedy=AGAIN)
    labels: dict[str, str] = {}
    for number, line in enumerate(read_text(file).splitlines(), start=1):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.split(",")]
        name_is_right = re.fullmatch(rf"{database}\d{{4,5}}", cells[0]) is not None
        if (
            len(cells) != 2
            or not name_is_right
            or cells[1] not in _CLASSES
            or labels.get(cells[0], cells[1]) != cells[1]
        ):
            raise DataError(f"line {number} is damaged: {line!r}", where=file, remedy=AGAIN)
        labels[cells[0]] = cells[1]
    return labels


def _header(folder: Path, name: str) -> tuple[str | None, str | None]:
    """Label in a header's comment, and the ECG file that it lists.

    A header is ``name signals rate samples``, one line per signal, and the comment with the label.
    """
    file = folder / f"{name}.hea"
    if not exists(file):
        return None, None
    lines = [line.strip() for line in read_text(file, errors="replace").splitlines() if line.strip()]
    comments = [line.removeprefix("#").strip() for line in lines if line.startswith("#")]
    signals = [line.split() for line in lines[1:] if not line.startswith("#")]
    if not lines or lines[0].split()[0] != name or not signals:
        raise DataError("its header is damaged")
    if len(comments) != 1 or comments[0] not in _CLASSES.values():
        raise DataError(f"its header's comment {comments} is neither Normal nor Abnormal")
    ecg = [words[0] for words in signals if words[-1] == "ECG"]
    return comments[0], f"{folder.name}/{ecg[0]}" if ecg and is_file(folder / ecg[0]) else None


def _add(collector: RowCollector, folder: Path, name: str, labels: Mapping[str, str], annotations: Annotations) -> None:
    database = folder.name[-1]
    if name not in labels:
        raise DataError("REFERENCE.csv does not list it")
    label, ecg = _header(folder, name)
    if label is not None and label != _CLASSES[labels[name]]:
        raise DataError(f"REFERENCE.csv says {_CLASSES[labels[name]]}, its header {label}")
    collector.add(
        name,
        f"{folder.name}/{name}.wav",
        annotations.person(name) or name,
        device=collector.codes["devices"][database],
        database=database,
        reference=labels[name],
        header_label=label,
        ecg_file=ecg,
        sqi=annotations.sqi.get(name),
        **annotations.of(name),
    )


def _copies(root: Path) -> list[str]:
    """Say what the ``validation`` folder holds: copies of training recordings, which are not listed twice."""
    same: Counter[bool] = Counter()
    for wav in sorted((root / "validation").glob("*.[wW][aA][vV]")):
        original = root / f"training-{wav.stem[0]}" / wav.name
        with suppress(OSError):  # one that cannot be read is no recording of ours
            if wav.is_file():
                same[original.is_file() and original.read_bytes() == wav.read_bytes()] += 1
    what = {True: "copies of training recordings", False: "in no training folder"}
    return [
        f"{same[kind]} recordings of validation/ are {said} and left out" for kind, said in what.items() if same[kind]
    ]
