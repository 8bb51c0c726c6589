"""Read the bowel sounds of Ficek et al.: two-second pieces, with every sound's start and end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ....errors import DataError
from ....texts import is_file
from ...collector import RowCollector
from ...schema import text_or_none
from ...spec import Table
from ...tabular import number, read_csv

_NAME = re.compile(r"(?P<piece>\d+)_(?P<recording>.+)")
_CODE = re.compile(r"[^\W\d_]+")
EVENT = "bowel sound"
"""Type of an event of which the annotators named no category."""


def read(source: Path, collector: RowCollector) -> Table:
    """Read the original layout: ``files.csv``, and beside it ``<piece>_<recording>.wav`` with ``.csv`` of its sounds.

    Raises:
        DataError: another layout.
    """
    root = collector.root(source, "files.csv")
    listed: set[str] = set()
    for cells in read_csv(root / "files.csv", ("filename", "train/test", "sounds_amount")):
        name = cells["filename"].strip()
        listed.add(name)
        with collector.checked(Path(name).stem or "(no name)", name):
            _add(collector, root, name, cells)
    collector.unlisted(root, root.glob("*.wav"), listed, "files.csv does not list it")
    return collector.table(root)


def _add(collector: RowCollector, root: Path, name: str, cells: Mapping[str, str]) -> None:
    match = _NAME.fullmatch(name.removesuffix(".wav"))
    if match is None or not name.endswith(".wav") or Path(name).name != name:
        raise DataError("filename is not <piece>_<recording>.wav")
    split = cells["train/test"].strip().lower()
    if split not in ("train", "test"):
        raise DataError(f"train/test is {cells['train/test']!r}")
    amount = number(cells["sounds_amount"], "sounds_amount")
    if amount is None or amount < 0 or amount != int(amount):
        raise DataError(f"sounds_amount is {cells['sounds_amount']!r}, not a count")
    events = _events(root / f"{match[0]}.csv", collector.notes)
    if events is not None and len(events) != amount:
        collector.notes.append(f"{match[0]}: files.csv counts {amount:g} sounds, its own table {len(events)}")
    code = _CODE.match(match["recording"])
    collector.add(
        match[0],
        name,
        (code[0] if code else match["recording"]).lower(),
        recording=match["recording"],
        kfold=text_or_none(cells.get("kfold")),
        sounds_amount=amount,
        bowel_sound="present" if amount else "absent",
        events=events,
        official_split=split,
    )


def _events(file: Path, notes: list[str]) -> list[dict[str, float | str]] | None:
    """Sounds of one piece, seconds from its start; None where their table is missing or damaged."""
    if not is_file(file):
        notes.append(f"{file.stem}: no table of its sounds")
        return None
    events: list[dict[str, float | str]] = []
    try:
        for line in read_csv(file, ("start", "end")):
            start, end = number(line["start"], "start"), number(line["end"], "end")
            if start is None or end is None or end <= max(start, 0):
                raise DataError(f"a sound from {line['start']!r} to {line['end']!r}")
            # A sound cut by the piece's edge begins before it.
            kind = text_or_none(line.get("category")) or EVENT
            events.append({"start": max(start, 0.0), "end": end, "type": kind})
    except DataError as error:
        notes.append(f"{file.stem}: its table of sounds is damaged ({error.problem}), so it has no events")
        return None
    return events
