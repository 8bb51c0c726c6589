"""MMLung: breaths, vowels, coughs and speech into a smartphone, with spirometry of the same person."""

from __future__ import annotations

import io
import re
import struct
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from ..errors import ConfigurationError, DataError
from .builder import BodySoundBuilder
from .layout import locate
from .schema import Row
from .spec import DatasetSpec, PaperTask, Problem, Table, TaskConfig
from .tabular import number

RECORDINGS = ("Trimmed Data from phone", "Trimmed_Data_from_phone")
TRUTH = "spirometry_ground_truth"
CELLS: Mapping[str, tuple[int, int]] = {"fvc": (22, 1), "fev1": (23, 1), "fev1_fvc": (24, 1)}
"""Target -> row and column, from 0, of the spirometer's export: cells B23, B24 and B25."""

MODALITIES: Mapping[str, tuple[str, str]] = {
    "cough": ("1_1_cough", "cough"),
    "vowela": ("2_2_A_single", "voice"),
    "vowele": ("3_2_E_single", "voice"),
    "voweli": ("4_2_I_single", "voice"),
    "vowelo": ("5_2_O_single", "voice"),
    "vowelophonation": ("6_2_Ophonation_single", "voice"),
    "vowelu": ("7_2_U_Single", "voice"),
    "voweluphonation": ("8_2_Uphonation_single", "voice"),
    "deepbreaths": ("9_3_deepbreath", "breath"),
    "shallowbreath": ("10_3_shallowclean", "breath"),
    "rainbow": ("11_4_rainbow", "voice"),
    "describesth": ("12_5_describe_sth", "voice"),
    "long": ("13_6_long", "voice"),
    "short1": ("14_6_short1", "voice"),
    "short2": ("15_6_short2", "voice"),
    "describepic": ("16_7_describe_pic", "voice"),
    "action": ("17_8_action", "voice"),
    "nonaction": ("18_8_nonaction", "voice"),
}
"""Last part of a file's name -> its folder and what is heard."""

_PERSON = re.compile(r"\d+")
_PAPERS = ("deepbreaths", "vowelo")
"""Modalities of which every person with spirometry must have a recording: the papers' tasks are over these."""


def read_rows(source: Path) -> Table:
    """Read the original layout: one folder of wavs a modality, and one spirometer export (``.xls``) a person.

    Raises:
        ConfigurationError: ``xlrd`` is not installed.
        DataError: another layout.
    """
    root = locate(source, TRUTH, dataset="MMLung")
    audio = next((name for name in RECORDINGS if (root / name).is_dir()), None)
    if audio is None:
        raise DataError(f"no folder {RECORDINGS[0]!r}", where=root, remedy="unpack both parts of the download here")
    truth, problems, notes = _truth(root)
    rows: list[Row] = []
    for modality, (folder, organ) in MODALITIES.items():
        people = {_owner(file) for file in (root / audio / folder).glob(f"*_{modality}.wav")}
        if modality in _PAPERS:
            people |= set(truth)
        for person in sorted(people):
            name = f"{person}_{modality}"
            path = f"{audio}/{folder}/{name}.wav"
            if _PERSON.fullmatch(person):
                rows.append(_row(path, name, person, modality, organ, truth.get(person, {})))
            else:
                problems.append(Problem(name, path, "the name is not <number>_<modality>", "DataError"))
    listed = {row["path"] for row in rows} | {problem.path for problem in problems}
    problems += [
        Problem(file.stem, path, "not the name of a known recording", "DataError")
        for file in sorted((root / audio).glob("*/*.wav"))
        if (path := file.relative_to(root).as_posix()) not in listed
    ]
    rows.sort(key=lambda row: str(row["recording_id"]))
    unmeasured = sorted({row["person_id"] for row in rows if row["fvc"] is None}, key=int)
    if unmeasured:
        notes.append(f"no spirometry of {', '.join(unmeasured)}: their recordings are in no task")
    return Table(root, tuple(rows), tuple(problems), tuple(notes))


def _truth(root: Path) -> tuple[dict[str, dict[str, float]], list[Problem], list[str]]:
    """Person -> targets; exports that cannot be read are problems of their own."""
    truth: dict[str, dict[str, float]] = {}
    problems: list[Problem] = []
    notes: list[str] = []
    files = sorted((root / TRUTH).glob("*.xls"))
    exports = Counter(_owner(file) for file in files)
    for file in files:
        person = _owner(file)
        path = f"{TRUTH}/{file.name}"
        try:
            if not _PERSON.fullmatch(person):
                raise DataError("the name does not begin with a person's number")
            if exports[person] > 1:
                raise DataError(f"one of {exports[person]} exports of person {person}: nobody says which is right")
            truth[person] = _export(file)
        except DataError as error:
            problems.append(Problem(file.stem, path, error.problem, "DataError"))
            notes.append(f"{path} is not used: {error.problem}")
    if not truth:
        raise DataError("no spirometer export can be read", where=root / TRUTH, remedy="download it again")
    return truth, problems, notes


