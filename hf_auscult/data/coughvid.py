"""COUGHVID v1: crowdsourced coughs with a cough detector's score, self-reported status and three experts' opinions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ..errors import DataError
from .builder import BodySoundBuilder
from .layout import locate
from .opera_splits import NAMES
from .opera_splits import coughvid as opera_split
from .schema import Kind, Row, text_or_none
from .spec import DatasetSpec, PaperTask, Problem, PublishedSplit, Stratum, Table, TaskConfig
from .tabular import number, read_csv, sex, years

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


def read_rows(source: Path) -> Table:
    """Read the original layout: ``metadata_compiled.csv`` beside ``<uuid>.webm`` or ``<uuid>.ogg``.

    Raises:
        DataError: another layout.
    """
    root = locate(source, TABLE, dataset="COUGHVID (the folder public_dataset)")
    present: dict[str, str] = {}
    twice: list[Problem] = []
    for file in (file for suffix in SUFFIXES for file in sorted(root.glob(f"*{suffix}"))):
        if file.stem in present:
            reason = f"the same recording as {present[file.stem]}"
            twice.append(Problem(f"{file.stem} ({file.suffix})", file.name, reason, "DataError"))
        else:
            present[file.stem] = file.name
    rows: list[Row] = []
    problems: list[Problem] = []
    listed: set[str] = set()
    for position, cells in enumerate(read_csv(root / TABLE, _REQUIRED), start=2):
        name = cells["uuid"].strip()
        listed.add(name)
        try:
            if not _UUID.fullmatch(name):
                raise DataError(f"uuid {name!r} is not one")
            rows.append(_row(name, present.get(name, f"{name}.webm"), cells))
        except DataError as error:
            problems.append(Problem(name or f"line {position}", TABLE, error.problem, "DataError"))
    orphans = [
        Problem(name, path, "the table does not list it", "DataError")
        for name, path in sorted(present.items())
        if name not in listed
    ]
    rows.sort(key=lambda row: str(row["recording_id"]))
    return Table(root, tuple(rows), (*problems, *twice, *orphans))


def _row(name: str, path: str, cells: Mapping[str, str]) -> Row:
    score = number(cells["cough_detected"], "cough_detected")
    if score is not None and not 0 <= score <= 1:
        raise DataError(f"cough_detected is {score}, not a probability")
    return {column: text_or_none(cells[column]) for column in (*_SELF_REPORT, *EXPERTS)} | {
        "path": path,
        "recording_id": name,
        "subject_id": f"coughvid:{name}",
        "site": "mouth",
        "device": None,  # whatever the volunteer's browser ran on
        "age": years(cells["age"]),
        "age_group": None,
        "sex": sex(cells["gender"]),
        "organ": "cough",
        "licence": COUGHVID.licence,
        "source": COUGHVID.name,
        "datetime": text_or_none(cells["datetime"]),
        "latitude": number(cells["latitude"], "latitude"),
        "longitude": number(cells["longitude"], "longitude"),
        "gender": text_or_none(cells["gender"]),
        "cough_detected": score,
        "cough": None if score is None else "yes" if score >= COUGH_THRESHOLD else "no",
    }


_COLUMNS: dict[str, Kind] = {
    **dict[str, Kind].fromkeys(("datetime", "gender", "cough", *_SELF_REPORT, *EXPERTS), "string"),
    **dict[str, Kind].fromkeys(("latitude", "longitude", "cough_detected"), "float"),
}

COUGHVID = DatasetSpec(
    name="coughvid",
    title="COUGHVID: crowdsourced coughs",
    version="1 (20,072 recordings)",
    organ="cough",
    licence="CC-BY-4.0",
    licence_tag="cc-by-4.0",
    licence_note="Creative Commons Attribution 4.0.",
    citation=(
        "L. Orlandic, T. Teijeiro, D. Atienza, The COUGHVID crowdsourcing dataset, a corpus for the study of "
        "large-scale cough analysis algorithms, Scientific Data 8:156, 2021."
    ),
    source_url="https://zenodo.org/records/4048312",
    columns=_COLUMNS,
    tasks=(
        TaskConfig("recordings"),
        TaskConfig(
            "covid",
            column="status",
            classes=("healthy", "COVID-19"),
            rule={"healthy": "healthy", "COVID-19": "COVID-19"},
            left_out=("symptomatic", None),
            why_left_out="the volunteer reported symptoms without a diagnosis, or nothing",
            keep={"cough": ("yes",)},
            paper=(
                PaperTask("acula18", "T3", {"COVID-19": 547, "healthy": 5628}, note="OPERA's rule and lists, exact"),
                PaperTask(
                    "covid_balanced",
                    "COUGHVID",
                    note=(
                        "2,160 recordings after balancing by age and sex, more than twice version 1's COVID-19 cases "
                        "with known age and sex: the report used a later release; it states neither release nor bands"
                    ),
                ),
            ),
        ),
        TaskConfig(
            "gender",
            column="gender",
            classes=("male", "female"),
            rule={"male": "male", "female": "female"},
            left_out=("other", None),
            why_left_out="neither female nor male was reported",
            keep={"cough": ("yes",)},
            paper=(PaperTask("acula18", "T4", {"female": 2468, "male": 4795}, note="OPERA's rule and lists, exact"),),
        ),
    ),
    strata=(
        Stratum("status", (("COVID-19",), ("symptomatic",), ("healthy",))),
        Stratum("gender", (("female",), ("male",))),
    ),
    has_subject_ids=False,
    subject_warning=(
        "Nobody is named: every upload counts as its own person. Whoever uploaded twice may stand on two sides."
    ),
    read=read_rows,
    recordings=20_072,
    published={"opera": PublishedSplit(NAMES, opera_split, source="evelyn0414/OPERA, coughvid_split.py")},
    traps=(
        f"The tasks take recordings with `cough_detected` >= {COUGH_THRESHOLD} only (`cough` is `yes`), 10,746 of "
        "20,072; the rest may hold speech, noise or nothing.",
        "Status, age and gender are the volunteer's own words, missing for 44 %; no test result stands behind them.",
        "Columns ending in `_1`, `_2`, `_3` are three experts' opinions of 820 recordings each, who disagree: they "
        "diagnose COVID-19 in 279, 285 and 1.",
        "webm files written by a browser have no duration in their header; they need FFmpeg (extra `codec`).",
    ),
)


class CoughVID(BodySoundBuilder):
    """COUGHVID v1: configs ``recordings``, ``covid`` and ``gender``."""

    SPEC = COUGHVID
    BUILDER_CONFIGS = BodySoundBuilder.configs(COUGHVID)
    DEFAULT_CONFIG_NAME = "recordings"
