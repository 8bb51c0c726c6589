"""Read SPRSound (BioCAS challenges 2022 to 2025), in the layout of any of its editions."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ....errors import DataError
from ....texts import read_json, read_table
from ...collector import RowCollector, locate
from ...schema import text_or_none
from ...spec import Table
from ...tabular import sex

RECORD_CLASSES = ("Normal", "CAS", "DAS", "CAS & DAS", "Poor Quality")
EVENT_TYPES = ("Normal", "Rhonchi", "Wheeze", "Stridor", "Coarse Crackle", "Fine Crackle", "Wheeze+Crackle")
_NAME = re.compile(r"(?P<patient>\d*)_(?P<age>\d+(\.\d+)?)_(?P<sex>[01])_(?P<site>p[1-8])_(?P<number>\d+)")
_SEXES = {"0": "male", "1": "female"}

LATER = (2023, 2024, 2025)
"""Years that added a test set and no training data."""
UNSCORED = ("test_2024", "test_2025")
"""Test sets with events only."""
_PLACES = ("", "BioCAS{year}/", "releases/BioCAS{year}/")


def read(source: Path, collector: RowCollector) -> Table:
    """Read the original layout of any edition: wav folders, json folders, and the patient summary where it is there.

    The data of 2022 must be there; the test sets of 2023, 2024 and 2025 may be. Since 2024 some names have no patient:
    those rows have no ``subject_id``.

    Raises:
        DataError: another layout.
    """
    root, folders = _layout(source, collector.codes["layouts"])
    summary = _summary(source)
    claimed: dict[str, str] = {}
    for official, wav_folder, json_folder in folders:
        for file in sorted((root / json_folder).glob("*.json")):
            path = f"{wav_folder}/{file.stem}.wav"
            if file.stem in claimed:
                collector.problem(file.stem, path, f"annotated twice, first as {claimed[file.stem]}")
                continue
            claimed[file.stem] = path
            with collector.checked(file.stem, path):
                _add(collector, file, path, official, summary)
    annotated = {*claimed.values(), *(problem.path for problem in collector.problems)}
    for folder in dict.fromkeys(wav_folder for _, wav_folder, _ in folders):
        collector.unlisted(root, (root / folder).glob("*.wav"), annotated, "no annotation file")
    nobody = sum(row["subject_id"] is None for row in collector.rows)
    if nobody:
        collector.notes.append(f"{nobody} recordings have no patient number, so no subject split can hold them")
    only_2022 = not any(part.startswith("test_20") for part, _, _ in folders)
    return collector.table(root, expected=2_683 if only_2022 else None)


def parts(layout: Mapping[str, str], inside: str = "") -> list[tuple[str, str, str]]:
    """(Official split, wav folder, json folder) of one edition of the 2022 data."""
    train, test = (inside + layout["train_wav"], inside + layout["train_json"]), inside + layout["test_wav"]
    tests = [(f"test_{kind}", test, f"{inside}{layout['test_json']}/{kind}_test_json") for kind in ("inter", "intra")]
    return [("train", *train), *tests]


def _layout(source: Path, layouts: list[Mapping[str, str]]) -> tuple[Path, list[tuple[str, str, str]]]:
    """Root, and (official split, wav folder, json folder) of every part that is there."""
    for layout in layouts:
        for place in _PLACES:
            inside = place.format(year=2022)
            if all((source / inside / layout[name]).is_dir() for name in ("train_wav", "train_json", "test_json")):
                return source, [*parts(layout, inside), *_later(source)]
    root = locate(source, "BioCAS2022", dataset="SPRSound")
    if root == source:
        raise DataError("the train or test folders are missing", where=source / "BioCAS2022", remedy="download again")
    return _layout(root, layouts)


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
            patient = text_or_none(row["patient_num"])
            if patient is None or not patient.isdecimal():
                continue  # the summary of 2023 has a line for a child without a number, "-"
            people[patient] = {"disease": text_or_none(row["disease"]), "sex": sex(row["gender"])}
    return people


def _add(
    collector: RowCollector, file: Path, path: str, official: str, summary: Mapping[str, Mapping[str, str | None]]
) -> None:
    match = _NAME.fullmatch(file.stem)
    if match is None:
        raise DataError("the name is not <patient>_<age>_<0|1>_p<1-8>_<number>", where=file)
    content = read_json(file, dict)
    # Upstream's own text calls the key recording_annotation; the files do not.
    label = content.get("record_annotation", content.get("recording_annotation"))
    if label not in RECORD_CLASSES and not (label is None and official in UNSCORED):
        raise DataError(f"record annotation {label!r} is none of {RECORD_CLASSES}", where=file)
    patient, known = match["patient"], summary.get(match["patient"], {})
    collector.add(
        file.stem,
        path,
        patient or None,
        site=collector.codes["sites"][match["site"]],
        age=float(match["age"]),
        sex=_SEXES[match["sex"]],
        patient_id=patient or None,
        site_detail=match["site"],
        disease=known.get("disease"),
        record_annotation=label,
        events=[_event(event, file) for event in _list(content, "event_annotation", file)],
        official_split=official,
    )
    if known.get("sex") not in (None, _SEXES[match["sex"]]):
        says = f"the file name says {_SEXES[match['sex']]}, the patient summary {known['sex']}"
        collector.notes.append(f"{file.stem}: {says}")


def _list(content: Mapping[str, Any], key: str, file: Path) -> list[Any]:
    value = content.get(key) or []
    if not isinstance(value, list):
        raise DataError(f"{key} is {str(value)[:40]!r}, not a list", where=file)
    return value


def _event(event: Mapping[str, Any], file: Path) -> dict[str, float | str]:
    """Seconds from the strings of milliseconds that the files hold."""
    try:
        start, end, kind = float(event["start"]) / 1000, float(event["end"]) / 1000, event["type"]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DataError(f"event {str(event)[:100]} is damaged", where=file) from error
    if kind not in EVENT_TYPES or not 0 <= start < end < math.inf:
        raise DataError(f"event {str(event)[:100]} is impossible", where=file)
    return {"start": start, "end": end, "type": kind}