def _owner(file: Path) -> str:
    return file.name.split("_")[0]


def _export(file: Path) -> dict[str, float]:
    try:
        import xlrd  # type: ignore[import-untyped, unused-ignore]
    except ImportError as error:
        raise ConfigurationError(
            "reading .xls needs xlrd", where=file, remedy="pip install 'hf-auscult[data]'"
        ) from error
    try:
        sheet = xlrd.open_workbook(str(file), logfile=io.StringIO()).sheet_by_index(0)
        cells = {name: str(sheet.cell_value(*place)) for name, place in CELLS.items()}
    except (
        xlrd.XLRDError,
        xlrd.compdoc.CompDocError,
        AssertionError,
        LookupError,
        ValueError,
        struct.error,
        OSError,
    ) as error:
        raise DataError(f"not a spirometer export ({error})") from error
    values: dict[str, float] = {}
    for name, cell in cells.items():
        value = number(cell.replace("*", ""), name)  # the spirometer marks values outside its norm with a star
        if value is None or value <= 0:
            raise DataError(f"{name} is {cell!r}, not a positive number")
        values[name] = value
    return values


def _row(path: str, name: str, person: str, modality: str, organ: str, truth: Mapping[str, float]) -> Row:
    return {
        "path": path,
        "recording_id": name,
        "subject_id": f"mmlung:{person}",
        "site": "mouth",
        "device": "smartphone",
        "age": None,
        "age_group": None,
        "sex": None,
        "organ": organ,
        "licence": MMLUNG.licence,
        "source": MMLUNG.name,
        "person_id": person,
        "modality": modality,
        "fvc": truth.get("fvc"),
        "fev1": truth.get("fev1"),
        "fev1_fvc": truth.get("fev1_fvc"),
    }


def _task(number_: str, target: str, modality: str, short: str) -> TaskConfig:
    return TaskConfig(
        f"{target}_{short}",
        column=target,
        target="value",
        left_out=(None,),
        why_left_out="no spirometry of this person",
        keep={"modality": (modality,)},
        paper=(
            PaperTask("acula18", number_, note="40 recordings of 40 people; one person out at a time, error in MAE"),
        ),
    )


MMLUNG = DatasetSpec(
    name="mmlung",
    title="MMLung: smartphone recordings with spirometry",
    version="2022 (40 people)",
    organ="breath",
    licence="University of Southampton research licence",
    licence_tag="other",
    licence_note=(
        "Copyright (c) 2022, University of Southampton. For research, education and evaluation, with credit; keep the "
        "notice. The data are given on request."
    ),
    citation=(
        "M. Mosuily, L. Welch, J. Chauhan, MMLung: Moving Closer to Practical Lung Health Estimation using "
        "Smartphones, Interspeech 2023."
    ),
    source_url="https://github.com/MohammedMosuily/mmlung",
    columns={"person_id": "string", "modality": "string", "fvc": "float", "fev1": "float", "fev1_fvc": "float"},
    tasks=(
        TaskConfig("recordings"),
        _task("T10", "fvc", "deepbreaths", "breath"),
        _task("T11", "fev1", "deepbreaths", "breath"),
        _task("T12", "fev1_fvc", "deepbreaths", "breath"),
        _task("T13", "fvc", "vowelo", "vowel"),
        _task("T14", "fev1", "vowelo", "vowel"),
        _task("T15", "fev1_fvc", "vowelo", "vowel"),
    ),
    strata=(),
    has_subject_ids=True,
    read=read_rows,
    traps=(
        "Targets are cells B23 (FVC, litres), B24 (FEV1, litres) and B25 (their ratio) of one old Excel export a "
        "person; a star marks values outside the norm and is dropped.",
        "Forty people: an error is an average over forty numbers, and a predictor that knows only sex and height does "
        "well. The export's own fields on the person are not read.",
    ),
)


class MMLung(BodySoundBuilder):
    """MMLung: configs ``recordings`` and ``fvc``, ``fev1``, ``fev1_fvc`` each over ``_breath`` and ``_vowel``."""

    SPEC = MMLUNG
    BUILDER_CONFIGS = BodySoundBuilder.configs(MMLUNG)
    DEFAULT_CONFIG_NAME = "recordings"
