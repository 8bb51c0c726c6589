"""SSBPR: snoring of sleep apnoea patients, with the position in which they lie."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ..errors import DataError
from .builder import BodySoundBuilder
from .schema import SEXES, Row
from .spec import DatasetSpec, Problem, Stratum, Table, TaskConfig

POSITIONS: Mapping[str, str] = {
    "0": "supine",
    "1": "supine, left lateral head",
    "2": "supine, right lateral head",
    "3": "left-side lying",
    "4": "right-side lying",
    "5": "prone",
}
_NAME = re.compile(r"(?P<a>[^-]+)-(?P<b>.+)-(?P<position>[0-5])")


def read_rows(source: Path) -> Table:
    """Read the original layout: ``female/`` and ``male/``, with ``A-B-C.wav`` at any depth, C the position.

    Raises:
        DataError: another layout.
    """
    root = _root(source)
    rows: list[Row] = []
    problems: list[Problem] = []
    for sex in SEXES:
        for file in sorted((root / sex).rglob("*.wav")):
            path = file.relative_to(root).as_posix()
            match = _NAME.fullmatch(file.stem)
            if match is None:
                name = path.removesuffix(".wav").replace("/", "_")
                problems.append(Problem(name, path, "the name is not A-B-<position 0-5>", "DataError"))
            else:
                rows.append(_row(path, sex, match))
    if not rows:
        raise DataError("no recording of SSBPR's names", where=root, remedy="ask the authors for the dataset again")
    patients = {row["subject_id"] for row in rows}
    pairs = {(row["subject_id"], row["field_b"]) for row in rows}
    notes = (f"{len(patients)} different A (taken as patients) and {len(pairs)} different A-B in the file names",)
    return Table(root, tuple(rows), tuple(problems), notes)


def _root(source: Path) -> Path:
    if not source.is_dir():
        raise DataError("no such folder", where=source, remedy="point at the folder of SSBPR")
    for folder in (source, *sorted(folder for folder in source.iterdir() if folder.is_dir())):
        if all((folder / sex).is_dir() for sex in SEXES):
            return folder
    raise DataError(
        "not the layout of SSBPR: no folders female and male", where=source, remedy="point at the folder of SSBPR"
    )


def _row(path: str, sex: str, match: re.Match[str]) -> Row:
    return {
        "path": path,
        "recording_id": path.removesuffix(".wav").replace("/", "_"),
        "subject_id": f"ssbpr:{sex}_{match['a']}",
        "site": None,  # a microphone in the room
        "device": None,
        "age": None,
        "age_group": None,
        "sex": sex,
        "organ": "breath",
        "licence": SSBPR.licence,
        "source": SSBPR.name,
        "field_a": match["a"],
        "field_b": match["b"],
        "position": POSITIONS[match["position"]],
    }


_KEPT = tuple(name for number, name in POSITIONS.items() if number != "5")

SSBPR = DatasetSpec(
    name="ssbpr",
    title="SSBPR: snore-based sleep body position recognition",
    version="Interspeech 2023 (7,570 recordings)",
    organ="breath",
    licence="CC-BY-4.0",
    licence_tag="cc-by-4.0",
    licence_note="As OPERA lists it; the authors give the data on request.",
    citation=(
        "L. Xiao et al., A Snoring Sound Dataset for Body Position Recognition: Collection, Annotation, and Analysis, "
        "Interspeech 2023, 5416-5420."
    ),
    source_url="https://github.com/xiaoli1996/SSBPR",
    columns={"field_a": "string", "field_b": "string", "position": "string"},
    tasks=(
        TaskConfig("recordings"),
        TaskConfig(
            "position",
            column="position",
            classes=_KEPT,
            rule={name: name for name in _KEPT},
            left_out=("prone",),
            why_left_out="too few snores in this position; OPERA leaves them out too",
        ),
    ),
    strata=(Stratum("position", tuple((name,) for name in reversed(tuple(POSITIONS.values())))),),
    has_subject_ids=False,
    subject_warning=(
        "Names are `A-B-C.wav`; the description says that A and B indicate the patient and C the position, not which "
        "of the two does. `subject_id` is A within a sex. If one patient has several A, they may stand on two sides."
    ),
    read=read_rows,
    recordings=7_570,
    traps=(
        "OPERA splits by recording (60/20/20 %, stratified by position): its test snores come from patients, and "
        "nights, that it was trained on.",
        "Nobody here has seen the files: compare the number of different A with the number of patients in the paper "
        "before trusting a split; the reader notes both counts.",
    ),
)


class SSBPRBuilder(BodySoundBuilder):
    """SSBPR: configs ``recordings`` and ``position``."""

    SPEC = SSBPR
    BUILDER_CONFIGS = BodySoundBuilder.configs(SSBPR)
    DEFAULT_CONFIG_NAME = "recordings"
