"""Coswara: nine recordings each of breath, cough and voice, crowdsourced, with health status and quality labels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..errors import DataError
from .builder import BodySoundBuilder
from .layout import locate
from .opera_splits import NAMES
from .opera_splits import coswara as opera_split
from .schema import Kind, Row
from .spec import DatasetSpec, PaperTask, Problem, PublishedSplit, Stratum, Table, TaskConfig
from .tabular import read_csv, sex, years

ORGAN_OF: Mapping[str, str] = {
    "breathing-deep": "breath",
    "breathing-shallow": "breath",
    "cough-heavy": "cough",
    "cough-shallow": "cough",
    "counting-fast": "voice",
    "counting-normal": "voice",
    "vowel-a": "voice",
    "vowel-e": "voice",
    "vowel-o": "voice",
}
"""Modality -> what is heard; every person was asked for all nine."""

PARTNER: Mapping[str, str] = {
    "breathing-deep": "breathing-shallow",
    "breathing-shallow": "breathing-deep",
    "cough-heavy": "cough-shallow",
    "cough-shallow": "cough-heavy",
}
UNREADABLE: frozenset[str] = frozenset({"C7Km0KttQRMMM6UoyocajfgZAOB3", "kgjTguvo3vZJTO7F1qO9GxEicbA3"})
"""People of whom OPERA found a breathing-shallow or cough-heavy file that does not decode, and left out."""

_RENAMED = {
    **{"ep": "english_proficient", "g": "gender", "l_c": "country", "l_l": "locality", "l_s": "state"},
    **{"rU": "returning_user", "ht": "hypertension", "mp": "muscle_pain", "um": "using_mask", "vacc": "vaccinated"},
    **{"ctDate": "ct_date", "ctScan": "ct_scan", "ctScore": "ct_score", "testType": "test_type"},
    **{"bd": "breathing_difficulties", "ftg": "fatigue", "st": "sore_throat", "cld": "chronic_lung_disease"},
    **{"ihd": "ischemic_heart_disease", "others_resp": "other_respiratory", "others_preexist": "other_preexisting"},
}
_NAMED = (
    *("covid_status", "record_date", "smoker", "cold", "diabetes", "cough", "diarrhoea", "fever", "loss_of_smell"),
    *("test_date", "test_status", "asthma", "pneumonia"),
)
COLUMNS: Mapping[str, str] = {name: name for name in _NAMED} | _RENAMED
"""Column of ``combined_data.csv`` -> prepared column, after the distribution's legend; cells stay as written."""


def read_rows(source: Path) -> Table:
    """Read the original layout: ``combined_data.csv``, ``annotations/`` and the extracted ``Extracted_data/``.

    A recording is listed where it was annotated or where its file is there. The folder of a person's date is the one
    that exists, or else the one whose daily table names the person.

    Raises:
        DataError: another layout, or archives that were not extracted.
    """
    root = locate(source, "combined_data.csv", dataset="Coswara")
    people = _people(root / "combined_data.csv")
    quality, notes = _quality(root)
    folders, problems = _folders(root, set(people))
    if not folders and any(root.glob("2*/*.tar.gz*")):
        raise DataError(
            "the archives are not extracted", where=root, remedy="run the distribution's extract_data.py, then prepare"
        )
    dates = _dates(root, set(people), notes)
    rows: list[Row] = []
    for person, cells in sorted(people.items()):
        folder = folders.get(person) or _expected(person, cells, dates)
        for modality in ORGAN_OF:
            path = f"{folder}/{modality}.wav"
            labels = quality[modality]
            if labels is None or person in labels or (root / path).is_file():
                rows.append(_row(person, cells, modality, path, quality))
    return Table(root, tuple(rows), tuple(problems), tuple(notes))


def _people(file: Path) -> dict[str, dict[str, str]]:
    """Person -> cells, with the person's line: published splits follow the table's order."""
    people: dict[str, dict[str, str]] = {}
    for line, cells in enumerate(read_csv(file, ("id", "a", *COLUMNS)), start=2):
        person = cells["id"].strip()
        if not person or person in people:
            raise DataError(f"line {line} repeats person {person!r}", where=file, remedy="download it again")
        people[person] = {**cells, "table_line": str(line)}
    return people


