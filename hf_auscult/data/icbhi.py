"""ICBHI 2017: lung sounds of children and adults, with respiratory cycles, diagnosis and the challenge's split."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import DataError
from .builder import BodySoundBuilder
from .schema import Row, text_or_none
from .spec import DatasetSpec, PaperTask, Problem, PublishedSplit, Stratum, Table, TaskConfig
from .tabular import read_text

SITE_CODES: Mapping[str, str] = {
    "Tc": "trachea",
    "Al": "left anterior",
    "Ar": "right anterior",
    "Pl": "left posterior",
    "Pr": "right posterior",
    "Ll": "left lateral",
    "Lr": "right lateral",
}
DEVICES: Mapping[str, str] = {
    "AKGC417L": "AKG C417L",
    "LittC2SE": "Littmann Classic II SE",
    "Litt3200": "Littmann 3200",
    "Meditron": "Welch Allyn Meditron",
}
DIAGNOSES: tuple[str, ...] = (
    *("Healthy", "Bronchiectasis", "Bronchiolitis", "COPD", "Pneumonia", "URTI", "LRTI", "Asthma"),
)
CYCLES: Mapping[tuple[str, str], str] = {
    ("0", "0"): "normal",
    ("1", "0"): "crackle",
    ("0", "1"): "wheeze",
    ("1", "1"): "both",
}
"""(crackle, wheeze) of an annotation line -> type of the cycle."""
GHOST = "226_1b1_Pl_sc_Meditron"
"""Listed in the challenge's split, but never distributed."""
AUDIO_FOLDERS: tuple[str, ...] = ("ICBHI_final_database", "audio_and_txt_files")

_NAME = re.compile(
    rf"(?P<patient>\d{{3}})_(?P<index>[0-9a-z]+)_(?P<site>{'|'.join(SITE_CODES)})_(?P<mode>sc|mc)"
    rf"_(?P<device>{'|'.join(DEVICES)})"
)
_SPLIT_TABLE = "ICBHI_challenge_train_test.txt"
_DIAGNOSIS_TABLES = ("ICBHI_Challenge_diagnosis.txt", "patient_diagnosis.csv", "patient_diagnosis.txt")
_PEOPLE_TABLES = ("ICBHI_Challenge_demographic_information.txt", "demographic_info.txt")
_SEXES = {"F": "female", "M": "male"}
_AGAIN = "download it again"


@dataclass(frozen=True)
class _Person:
    age: float | None
    sex: str | None
    adult_bmi: float | None
    child_weight: float | None
    child_height: float | None


def read_rows(source: Path) -> Table:
    """Read the challenge's layout (``ICBHI_final_database``) or the one on Kaggle (``audio_and_txt_files``).

    Recordings are those that the challenge's split lists, and those whose wav or annotation is there. Tables may lie
    beside or inside the folder of the recordings; without the split table nothing has an ``official_split``.

    Raises:
        DataError: another layout, no table of diagnoses, or a damaged table.
    """
    root, audio = _locate(source)
    official = _official(_table(root, audio, _SPLIT_TABLE))
    diagnoses = _diagnoses(_table(root, audio, *_DIAGNOSIS_TABLES), root)
    people = _people(_table(root, audio, *_PEOPLE_TABLES))
    notes = [] if official else [f"no {_SPLIT_TABLE}, so no recording has an official split"]
    notes += [] if people else [f"no {_PEOPLE_TABLES[0]}, so age and sex are unknown"]
    problems: list[Problem] = []
    wavs = {file.stem for file in (root / audio).glob("*.wav")}
    texts = {file.stem for file in (root / audio).glob("*.txt") if _NAME.fullmatch(file.stem)}
    if GHOST in official and GHOST not in wavs | texts:
        del official[GHOST]
        notes.append(f"{_SPLIT_TABLE} lists {GHOST}, which was never distributed")
    rows: list[Row] = []
    for name in sorted(wavs | texts | set(official)):
        path = f"{audio}/{name}.wav"
        match = _NAME.fullmatch(name)
        try:
            if match is None:
                raise DataError("the name is not <patient>_<index>_<location>_<sc|mc>_<equipment>", where=path)
            if match["patient"] not in diagnoses:
                raise DataError(f"patient {match['patient']} has no diagnosis", where=path)
            events = _cycles(root / audio / f"{name}.txt") if name in texts else None
        except DataError as error:
            problems.append(Problem(name, path, error.problem, "DataError"))
            continue
        if events is None and name in wavs:
            notes.append(f"{name}: no annotation file, so it has no cycles")
        row = _row(name, match, path) | {"diagnosis": diagnoses[match["patient"]], "events": events}
        rows.append(row | _traits(people.get(match["patient"])) | {"official_split": official.get(name)})
    return Table(root, tuple(rows), tuple(problems), tuple(notes))


