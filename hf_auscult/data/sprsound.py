"""SPRSound 2022 (BioCAS challenge): lung sounds of children, with record and event annotations."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import DataError
from .builder import BodySoundBuilder
from .layout import locate
from .schema import Row, text_or_none
from .spec import DatasetSpec, Problem, Stratum, Table, TaskConfig

SITE_CODES: Mapping[str, str] = {
    "p1": "left posterior",
    "p2": "left lateral",
    "p3": "right posterior",
    "p4": "right lateral",
}
RECORD_CLASSES: tuple[str, ...] = ("Normal", "CAS", "DAS", "CAS & DAS", "Poor Quality")
EVENT_TYPES: tuple[str, ...] = (
    *("Normal", "Rhonchi", "Wheeze", "Stridor", "Coarse Crackle", "Fine Crackle", "Wheeze+Crackle"),
)
_NAME = re.compile(r"(?P<patient>\d{8})_(?P<age>\d+(\.\d+)?)_(?P<sex>[01])_(?P<site>p[1-4])_(?P<number>\d+)")
_SEXES = {"0": "male", "1": "female"}
_SUMMARY_SEXES = {"M": "male", "F": "female"}


@dataclass(frozen=True)
class Layout:
    """Folder names of one edition of the distribution."""

    train_wav: str
    train_json: str
    test_wav: str
    test_json: str

    def parts(self) -> tuple[tuple[str, str, str], ...]:
        """(official split, wav folder, json folder)."""
        return (
            ("train", self.train_wav, self.train_json),
            ("test_inter", self.test_wav, f"{self.test_json}/inter_test_json"),
            ("test_intra", self.test_wav, f"{self.test_json}/intra_test_json"),
        )


LAYOUTS: tuple[Layout, ...] = (
    Layout("train2022_wav", "train2022_json", "test2022_wav", "test2022_json"),  # upstream since 2023
    Layout("train_wav", "train_json", "test_wav", "test_json"),  # upstream in 2022
    Layout("train_wav", "train_json", "test_wav_2022", "test_json_2022"),  # as AuscultaBase's scripts expect it
)


def read_rows(source: Path) -> Table:
    """Read the original layout of any edition: wav folders, json folders, and the patient summary where it is there.

    Raises:
        DataError: another layout.
    """
    root, layout = _layout(source)
    summary = _summary(source)
    rows: list[Row] = []
    problems: list[Problem] = []
    notes: list[str] = []
    claimed: set[str] = set()
    for official, wav_folder, json_folder in layout.parts():
        for file in sorted((root / json_folder).glob("*.json")):
            path = f"{wav_folder}/{file.stem}.wav"
            if path in claimed:
                problems.append(Problem(file.stem, path, "annotated twice", "DataError"))
                continue
            claimed.add(path)
            try:
                row = _row(file, path, official, summary)
            except DataError as error:
                problems.append(Problem(file.stem, path, error.problem, "DataError"))
                continue
            rows.append(row)
            known = summary.get(row["patient_id"])
            if known and known["sex"] not in (None, row["sex"]):
                notes.append(f"{file.stem}: the file name says {row['sex']}, the patient summary {known['sex']}")
    for folder in (layout.train_wav, layout.test_wav):
        for wav in sorted((root / folder).glob("*.wav")):
            if f"{folder}/{wav.name}" not in claimed:
                problems.append(Problem(wav.stem, f"{folder}/{wav.name}", "no annotation file", "DataError"))
    rows.sort(key=lambda row: str(row["recording_id"]))
    return Table(root, tuple(rows), tuple(problems), tuple(notes))


def _layout(source: Path) -> tuple[Path, Layout]:
    for layout in LAYOUTS:
        for folder in (source, source / "BioCAS2022"):
            if all((folder / name).is_dir() for name in (layout.train_wav, layout.train_json, layout.test_json)):
                return folder, layout
    root = locate(source, "BioCAS2022", dataset="SPRSound 2022")
    if root == source:
        raise DataError("the train or test folders are missing", where=source / "BioCAS2022", remedy="download again")
    return _layout(root)


def _summary(source: Path) -> dict[str, dict[str, str | None]]:
    """Patient -> disease and sex, from ``Patient Summary/*.csv``; not every copy has it."""
    people: dict[str, dict[str, str | None]] = {}
    for file in sorted(source.glob("**/Patient Summary/*.csv")):
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            missing = {"patient_num", "disease", "gender"} - set(reader.fieldnames or ())
            if missing:
                raise DataError(f"columns {sorted(missing)} are missing", where=file, remedy="download it again")
            for row in reader:
                sex = text_or_none(row["gender"])
                people[row["patient_num"].strip()] = {
                    "disease": text_or_none(row["disease"]),
                    "sex": _SUMMARY_SEXES.get(sex) if sex else None,
                }
    return people


def _row(file: Path, path: str, official: str, summary: Mapping[str, Mapping[str, str | None]]) -> Row:
    match = _NAME.fullmatch(file.stem)
    if match is None:
        raise DataError("the name is not <patient>_<age>_<0|1>_p<1-4>_<number>", where=file)
    try:
        content = json.loads(file.read_text("utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"the annotation is not JSON ({error})", where=file) from error
    if not isinstance(content, dict):
        raise DataError("the annotation is not an object", where=file)
    # Upstream's own text calls the key recording_annotation; the files do not.
    record = content.get("record_annotation", content.get("recording_annotation"))
    if record not in RECORD_CLASSES:
        raise DataError(f"record annotation {record!r} is none of {RECORD_CLASSES}", where=file)
    patient = match["patient"]
    return {
        "path": path,
        "recording_id": file.stem,
        "subject_id": f"sprsound:{patient}",
        "site": SITE_CODES[match["site"]],
        "device": "Yunting model II",
        "age": float(match["age"]),
        "age_group": None,
        "sex": _SEXES[match["sex"]],
        "organ": "lung",
        "licence": SPRSOUND.licence,
        "source": SPRSOUND.name,
        "patient_id": patient,
        "disease": summary.get(patient, {}).get("disease"),
        "record_annotation": record,
        "events": [_event(event, file) for event in content.get("event_annotation", ())],
        "official_split": official,
    }


def _event(event: Mapping[str, str], file: Path) -> dict[str, float | str]:
    """Seconds from the strings of milliseconds that the files hold."""
    try:
        start, end, kind = float(event["start"]) / 1000, float(event["end"]) / 1000, event["type"]
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"event {event!r} is damaged", where=file) from error
    if kind not in EVENT_TYPES or not 0 <= start < end:
        raise DataError(f"event {event!r} is impossible", where=file)
    return {"start": start, "end": end, "type": kind}


SPRSOUND = DatasetSpec(
    name="sprsound",
    title="SPRSound: Open-Source SJTU Paediatric Respiratory Sound Database (BioCAS 2022)",
    version="2022",
    organ="lung",
    licence="CC-BY-4.0",
    licence_tag="cc-by-4.0",
    licence_note=(
        "CC BY 4.0 as published; a 2023 copy of the upstream tree carries a GPL-3.0 LICENSE file. Both allow "
        "unmodified copies with their notices."
    ),
    citation=(
        "Q. Zhang et al., SPRSound: Open-Source SJTU Paediatric Respiratory Sound Database, IEEE Transactions on "
        "Biomedical Circuits and Systems 16(5):867-881, 2022."
    ),
    source_url="https://github.com/SJTU-YONGFU-RESEARCH-GRP/SPRSound",
    columns={
        "patient_id": "string",
        "disease": "string",
        "record_annotation": "string",
        "events": "events",
        "official_split": "string",
    },
    tasks=(
        TaskConfig("recordings"),
        TaskConfig(
            "normal_adventitious",
            column="record_annotation",
            classes=("Normal", "Adventitious"),
            rule={"Normal": "Normal"} | dict.fromkeys(("CAS", "DAS", "CAS & DAS"), "Adventitious"),
            left_out=("Poor Quality",),
            why_left_out="the annotators could not hear enough to judge",
        ),
        TaskConfig(
            "record",
            column="record_annotation",
            classes=RECORD_CLASSES,
            rule={name: name for name in RECORD_CLASSES},
        ),
    ),
    strata=(Stratum("record_annotation", (("CAS", "DAS", "CAS & DAS"), ("Normal",), ("Poor Quality",))),),
    has_subject_ids=True,
    read=read_rows,
    recordings=2_683,
    official=("train", "test_inter", "test_intra"),
    official_leaks="every child of test_intra is in train by design, and one recording is in both, byte for byte",
    traps=(
        "Event times are strings of milliseconds in the files, seconds here.",
        "`Poor Quality` recordings have no events.",
        "`41279835_14.1_0_p1_2945` and `41279835_14.1_0_p1_2050` are the same file, annotated differently; upstream "
        "has one in training and one in the intra-subject test. They are one child's: a subject split keeps them "
        "together.",
        "One recording is 0.30 s long. Ages in file names differ from the patient summary by up to 0.2 years.",
        "`disease` is the child's diagnosis, from the patient summary; copies without the summary have null.",
        "A random split by recording puts the child of 99.6 % of the test recordings into training.",
    ),
)


class SPRSound(BodySoundBuilder):
    """SPRSound 2022: configs ``recordings``, ``normal_adventitious`` and ``record``."""

    SPEC = SPRSOUND
    BUILDER_CONFIGS = BodySoundBuilder.configs(SPRSOUND)
    DEFAULT_CONFIG_NAME = "recordings"