def _quality(root: Path) -> tuple[dict[str, dict[str, str] | None], list[str]]:
    """Modality -> person -> quality label; None where the table is missing."""
    labels: dict[str, dict[str, str] | None] = {}
    notes: list[str] = []
    for modality in ORGAN_OF:
        file = root / "annotations" / f"{modality}_labels.csv"
        if not file.is_file():
            labels[modality] = None
            notes.append(f"annotations/{file.name} is missing, so {modality} has no quality and is in no task")
            continue
        rows = read_csv(file, ("FILENAME", "QUALITY"))
        labels[modality] = {
            row["FILENAME"].strip().removesuffix(f"_{modality}"): row["QUALITY"].strip() for row in rows
        }
    return labels, notes


def _folders(root: Path, people: set[str]) -> tuple[dict[str, str], list[Problem]]:
    """Person -> folder of their recordings, and the recordings that no table accounts for."""
    folders: dict[str, str] = {}
    problems: list[Problem] = []
    for folder in sorted((root / "Extracted_data").glob("*/*")):
        if not folder.is_dir():
            continue
        path = folder.relative_to(root).as_posix()
        reason = ""
        if folder.name not in people:
            reason = "combined_data.csv does not list this person"
        elif folder.name in folders:
            reason = f"the person has recordings in {folders[folder.name]} too"
        else:
            folders[folder.name] = path
        for wav in sorted(folder.glob("*.wav")):
            why = reason or ("" if wav.stem in ORGAN_OF else "none of the nine recordings")
            if why:
                name = f"{folder.parent.name}_{folder.name}_{wav.stem}"
                problems.append(Problem(name, f"{path}/{wav.name}", why, "DataError"))
    return folders, problems


def _dates(root: Path, people: set[str], notes: list[str]) -> dict[str, str]:
    """Person -> date of the daily table that names them; daily tables have other columns than the combined one."""
    dates: dict[str, str] = {}
    strangers = 0
    for file in sorted(root.glob("2*/2*.csv")):
        for row in read_csv(file, ("id",)):
            person = row["id"].strip()
            strangers += person not in people
            dates.setdefault(person, file.stem)
    if strangers:
        notes.append(f"{strangers} lines of the daily tables name people whom combined_data.csv does not list")
    return dates


def _expected(person: str, cells: Mapping[str, str], dates: Mapping[str, str]) -> str:
    date = dates.get(person) or cells["record_date"].strip().replace("-", "")
    return f"Extracted_data/{date}/{person}"


def _row(
    person: str, cells: Mapping[str, str], modality: str, path: str, quality: Mapping[str, Mapping[str, str] | None]
) -> Row:
    row: Row = {column: cells[name].strip() or None for name, column in COLUMNS.items()}  # "na" is a word of the legend
    partner = PARTNER.get(modality)
    # OPERA takes a person only where both takes of a kind can be used, so that its two halves hold the same people.
    other = None if partner is None or person in UNREADABLE else (quality[partner] or {}).get(person)
    return row | {
        "path": path,
        "recording_id": f"{person}_{modality}",
        "subject_id": f"coswara:{person}",
        "site": "mouth",
        "device": None,  # whatever the volunteer's browser ran on
        "age": years(cells["a"]),
        "age_group": None,
        "sex": sex(cells["g"]),
        "organ": ORGAN_OF[modality],
        "licence": COSWARA.licence,
        "source": COSWARA.name,
        "person_id": person,
        "table_line": int(cells["table_line"]),
        "modality": modality,
        "quality": (quality[modality] or {}).get(person),
        "partner_quality": other,
    }


_SMOKER = dict.fromkeys(("y", "True", "TRUE"), "smoker") | dict.fromkeys(("n", "False", "FALSE"), "non-smoker")
_POSITIVE = ("positive_mild", "positive_moderate", "positive_asymp")
_NEGATIVE = ("healthy", "no_resp_illness_exposed", "resp_illness_not_identified")
_USABLE = ("1", "2")
_OPERA = "evelyn0414/OPERA, coswara_processing.py and linear_eval.py with --mapgoogle"


def _paired(name: str, modality: str, column: str, printed: PaperTask | None) -> TaskConfig:
    """OPERA's tasks: only people both of whose coughs are usable."""
    smoking = column == "smoker"
    return TaskConfig(
        name,
        column=column,
        classes=("non-smoker", "smoker") if smoking else ("male", "female"),
        rule=_SMOKER if smoking else {"male": "male", "female": "female"},
        left_out=(None,) if smoking else ("other", None),
        why_left_out="the person did not say" if smoking else "neither female nor male was reported",
        keep={"modality": (modality,), "quality": _USABLE, "partner_quality": _USABLE},
        paper=() if printed is None else (printed,),
    )