def _locate(source: Path) -> tuple[Path, str]:
    """Folder of the tables, and the recordings' folder in it; it may lie up to two folders deep, as Kaggle packs it."""
    if not source.is_dir():
        raise DataError("no such folder", where=source, remedy="point at the folder of ICBHI 2017")
    for depth in ("", "*/", "*/*/"):
        found = sorted(folder for name in AUDIO_FOLDERS for folder in source.glob(depth + name) if folder.is_dir())
        if len(found) > 1:
            raise DataError(
                f"several folders of recordings: {', '.join(str(folder.relative_to(source)) for folder in found)}",
                where=source,
                remedy="point at the folder that holds one of them",
            )
        if found:
            return found[0].parent, found[0].name
    raise DataError(f"no folder {' or '.join(AUDIO_FOLDERS)}", where=source, remedy="point at the folder of ICBHI 2017")


def _table(root: Path, audio: str, *names: str) -> Path | None:
    files = [folder / name for folder in (root, root / audio) for name in names]
    return next((file for file in files if file.is_file()), None)


def _lines(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Cells of every line that is not blank: separated by tabs, commas or spaces, depending on the edition."""
    for number, line in enumerate(read_text(file, remedy=_AGAIN).splitlines(), start=1):
        if line.strip():
            yield number, re.split(r"[\s,]+", line.strip())


def _official(file: Path | None) -> dict[str, str]:
    listed: dict[str, str] = {}
    for number, cells in _lines(file) if file else ():
        if len(cells) != 2 or not _NAME.fullmatch(cells[0]) or cells[1] not in ("train", "test") or cells[0] in listed:
            raise DataError(f"line {number} is damaged, or repeats a recording", where=file, remedy=_AGAIN)
        listed[cells[0]] = cells[1]
    return listed


def _diagnoses(file: Path | None, root: Path) -> dict[str, str]:
    if file is None:
        raise DataError(f"no {_DIAGNOSIS_TABLES[0]}", where=root, remedy="download it and put it there")
    known: dict[str, str] = {}
    for number, cells in _lines(file):
        if not known and not cells[0].isdecimal():
            continue  # some copies on Kaggle have a header
        if len(cells) != 2 or not cells[0].isdecimal() or cells[1] not in DIAGNOSES or cells[0] in known:
            raise DataError(f"line {number} is damaged, or repeats a patient", where=file, remedy=_AGAIN)
        known[cells[0]] = cells[1]
    return known


def _people(file: Path | None) -> dict[str, _Person]:
    people: dict[str, _Person] = {}
    for number, cells in _lines(file) if file else ():
        values = [text_or_none(cell) for cell in cells]
        try:
            patient, age, sex, *size = values
            bmi, weight, height = (None if cell is None else float(cell) for cell in size)
            if patient is None or patient in people or sex not in (None, *_SEXES):
                raise ValueError
            person = _Person(None if age is None else float(age), _SEXES.get(sex or ""), bmi, weight, height)
        except ValueError as error:
            raise DataError(f"line {number} is damaged, or repeats a patient", where=file, remedy=_AGAIN) from error
        people[patient] = person
    return people


def _cycles(file: Path) -> list[dict[str, float | str]]:
    """Cycles of an annotation file, ``start end crackle wheeze`` a line."""
    cycles: list[dict[str, float | str]] = []
    for number, cells in _lines(file):
        try:
            start, end = float(cells[0]), float(cells[1])
            kind = CYCLES[cells[2], cells[3]]
        except (IndexError, KeyError, ValueError) as error:
            raise DataError(f"annotation line {number} is not 'start end crackle wheeze'", where=file) from error
        if not 0 <= start < end or len(cells) != 4:
            raise DataError(f"annotation line {number} is impossible", where=file)
        cycles.append({"start": start, "end": end, "type": kind})
    return cycles


def _row(name: str, match: re.Match[str], path: str) -> Row:
    return {
        "path": path,
        "recording_id": name,
        "subject_id": f"icbhi:{match['patient']}",
        "site": SITE_CODES[match["site"]],
        "device": DEVICES[match["device"]],
        "age_group": None,
        "organ": "lung",
        "licence": ICBHI.licence,
        "source": ICBHI.name,
        "patient_id": match["patient"],
        "recording_index": match["index"],
        "chest_location": match["site"],
        "acquisition_mode": match["mode"],
        "equipment": match["device"],
    }


def _traits(person: _Person | None) -> Row:
    names = ("age", "sex", "adult_bmi", "child_weight", "child_height")
    return {name: None if person is None else getattr(person, name) for name in names}


def _opera(rows: Sequence[Row]) -> dict[str, str]:
    """OPERA's recordings: COPD or healthy, where the official split has them."""
    return {row["recording_id"]: row["official_split"] for row in rows if row["diagnosis"] in ("COPD", "Healthy")}


def _auscultabench(rows: Sequence[Row]) -> dict[str, str]:
    return {row["recording_id"]: row["official_split"] for row in rows}


_LEAKS = "patients 156 and 218 are in training and in test"

ICBHI = DatasetSpec(
    name="icbhi",
    title="ICBHI 2017 Respiratory Sound Database",
    version="2017",
    organ="lung",
    licence="CC0-1.0",
    licence_tag="cc0-1.0",
    licence_note="CC0 as the literature lists it; the challenge's own site says: freely available for research.",
    citation=(
        "B. M. Rocha et al., An open access database for the evaluation of respiratory sound classification "
        "algorithms, Physiological Measurement 40(3):035001, 2019."
    ),
    source_url="https://bhichallenge.med.auth.gr/ICBHI_2017_Challenge",
    columns={
        "patient_id": "string",
        "recording_index": "string",
        "chest_location": "string",
        "acquisition_mode": "string",
        "equipment": "string",
        "diagnosis": "string",
        "adult_bmi": "float",
        "child_weight": "float",
        "child_height": "float",
        "events": "events",
        "official_split": "string",
    },
    tasks=(
        TaskConfig("recordings"),
        TaskConfig(
            "cycles",
            column="type",
            segments="events",
            classes=("Normal", "Crackle", "Wheeze", "Crackle & Wheeze"),
            rule={"normal": "Normal", "crackle": "Crackle", "wheeze": "Wheeze", "both": "Crackle & Wheeze"},
            paper=(
                PaperTask(
                    "auscultabench16",
                    "T6",
                    {"Normal": 3642, "Crackle": 1864, "Wheeze": 886, "Crackle & Wheeze": 506},
                    note="the paper uses the official split",
                ),
            ),
        ),
        TaskConfig(
            "disease",
            column="diagnosis",
            classes=DIAGNOSES[:6],
            rule={name: name for name in DIAGNOSES[:6]},
            left_out=("LRTI", "Asthma"),
            why_left_out="two recordings and one recording are too few for a class",
            paper=(
                PaperTask(
                    "auscultabench16",
                    "T10",
                    {
                        "Healthy": 35,
                        "Bronchiectasis": 16,
                        "Bronchiolitis": 13,
                        "COPD": 793,
                        "Pneumonia": 37,
                        "URTI": 23,
                    },
                    note="the paper uses the official split",
                ),
            ),
        ),
        TaskConfig(
            "copd",
            column="diagnosis",
            classes=("Healthy", "COPD"),
            rule={"Healthy": "Healthy", "COPD": "COPD"},
            left_out=tuple(name for name in DIAGNOSES if name not in ("Healthy", "COPD")),
            why_left_out="the papers compare COPD with healthy people only",
            paper=(
                PaperTask(
                    "acula18",
                    "T5",
                    {"COPD": 793, "Healthy": 35},
                    note="90 people; OPERA, whose task it is, trains on 444 + 18 recordings of the official split and "
                    "tests on 349 + 17",
                ),
            ),
        ),
    ),
    strata=(
        Stratum(
            "diagnosis",
            (("COPD",), ("Healthy",), ("URTI",), ("Bronchiectasis", "Bronchiolitis", "Pneumonia", "LRTI", "Asthma")),
        ),
    ),
    has_subject_ids=True,
    read=read_rows,
    recordings=920,
    official=("train", "test"),
    official_leaks=_LEAKS,
    published={
        "opera": PublishedSplit(
            ("train", "test"),
            _opera,
            _LEAKS,
            "evelyn0414/OPERA, feature/icbhidisease_eval/split.npy; AcuLa evaluates on the same file",
        ),
        "auscultabench": PublishedSplit(
            ("train", "test"), _auscultabench, _LEAKS, "applewpj/AuscultaBase, generate_train_test.py"
        ),
    },
    traps=(
        f"The official split has 921 rows for 920 recordings: `{GHOST}` was never distributed. Its lines end in CRLF.",
        "Files are 16, 24 and 32 bit, at 4 to 44.1 kHz, from four devices; device and diagnosis go together.",
        "Copies on Kaggle name their tables otherwise, with or without a header, and have no official split.",
        "The diagnosis is the patient's, so a recording without any adventitious sound carries it too.",
    ),
)


class ICBHI2017(BodySoundBuilder):
    """ICBHI 2017: configs ``recordings``, ``cycles``, ``disease`` and ``copd``."""

    SPEC = ICBHI
    BUILDER_CONFIGS = BodySoundBuilder.configs(ICBHI)
    DEFAULT_CONFIG_NAME = "recordings"
