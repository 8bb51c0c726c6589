"""KAUH: lung sounds of 112 people at King Abdullah University Hospital, every take in three filter settings."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

from ..errors import DataError
from .builder import BodySoundBuilder
from .schema import Row
from .spec import DatasetSpec, PaperTask, Problem, PublishedSplit, Stratum, Table, TaskConfig

FILTERS: Mapping[str, str] = {"B": "bell", "D": "diaphragm", "E": "extended"}
DISEASES: Mapping[str, str] = {
    "n": "normal",
    "asthma": "asthma",
    "pneumonia": "pneumonia",
    "copd": "COPD",
    "bron": "bronchitis",
    "heart failure": "heart failure",
    "lung fibrosis": "lung fibrosis",
    "plueral effusion": "pleural effusion",
    "pleural effusion": "pleural effusion",
}
"""Diagnosis as the file names spell it, in lower case -> one spelling."""
SOUNDS: Mapping[str, str] = {
    "N": "normal",
    "Crep": "crepitation",
    "E W": "wheeze",
    "I E W": "wheeze",
    "C": "crackle",
    "I C": "crackle",
    "Bronchial": "bronchial",
    "I C E W": "wheeze + crackle",
    "I C B": "bronchial + crackle",
}
"""Sound type as the file names write it (I, E: inspiratory, expiratory) -> what is heard."""
FOLDERS: tuple[str, ...] = ("AudioFiles", "Audio Files", "wav")
PEOPLE = 112
_NAME = re.compile(
    r"(?P<filter>[BDE])P(?P<patient>\d+)_(?P<diagnosis>[^,]+),(?P<sound>[^,]+),(?P<location>[^,]+)"
    r",(?P<age>\d+),(?P<sex>[MF])\s*"
)
_SEXES = {"F": "female", "M": "male"}
_SIDES = {("A", "L"): "left anterior", ("A", "R"): "right anterior", ("P", "L"): "left posterior"} | {
    ("P", "R"): "right posterior"
}


def read_rows(source: Path) -> Table:
    """Read the original layout: a folder ``AudioFiles`` whose file names hold everything that is known.

    A person of whom only one or two of the three filter copies are here has rows for all three, so that the others
    are reported as missing.

    Raises:
        DataError: no folder with such files.
    """
    root, folder = _locate(source)
    rows: dict[str, Row] = {}
    problems: list[Problem] = []
    people: dict[int, dict[str, str]] = defaultdict(dict)
    for file in sorted((root / folder).glob("*.wav")):
        path = file.relative_to(root).as_posix()
        try:
            row = _row(file.stem, path)
        except DataError as error:
            problems.append(Problem(file.stem, path, error.problem, "DataError"))
            continue
        copies = people[int(row["patient_id"])]
        if row["filter_code"] in copies:
            problems.append(Problem(file.stem, path, f"the same copy as {copies[row['filter_code']]}", "DataError"))
            continue
        copies[row["filter_code"]] = file.stem
        rows[file.stem] = row
    notes = []
    for patient, copies in sorted(people.items()):
        said = {name[1:] for name in copies.values()}
        if len(said) > 1:
            notes.append(f"patient {patient}: the copies' names differ: {', '.join(sorted(copies.values()))}")
        first = min(copies.values())
        for code in sorted(set(FILTERS) - set(copies)):
            name = code + first[1:]
            rows[name] = _row(name, (Path(folder) / f"{name}.wav").as_posix())
    absent = PEOPLE - len(people)
    notes += [f"{absent} of {PEOPLE} people have no file here"] if absent > 0 else []
    return Table(root, tuple(rows[name] for name in sorted(rows)), tuple(problems), tuple(notes))


def _locate(source: Path) -> tuple[Path, str]:
    if not source.is_dir():
        raise DataError("no such folder", where=source, remedy="point at the folder of KAUH")
    for folder in (*FOLDERS, "."):
        if any((source / folder).glob("[BDE]P*_*,*.wav")):
            return source, folder
    raise DataError(
        f"no recordings of KAUH, here or in {' or '.join(FOLDERS)}",
        where=source,
        remedy="unpack Audio Files.zip and point at the folder that holds AudioFiles",
    )


def diseases(diagnosis: str) -> list[str]:
    """Take a diagnosis apart: one spelling a disease, in order.

    Raises:
        DataError: a disease that the distribution does not have.

    Example:
        >>> diseases("Heart Failure + Lung Fibrosis "), diseases("copd")
        (['heart failure', 'lung fibrosis'], ['COPD'])
    """
    words = [word.strip().lower() for word in re.split(r"\+|\band\b", diagnosis)]
    unknown = [word for word in words if word not in DISEASES]
    if unknown:
        raise DataError(f"diagnosis {unknown[0]!r} is none of {sorted(set(DISEASES.values()))}")
    return sorted({DISEASES[word] for word in words}, key=str.lower)


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


def _row(name: str, path: str) -> Row:
    match = _NAME.fullmatch(name)
    if match is None:
        raise DataError("the name is not <B|D|E>P<n>_<diagnosis>,<sound>,<location>,<age>,<M|F>", where=path)
    found = diseases(match["diagnosis"])
    sound = SOUNDS.get(match["sound"].strip())
    if sound is None:
        raise DataError(f"sound type {match['sound']!r} is none of {list(SOUNDS)}", where=path)
    return {
        "path": path,
        "recording_id": name,
        "subject_id": f"kauh:{int(match['patient'])}",
        "site": site(match["location"]),
        "device": "Littmann 3200",
        "age": float(match["age"]),
        "age_group": None,
        "sex": _SEXES[match["sex"]],
        "organ": "lung",
        "licence": KAUH.licence,
        "source": KAUH.name,
        "patient_id": match["patient"],
        "filter_code": match["filter"],
        "filter": FILTERS[match["filter"]],
        "diagnosis": match["diagnosis"],
        "disease": " + ".join(found),
        "diseases": found,
        "sound_type": match["sound"],
        "sound": sound,
        "site_detail": match["location"],
        "opera_label": opera_label(match["diagnosis"]),
    }


def _opera(rows: Sequence[Row]) -> dict[str, str]:
    """OPERA's list, by the letter of the filter and the number of the patient."""
    text = resources.files(__package__).joinpath("published_splits", "opera_kauh.tsv").read_text("utf-8")
    listed = dict(line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    keys = {row["recording_id"]: f"{row['filter_code']}P{int(row['patient_id'])}" for row in rows}
    return {name: listed[key] for name, key in keys.items() if key in listed}


_OBSTRUCTIVE = ("asthma", "asthma + lung fibrosis", "COPD", "COPD + heart failure")
_OTHER = ("bronchitis", "heart failure", "heart failure + lung fibrosis", "lung fibrosis", "pleural effusion")
_SOUND_CLASSES: Mapping[str, str] = {
    "normal": "Normal",
    "crepitation": "Crepitation",
    "wheeze": "Wheeze",
    "crackle": "Crackle",
    "bronchial": "Bronchi",
    "wheeze + crackle": "Wheeze & Crackle",
    "bronchial + crackle": "Bronchi & Crackle",
}
_DISEASE_CLASSES: Mapping[str, str] = {
    "normal": "Normal",
    "asthma": "Asthma",
    "pneumonia": "Pneumonia",
    "COPD": "COPD",
    "bronchitis": "Bronchitis",
    "heart failure": "Heart failure",
    "lung fibrosis": "Lung fibrosis",
    "pleural effusion": "Pleural effusion",
}

KAUH = DatasetSpec(
    name="kauh",
    title="KAUH: lung sounds recorded from the chest wall using an electronic stethoscope",
    version="3",
    organ="lung",
    licence="CC-BY-4.0",
    licence_tag="cc-by-4.0",
    licence_note="Creative Commons Attribution 4.0: keep the attribution below with every copy.",
    citation=(
        "M. Fraiwan et al., A dataset of lung sounds recorded from the chest wall using an electronic stethoscope, "
        "Data in Brief 35:106913, 2021; Mendeley Data jwyy9np4gv, version 3."
    ),
    source_url="https://data.mendeley.com/datasets/jwyy9np4gv/3",
    columns={
        "patient_id": "string",
        "filter_code": "string",
        "filter": "string",
        "diagnosis": "string",
        "disease": "string",
        "diseases": "strings",
        "sound_type": "string",
        "sound": "string",
        "site_detail": "string",
        "opera_label": "string",
    },
    tasks=(
        TaskConfig("recordings"),
        TaskConfig(
            "sound",
            column="sound",
            classes=tuple(_SOUND_CLASSES.values()),
            rule=_SOUND_CLASSES,
            paper=(
                PaperTask(
                    "auscultabench16",
                    "T7",
                    dict(zip(_SOUND_CLASSES.values(), (105, 69, 123, 24, 3, 6, 6), strict=True)),
                    note="three files a person; the paper's split takes 10 % of the files at random, without a seed, "
                    "so it can neither be reproduced nor keep a person on one side",
                ),
            ),
        ),
        TaskConfig(
            "disease",
            column="diseases",
            target="classes",
            classes=tuple(_DISEASE_CLASSES.values()),
            rule=_DISEASE_CLASSES,
            paper=(
                PaperTask(
                    "auscultabench16",
                    "T11",
                    dict(zip(_DISEASE_CLASSES.values(), (105, 99, 15, 33, 9, 63, 18, 6), strict=True)),
                    note="several classes at once: 12 recordings have two diseases; split as in T7",
                ),
            ),
        ),
        TaskConfig(
            "obstructive",
            column="disease",
            classes=("Healthy", "Obstructive"),
            rule={"normal": "Healthy"} | dict.fromkeys(_OBSTRUCTIVE, "Obstructive"),
            left_out=("pneumonia", *_OTHER),
            why_left_out="the papers compare asthma and COPD with healthy people only",
            paper=(
                PaperTask(
                    "acula18",
                    "T8",
                    {"Obstructive": 129, "Healthy": 105},
                    measured={"Obstructive": 132, "Healthy": 105},
                    note="234 recordings of 78 people in the paper, which prints 79: OPERA's rule for COPD does not "
                    "know the spelling `copd` and loses three files of one patient; task obstructive_opera keeps that",
                ),
            ),
        ),
        TaskConfig(
            "obstructive_opera",
            column="opera_label",
            classes=("Healthy", "Obstructive"),
            rule={"healthy": "Healthy", "asthma": "Obstructive", "COPD": "Obstructive"},
            left_out=(None,),
            why_left_out="OPERA's rule leaves out what is neither normal, asthma nor spelled COPD",
            paper=(PaperTask("acula18", "T8", {"Obstructive": 129, "Healthy": 105}, note="as OPERA counts it"),),
        ),
    ),
    strata=(Stratum("disease", (_OBSTRUCTIVE[:2], _OBSTRUCTIVE[2:], ("pneumonia", *_OTHER), ("normal",))),),
    has_subject_ids=True,
    read=read_rows,
    recordings=336,
    published={
        "opera": PublishedSplit(
            ("train", "validation", "test"),
            _opera,
            "37 of the 39 people in test and 15 of the 18 in validation are in training too: 63 of the 72 recordings "
            "held out (24 + 48) are of a person in training",
            "evelyn0414/OPERA, feature/kauh_eval/train_test_split.npy; AcuLa evaluates on the same file",
        ),
    },
    traps=(
        "Every take is there three times, through the bell, diaphragm and extended filter: the copies are one "
        "person's and stay on one side of every subject split.",
        "Diagnoses are spelled in several ways (`asthma`, `copd`, `Plueral Effusion`, a trailing space); `disease` "
        "and `diseases` have one spelling, `diagnosis` the file name's own.",
        "Locations have trailing spaces, and side and level in either order; `P` (one patient) and `P L L R` (two) "
        "name no single side, so their `site` is other.",
        "`Data annotation.xlsx` has one row a patient, in the order of their numbers, and differs from the file names "
        "in eight locations; nothing is read from it.",
    ),
)


class Kauh(BodySoundBuilder):
    """KAUH: configs ``recordings``, ``sound``, ``disease``, ``obstructive`` and ``obstructive_opera``."""

    SPEC = KAUH
    BUILDER_CONFIGS = BodySoundBuilder.configs(KAUH)
    DEFAULT_CONFIG_NAME = "recordings"