COSWARA = DatasetSpec(
    name="coswara",
    title="Coswara: breath, cough and voice sounds",
    version="combined_data.csv of 2,746 people (up to 2022-02-24)",
    organ="cough",
    licence="CC-BY-4.0",
    licence_tag="cc-by-4.0",
    licence_note="Copyright (c) 2021 LEAP Lab, Indian Institute of Science, Bangalore.",
    citation=(
        "D. Bhattacharya et al., Coswara: a respiratory sounds and symptoms dataset for remote screening of SARS-CoV-2 "
        "infection, Scientific Data 10:397, 2023; N. Sharma et al., Coswara - a database of breathing, cough, and "
        "voice sounds for COVID-19 diagnosis, Interspeech 2020."
    ),
    source_url="https://github.com/iiscleap/Coswara-Data",
    columns=dict[str, Kind].fromkeys(
        ("person_id", "modality", "quality", "partner_quality", *COLUMNS.values()), "string"
    ),
    tasks=(
        TaskConfig("recordings"),
        _paired(
            "smoker",
            "cough-shallow",
            "smoker",
            PaperTask("acula18", "T6", {"smoker": 201, "non-smoker": 747}, note="OPERA's rule, exact"),
        ),
        _paired(
            "gender",
            "cough-shallow",
            "gender",
            PaperTask("acula18", "T7", {"female": 759, "male": 1737}, note="OPERA's rule, exact"),
        ),
        _paired("smoker_heavy", "cough-heavy", "smoker", None),
        _paired("gender_heavy", "cough-heavy", "gender", None),
        TaskConfig(
            "covid",
            column="covid_status",
            classes=("negative", "positive"),
            rule=dict.fromkeys(_POSITIVE, "positive") | dict.fromkeys(_NEGATIVE, "negative"),
            left_out=("recovered_full", "under_validation", None),
            why_left_out="recovered, or the test result was being validated",
            keep={"modality": ("cough-shallow",), "quality": _USABLE},
            paper=(
                PaperTask(
                    "covid_balanced",
                    "Coswara",
                    note=(
                        "1,219 recordings after balancing by age and sex; the report states neither bands nor which "
                        "recordings. This cohort gives 1,222 with ten-year bands"
                    ),
                ),
            ),
        ),
    ),
    strata=(
        Stratum("covid_status", (_POSITIVE, ("recovered_full", "under_validation"), _NEGATIVE)),
        Stratum("gender", (("female",), ("male",))),
        Stratum("smoker", (("y", "True", "TRUE"), ("n", "False", "FALSE"))),
    ),
    has_subject_ids=True,
    read=read_rows,
    recordings=24_712,
    published={
        "opera_smoker": PublishedSplit(
            NAMES, opera_split("smoker", {word: name == "smoker" for word, name in _SMOKER.items()}), source=_OPERA
        ),
        "opera_gender": PublishedSplit(NAMES, opera_split("gender", {"female": True, "male": False}), source=_OPERA),
    },
    traps=(
        "`quality` is 0 (bad), 1 or 2, by one listener; the tasks take 1 and 2. The annotation tables' header is "
        "`FILENAME, QUALITY`, with a blank.",
        "`partner_quality` is the quality of the person's other take of the kind (heavy and shallow cough, deep and "
        "shallow breath). OPERA's tasks, and so `smoker` and `gender` here, need both usable; they leave out two more "
        "people, a file of each of whom does not decode (null `partner_quality`), and one without a cough-shallow.",
        "Booleans are written `True`, `TRUE`, `y`; columns hold them as written. A missing `smoker` (60 %) is no "
        "answer, not a no.",
        "63 people say that they took part before (`returning_user` is `y`); nothing links them to their earlier "
        "id, so the same person can have two subject ids.",
        "Daily tables have other columns than `combined_data.csv`, which alone is read; they only say in which folder "
        "a missing person would be. A folder's date is not always the `record_date`.",
        "Status and tests are the volunteer's own words; 1,135 of 1,433 healthy people report no test. 7 % of the "
        "people of 2020 are positive, 42 % of 2021 and 51 % of 2022: the date, and whatever goes with it, tells the "
        "label. `test_status` is p, n, na (no test taken) or ut (under validation).",
    ),
)


class Coswara(BodySoundBuilder):
    """Coswara: configs ``recordings``, ``smoker``, ``gender``, ``smoker_heavy``, ``gender_heavy`` and ``covid``."""

    SPEC = COSWARA
    BUILDER_CONFIGS = BodySoundBuilder.configs(COSWARA)
    DEFAULT_CONFIG_NAME = "recordings"
