"""SPRSound (BioCAS challenges 2022 to 2025): lung sounds of children, with record and event annotations."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import DataError
from .builder import BodySoundBuilder
from .layout import locate
from .schema import Row, text_or_none
from .spec import DatasetSpec, PaperTask, Problem, PublishedSplit, Stratum, Table, TaskConfig
from .tabular import read_table, read_text

SITE_CODES: Mapping[str, str] = {
    "p1": "left posterior",
    "p2": "left lateral",
    "p3": "right posterior",
    "p4": "right lateral",
} | dict.fromkeys(("p5", "p6", "p7", "p8"), "other")
"""The last four occur since 2024; upstream calls them additional places."""
RECORD_CLASSES: tuple[str, ...] = ("Normal", "CAS", "DAS", "CAS & DAS", "Poor Quality")
EVENT_TYPES: tuple[str, ...] = (
    *("Normal", "Rhonchi", "Wheeze", "Stridor", "Coarse Crackle", "Fine Crackle", "Wheeze+Crackle"),
)
_NAME = re.compile(r"(?P<patient>\d*)_(?P<age>\d+(\.\d+)?)_(?P<sex>[01])_(?P<site>p[1-8])_(?P<number>\d+)")
_SEXES = {"0": "male", "1": "female"}
_SUMMARY_SEXES = {"M": "male", "F": "female"}


@dataclass(frozen=True)
class Layout:
    """Folder names of one edition of the 2022 data."""

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
LATER: tuple[int, ...] = (2023, 2024, 2025)
"""Years that added a test set and no training data."""
UNSCORED: tuple[str, ...] = ("test_2024", "test_2025")
"""Test sets with events only."""
_PLACES = ("", "BioCAS{year}/", "releases/BioCAS{year}/")


def read_rows(source: Path) -> Table:
    """Read the original layout of any edition: wav folders, json folders, and the patient summary where it is there.

    The data of 2022 must be there; the test sets of 2023, 2024 and 2025 may be. Since 2024 some names have no patient:
    those rows have no ``subject_id``.

    Raises:
        DataError: another layout.
    """
    root, parts = _layout(source)
    summary = _summary(source)
    rows: list[Row] = []
    problems: list[Problem] = []
    notes: list[str] = []
    claimed: dict[str, str] = {}
    for official, wav_folder, json_folder in parts:
        for file in sorted((root / json_folder).glob("*.json")):
            path = f"{wav_folder}/{file.stem}.wav"
            if file.stem in claimed:
                problems.append(
                    Problem(file.stem, path, f"annotated twice, first as {claimed[file.stem]}", "DataError")
                )
                continue
            claimed[file.stem] = path
            try:
                row = _row(file, path, official, summary)
            except DataError as error:
                problems.append(Problem(file.stem, path, error.problem, "DataError"))
                continue
            rows.append(row)
            known = summary.get(row["patient_id"])
            if known and known["sex"] not in (None, row["sex"]):
                notes.append(f"{file.stem}: the file name says {row['sex']}, the patient summary {known['sex']}")
    annotated = {*claimed.values(), *(problem.path for problem in problems)}
    for folder in dict.fromkeys(wav_folder for _, wav_folder, _ in parts):
        for wav in sorted((root / folder).glob("*.wav")):
            if f"{folder}/{wav.name}" not in annotated:
                problems.append(Problem(wav.stem, f"{folder}/{wav.name}", "no annotation file", "DataError"))
    nobody = sum(row["subject_id"] is None for row in rows)
    notes += [f"{nobody} recordings have no patient number, so no subject split can hold them"] if nobody else []
    rows.sort(key=lambda row: str(row["recording_id"]))
    only_2022 = not any(part.startswith("test_20") for part, _, _ in parts)
    return Table(root, tuple(rows), tuple(problems), tuple(notes), expected=2_683 if only_2022 else None)


def _layout(source: Path) -> tuple[Path, list[tuple[str, str, str]]]:
    """Root, and (official split, wav folder, json folder) of every part that is there."""
    for layout in LAYOUTS:
        for place in _PLACES:
            inside = place.format(year=2022)
            if all(
                (source / inside / name).is_dir() for name in (layout.train_wav, layout.train_json, layout.test_json)
            ):
                first = [(part, inside + wav, inside + notes) for part, wav, notes in layout.parts()]
                return source, [*first, *_later(source)]
    root = locate(source, "BioCAS2022", dataset="SPRSound")
    if root == source:
        raise DataError("the train or test folders are missing", where=source / "BioCAS2022", remedy="download again")
    return _layout(root)


def _later(root: Path) -> list[tuple[str, str, str]]:
    found = []
    for year in LATER:
        names = [(f"test{year}_wav", f"test{year}_json"), (f"test_wav_{year}", f"test_json_{year}")]
        folders = [(place.format(year=year) + wav, place.format(year=year) + notes) for place in _PLACES
                   for wav, notes in names]  # fmt: skip
        here = [pair for pair in folders if any((root / folder).is_dir() for folder in pair)]
        if len(here) > 1:
            raise DataError(f"several test sets of {year}: {here[0][0]}, {here[1][0]}", where=root, remedy="keep one")
        found += [(f"test_{year}", wav, notes) for wav, notes in here]
    return found


def _summary(source: Path) -> dict[str, dict[str, str | None]]:
    """Patient -> disease and sex, from ``Patient Summary/*.csv``; not every copy has it.

    A child who is in several summaries has what the first one said: that of 2022, which comes last in the alphabet.
    """
    people: dict[str, dict[str, str | None]] = {}
    for file in sorted(source.glob("**/Patient Summary/*.csv")):
        for _, row in read_table(file, ("patient_num", "disease", "gender")):
            patient, sex = text_or_none(row["patient_num"]), text_or_none(row["gender"])
            if patient is None or not patient.isdecimal():
                continue  # the summary of 2023 has a line for a child without a number, "-"
            people[patient] = {
                "disease": text_or_none(row["disease"]),
                "sex": _SUMMARY_SEXES.get(sex) if sex else None,
            }
    return people


def _row(file: Path, path: str, official: str, summary: Mapping[str, Mapping[str, str | None]]) -> Row:
    match = _NAME.fullmatch(file.stem)
    if match is None:
        raise DataError("the name is not <patient>_<age>_<0|1>_p<1-8>_<number>", where=file)
    try:
        content = json.loads(read_text(file))
    except json.JSONDecodeError as error:
        raise DataError(f"the annotation is not JSON ({error})", where=file) from error
    if not isinstance(content, dict):
        raise DataError("the annotation is not an object", where=file)
    # Upstream's own text calls the key recording_annotation; the files do not.
    record = content.get("record_annotation", content.get("recording_annotation"))
    if record not in RECORD_CLASSES and not (record is None and official in UNSCORED):
        raise DataError(f"record annotation {record!r} is none of {RECORD_CLASSES}", where=file)
    patient = match["patient"]
    return {
        "path": path,
        "recording_id": file.stem,
        "subject_id": f"sprsound:{patient}" if patient else None,
        "site": SITE_CODES[match["site"]],
        "device": "Yunting model II",
        "age": float(match["age"]),
        "age_group": None,
        "sex": _SEXES[match["sex"]],
        "organ": "lung",
        "licence": SPRSOUND.licence,
        "source": SPRSOUND.name,
        "patient_id": patient or None,
        "site_detail": match["site"],
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


_ADVENTITIOUS = ("CAS", "DAS", "CAS & DAS")
_EVENTS_ONLY = "the test sets of 2024 and 2025 have events only"
_NOTE = (
    "2022 and the test set of 2023 together; 2022 alone gives Normal 1785, CAS 233, DAS 347, CAS & DAS 131, Poor "
    "Quality 187. The paper trains on 2022's training part and tests on the rest"
)

_LEAKS = "every child of test_intra is in train by design, and one recording is in both, byte for byte"


def _auscultabench(rows: Sequence[Row]) -> dict[str, str]:
    """AuscultaBench's split: 2022's training part, and the test sets of 2022 and 2023."""
    used = {"train": "train"} | dict.fromkeys(("test_inter", "test_intra", "test_2023"), "test")
    return {row["recording_id"]: used[row["official_split"]] for row in rows if row["official_split"] in used}


SPRSOUND = DatasetSpec(
    name="sprsound",
    title="SPRSound: Open-Source SJTU Paediatric Respiratory Sound Database",
    version="2022-2025",
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
        "site_detail": "string",
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
            rule={"Normal": "Normal"} | dict.fromkeys(_ADVENTITIOUS, "Adventitious"),
            left_out=("Poor Quality", None),
            why_left_out="the annotators could not hear enough to judge, or annotated events only (2024, 2025)",
        ),
        TaskConfig(
            "record_ternary",
            column="record_annotation",
            classes=("Normal", "Adventitious", "Poor Quality"),
            rule={"Normal": "Normal", "Poor Quality": "Poor Quality"} | dict.fromkeys(_ADVENTITIOUS, "Adventitious"),
            left_out=(None,),
            why_left_out=_EVENTS_ONLY,
            paper=(
                PaperTask(
                    "auscultabench16", "T1", {"Normal": 2324, "Adventitious": 1000, "Poor Quality": 230}, note=_NOTE
                ),
            ),
        ),
        TaskConfig(
            "record",
            column="record_annotation",
            classes=RECORD_CLASSES,
            rule={name: name for name in RECORD_CLASSES},
            left_out=(None,),
            why_left_out=_EVENTS_ONLY,
            paper=(
                PaperTask(
                    "auscultabench16",
                    "T2",
                    dict(zip(RECORD_CLASSES, (2324, 368, 480, 152, 230), strict=True)),
                    note=_NOTE,
                ),
            ),
        ),
        TaskConfig(
            "events",
            column="type",
            segments="events",
            classes=EVENT_TYPES,
            rule={name: name for name in EVENT_TYPES},
        ),
        TaskConfig(
            "events_binary",
            column="type",
            segments="events",
            classes=("Normal", "Adventitious"),
            rule={"Normal": "Normal"} | dict.fromkeys(EVENT_TYPES[1:], "Adventitious"),
        ),
    ),
    strata=(Stratum("record_annotation", (("CAS", "DAS", "CAS & DAS"), ("Normal",), ("Poor Quality",))),),
    has_subject_ids=True,
    read=read_rows,
    recordings=3554,  # 2022 and the test set of 2023: all that has a record annotation
    official=("train", "test_inter", "test_intra", "test_2023", "test_2024", "test_2025"),
    official_leaks=f"{_LEAKS}; in the later test sets, recordings without a patient may be of any child",
    published={
        "auscultabench": PublishedSplit(
            ("train", "test"), _auscultabench, _LEAKS, "applewpj/AuscultaBase, generate_train_test.py"
        ),
    },
    traps=(
        "Event times are strings of milliseconds in the files, seconds here.",
        "`Poor Quality` recordings have no events.",
        "`41279835_14.1_0_p1_2945` and `41279835_14.1_0_p1_2050` are the same file, annotated differently; upstream "
        "has one in training and one in the intra-subject test. They are one child's: a subject split keeps them "
        "together.",
        "One recording is 0.30 s long. Ages in file names differ from the patient summary by up to 0.2 years.",
        "`disease` is the child's diagnosis, from the patient summary; copies without the summary have null.",
        "Some names of 2024 and 2025 have no patient: those recordings have no `subject_id`, and no subject split.",
        "Places `p5` to `p8` of 2024 and 2025 are not explained upstream; their `site` is other.",
        "The test sets of 2024 and 2025 have no record annotation; upstream later moved ends of overlapping events.",
        "A random split by recording puts the child of 99.6 % of the test recordings into training.",
    ),
)


class SPRSound(BodySoundBuilder):
    """SPRSound: configs ``recordings``, ``normal_adventitious``, ``record(_ternary)`` and ``events(_binary)``."""

    SPEC = SPRSOUND
    BUILDER_CONFIGS = BodySoundBuilder.configs(SPRSOUND)
    DEFAULT_CONFIG_NAME = "recordings"
