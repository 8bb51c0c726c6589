"""Bowel sounds of Ficek et al.: two-second pieces of abdominal recordings, with every sound's start and end."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import DataError
from .builder import BodySoundBuilder
from .layout import locate
from .schema import Row, text_or_none
from .spec import DatasetSpec, PaperTask, Problem, PublishedSplit, Stratum, Table, TaskConfig
from .tabular import number, read_csv

_NAME = re.compile(r"(?P<piece>\d+)_(?P<recording>.+)")
_CODE = re.compile(r"[^\W\d_]+")
EVENT = "bowel sound"
"""Type of an event of which the annotators named no category."""


def read_rows(source: Path) -> Table:
    """Read the original layout: ``files.csv``, and beside it ``<piece>_<recording>.wav`` with ``.csv`` of its sounds.

    Raises:
        DataError: another layout.
    """
    root = locate(source, "files.csv", dataset="the bowel sounds of Ficek et al.")
    rows: list[Row] = []
    problems: list[Problem] = []
    notes: list[str] = []
    listed: set[str] = set()
    for cells in read_csv(root / "files.csv", ("filename", "train/test", "sounds_amount")):
        name = cells["filename"].strip()
        listed.add(name)
        try:
            rows.append(_row(root, name, cells, notes))
        except DataError as error:
            problems.append(Problem(Path(name).stem or "(no name)", name, error.problem, "DataError"))
    problems += [
        Problem(file.stem, file.name, "files.csv does not list it", "DataError")
        for file in sorted(root.glob("*.wav"))
        if file.name not in listed
    ]
    rows.sort(key=lambda row: str(row["recording_id"]))
    return Table(root, tuple(rows), tuple(problems), tuple(notes))


def _row(root: Path, name: str, cells: Mapping[str, str], notes: list[str]) -> Row:
    match = _NAME.fullmatch(name.removesuffix(".wav"))
    if match is None or not name.endswith(".wav") or Path(name).name != name:
        raise DataError("filename is not <piece>_<recording>.wav")
    split = cells["train/test"].strip().lower()
    if split not in ("train", "test"):
        raise DataError(f"train/test is {cells['train/test']!r}")
    amount = number(cells["sounds_amount"], "sounds_amount")
    if amount is None or amount < 0 or amount != int(amount):
        raise DataError(f"sounds_amount is {cells['sounds_amount']!r}, not a count")
    events = _events(root / f"{match[0]}.csv", notes)
    if events is not None and len(events) != amount:
        notes.append(f"{match[0]}: files.csv counts {amount:g} sounds, its own table {len(events)}")
    code = _CODE.match(match["recording"])
    return {
        "path": name,
        "recording_id": match[0],
        "subject_id": f"bowel:{(code[0] if code else match['recording']).lower()}",
        "site": "abdomen",
        "device": None,
        "age": None,
        "age_group": None,
        "sex": None,
        "organ": "bowel",
        "licence": BOWEL.licence,
        "source": BOWEL.name,
        "recording": match["recording"],
        "kfold": text_or_none(cells.get("kfold")),
        "sounds_amount": amount,
        "bowel_sound": "present" if amount else "absent",
        "events": events,
        "official_split": split,
    }


def _events(file: Path, notes: list[str]) -> list[dict[str, float | str]] | None:
    """Sounds of one piece, seconds from its start; None where their table is missing or damaged."""
    if not file.is_file():
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


def _official(rows: Sequence[Row]) -> dict[str, str]:
    return {row["recording_id"]: row["official_split"] for row in rows}


_LEAKS = (
    "the recordings of 19 people were cut into two-second pieces, mixed, and 15 % of the pieces drawn for the test, so "
    "everybody is on both sides"
)

BOWEL = DatasetSpec(
    name="bowel",
    title="Bowel sounds of Ficek et al.",
    version="Kaggle robertnowak/bowel-sounds (1,606 pieces of 2 s)",
    organ="bowel",
    licence="CC-BY-NC-4.0",
    licence_tag="cc-by-nc-4.0",
    licence_note="Not for commercial use.",
    citation=(
        "J. Ficek, K. Radzikowski, J. K. Nowak, O. Yoshie, J. Walkowiak, R. Nowak, Analysis of Gastrointestinal "
        "Acoustic Activity Using Deep Neural Networks, Sensors 21(22):7602, 2021."
    ),
    source_url="https://www.kaggle.com/datasets/robertnowak/bowel-sounds",
    columns={
        "recording": "string",
        "kfold": "string",
        "sounds_amount": "float",
        "bowel_sound": "string",
        "events": "events",
        "official_split": "string",
    },
    tasks=(
        TaskConfig("recordings"),
        TaskConfig(
            "bowel_sound",
            column="bowel_sound",
            classes=("absent", "present"),
            rule={"absent": "absent", "present": "present"},
            paper=(PaperTask("auscultabench16", "T9", {"present": 1283, "absent": 323}),),
        ),
        TaskConfig("sounds_amount", column="sounds_amount", target="value"),
    ),
    strata=(Stratum("bowel_sound", (("absent",), ("present",))),),
    has_subject_ids=False,
    subject_warning=(
        "The distribution does not say who is who. Source recordings are named by a code word (`agrest`, "
        "`poziomka`, …), about one for each of the 19 people; `subject_id` is that word. One person under two words "
        "cannot be ruled out."
    ),
    read=read_rows,
    recordings=1_606,
    published={"auscultabench": PublishedSplit(("train", "test"), _official, leaks=_LEAKS, source="AuscultaBench T9")},
    official=("train", "test"),
    official_leaks=_LEAKS,
    traps=(
        "Pieces of one recording follow each other without a gap, and stand in training and test alike in the authors' "
        "split.",
        "A sound that a cut divides begins before 0 s or ends after the piece; starts are set to 0.",
        "Sounds last 10 to 50 ms mostly; a piece is `present` if one of them was heard in two seconds.",
    ),
)


class Bowel(BodySoundBuilder):
    """Bowel sounds: configs ``recordings``, ``bowel_sound`` and ``sounds_amount``."""

    SPEC = BOWEL
    BUILDER_CONFIGS = BodySoundBuilder.configs(BOWEL)
    DEFAULT_CONFIG_NAME = "recordings"
