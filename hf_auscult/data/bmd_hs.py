"""BMD-HS: heart sounds of adults with several valve diseases at once, eight recordings each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ..errors import DataError
from .builder import BodySoundBuilder
from .layout import locate
from .schema import Row, text_or_none
from .spec import DatasetSpec, Problem, Stratum, Table, TaskConfig
from .tabular import read_table

DISEASES: tuple[str, ...] = ("AS", "AR", "MR", "MS")
CLASSES: tuple[str, ...] = (*DISEASES, "N")
SITE_CODES: Mapping[str, str] = {"Aor": "aortic", "Pul": "pulmonary", "Tri": "tricuspid", "Mit": "mitral"}
RECORDINGS: tuple[str, ...] = tuple(f"recording_{number}" for number in range(1, 9))
_NAME = re.compile(r"(?P<cls>AS|AR|MR|MS|MD|N)_(?P<patient>\d{3})_(?P<posture>sit|sup)_(?P<site>Aor|Pul|Tri|Mit)")
_POSTURES = {"sit": "sitting", "sup": "supine"}
_SEXES = {"M": "male", "F": "female"}
_FLAGS = ("0", "1")


def read_rows(source: Path) -> Table:
    """Read ``train.csv`` (labels and recordings of each patient), ``additional_metadata.csv`` and ``train/*.wav``.

    Raises:
        DataError: another layout, or a table with other columns.
    """
    root = locate(source, "train.csv", dataset="BMD-HS")
    people = _table(root / "train.csv", ("patient_id", *CLASSES, *RECORDINGS))
    traits: Mapping[str, Mapping[str, str]] = {}
    notes: list[str] = []
    if (root / "additional_metadata.csv").is_file():
        traits = _table(root / "additional_metadata.csv", ("patient_id", "Age", "Gender", "Smoker", "Lives"))
    else:
        notes.append("no additional_metadata.csv: no age and no sex")
    names = {text_or_none(person[column]) or "" for person in people.values() for column in RECORDINGS}
    wavs = {file.stem for file in (root / "train").glob("*.wav") if not file.name.startswith("._")}
    rows: list[Row] = []
    problems: list[Problem] = []
    claimed: set[str] = set()
    for patient, person in people.items():
        for column in RECORDINGS:
            name = text_or_none(person[column])
            if name is None:
                notes.append(f"{patient}: {column} is empty")
                continue
            stem, note = _file(name, wavs, names)
            notes += [note] if note else []
            if stem in claimed:
                problems.append(Problem(name, f"train/{stem}.wav", "train.csv lists it twice", "DataError"))
                continue
            claimed.add(stem)
            try:
                row = _row(name, patient, person, traits.get(patient, {}))
            except DataError as error:
                problems.append(Problem(name, f"train/{stem}.wav", f"{patient}: {error.problem}", "DataError"))
                continue
            rows.append(row | {"path": f"train/{stem}.wav"})
    problems += [
        Problem(stem, f"train/{stem}.wav", "train.csv does not list it", "DataError") for stem in sorted(wavs - claimed)
    ]
    rows.sort(key=lambda row: str(row["recording_id"]))
    return Table(root, tuple(rows), tuple(problems), tuple(notes))


def _table(file: Path, columns: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Patient -> cells."""
    people: dict[str, dict[str, str]] = {}
    for line, row in read_table(file, columns, remedy="download the table again"):
        patient = (row["patient_id"] or "").strip()
        if None in row or None in row.values() or not re.fullmatch(r"patient_\d{3}", patient) or patient in people:
            raise DataError(f"line {line} is damaged", where=file, remedy="download the table again")
        people[patient] = row
    return people


def _file(name: str, wavs: set[str], names: set[str]) -> tuple[str, str | None]:
    """Stem of a listed recording's file: its name or, where that is absent, the one unlisted name it begins."""
    if name in wavs:
        return name, None
    longer = [stem for stem in wavs - names if stem.startswith(name)]
    return (longer[0], f"{name} is the file {longer[0]}.wav") if len(longer) == 1 else (name, None)


def _row(name: str, patient: str, person: Mapping[str, str], traits: Mapping[str, str]) -> Row:
    match = _NAME.fullmatch(name)
    if match is None:
        raise DataError("the name is not <class>_<patient>_<sit|sup>_<Aor|Pul|Tri|Mit>")
    flags = {column: person[column].strip() for column in CLASSES}
    present = [column for column in CLASSES if flags[column] == "1"]
    if set(flags.values()) - set(_FLAGS) or not present or ("N" in present and len(present) > 1):
        raise DataError(f"labels {flags} contradict each other")
    said = present[0] if len(present) == 1 else "MD"
    if match["cls"] != said or match["patient"] != patient.removeprefix("patient_"):
        raise DataError(f"the name is not one of {said}_{patient.removeprefix('patient_')}")
    sex, age = text_or_none(traits.get("Gender")), text_or_none(traits.get("Age"))
    if (sex is not None and sex not in _SEXES) or (age is not None and not age.replace(".", "", 1).isdecimal()):
        raise DataError(f"age {age!r}, gender {sex!r}")
    return {
        "recording_id": name,
        "subject_id": f"bmd_hs:{match['patient']}",
        "site": SITE_CODES[match["site"]],
        "device": None,
        "age": None if age is None else float(age),
        "age_group": None,
        "sex": _SEXES[sex] if sex else None,
        "organ": "heart",
        "licence": BMD_HS.licence,
        "source": BMD_HS.name,
        "patient_id": patient,
        "diagnoses": present,
        "class_code": match["cls"],
        "posture": _POSTURES[match["posture"]],
        "smoker": text_or_none(traits.get("Smoker")),
        "lives": text_or_none(traits.get("Lives")),
    }


BMD_HS = DatasetSpec(
    name="bmd_hs",
    title="BMD-HS: BUET multi-disease heart sound dataset",
    version="2024",
    organ="heart",
    licence="unknown",
    licence_tag="unknown",
    licence_note="The repository carries no licence: private experiments only, unless the authors allow more.",
    citation=(
        "S. N. Ali et al., BUET Multi-disease Heart Sound Dataset: A Comprehensive Auscultation Dataset for Developing "
        "Computer-Aided Diagnostic Systems, arXiv:2409.00724, 2024."
    ),
    source_url="https://github.com/mHealthBuet/BMD-HS-Dataset",
    columns={
        "patient_id": "string",
        "diagnoses": "strings",
        "class_code": "string",
        "posture": "string",
        "smoker": "string",
        "lives": "string",
    },
    tasks=(
        TaskConfig("recordings"),
        TaskConfig(
            "diagnoses",
            column="diagnoses",
            classes=CLASSES,
            rule={name: name for name in CLASSES},
            target="classes",
        ),
        TaskConfig(
            "normal_diseased",
            column="class_code",
            classes=("Normal", "Diseased"),
            rule={"N": "Normal"} | dict.fromkeys((*DISEASES, "MD"), "Diseased"),
        ),
    ),
    strata=(Stratum("class_code", tuple((name,) for name in ("MD", *CLASSES))),),
    has_subject_ids=True,
    read=read_rows,
    recordings=872,
    traps=(
        "Its README speaks of a column `MD` (multi-disease), of 59 patients and of 872 files; `train.csv` has no such "
        "column, 108 patients and 864 files (`class_code` MD comes from the file names).",
        "The eight recordings of patient 022 are in `train/` but in no table: they are set aside.",
        "`MD_085_sit_Tri` is the file `MD_085_sit_Tri6_06.wav`.",
        "Patients 001, 012, 021, 047 and 062 have one take under two names, so one of the two places is wrong.",
        "The label is the patient's: a recording at a place where nothing is heard carries it too.",
        "`lives` is U or R; the README explains both R and F as rural. `eco.xlsx` (echocardiography) is not read.",
    ),
)


class BMDHS(BodySoundBuilder):
    """BMD-HS: configs ``recordings``, ``diagnoses`` and ``normal_diseased``."""

    SPEC = BMD_HS
    BUILDER_CONFIGS = BodySoundBuilder.configs(BMD_HS)
    DEFAULT_CONFIG_NAME = "recordings"
