"""Read the ICBHI 2017 challenge's layout, or the one on Kaggle."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ....errors import DataError
from ....texts import AGAIN, is_file, read_text
from ...collector import RowCollector, folder_of
from ...schema import text_or_none
from ...spec import Table
from ...tabular import sex

CYCLES = {"0 0": "normal", "1 0": "crackle", "0 1": "wheeze", "1 1": "both"}
"""Crackle and wheeze of an annotation line -> type of the cycle."""
GHOST = "226_1b1_Pl_sc_Meditron"
"""Listed in the challenge's split, but never distributed."""
AUDIO_FOLDERS = ("ICBHI_final_database", "audio_and_txt_files")

_NAME = re.compile(
    r"(?P<patient>\d{3})_(?P<index>[0-9a-z]+)_(?P<site>Tc|Al|Ar|Pl|Pr|Ll|Lr)_(?P<mode>sc|mc)"
    r"_(?P<device>AKGC417L|LittC2SE|Litt3200|Meditron)"
)
_SPLIT_TABLE = "ICBHI_challenge_train_test.txt"
_DIAGNOSIS_TABLES = ("ICBHI_Challenge_diagnosis.txt", "patient_diagnosis.csv", "patient_diagnosis.txt")
_PEOPLE_TABLES = ("ICBHI_Challenge_demographic_information.txt", "demographic_info.txt")
_TRAITS = ("age", "sex", "adult_bmi", "child_weight", "child_height")


def read(source: Path, collector: RowCollector) -> Table:
    """Read the challenge's layout (``ICBHI_final_database``) or the one on Kaggle (``audio_and_txt_files``).

    Recordings are those that the challenge's split lists, and those whose wav or annotation is there. Tables may lie
    beside or inside the folder of the recordings; without the split table nothing has an ``official_split``.

    Raises:
        DataError: another layout, no table of diagnoses, or a damaged table.
    """
    root, audio = _locate(source, collector.spec.title)
    official = _official(_table(root, audio, _SPLIT_TABLE))
    diagnoses = _diagnoses(_table(root, audio, *_DIAGNOSIS_TABLES), root, collector.codes["diagnoses"])
    people = _people(_table(root, audio, *_PEOPLE_TABLES))
    collector.notes += [] if official else [f"no {_SPLIT_TABLE}, so no recording has an official split"]
    collector.notes += [] if people else [f"no {_PEOPLE_TABLES[0]}, so age and sex are unknown"]
    wavs = {file.stem for file in (root / audio).glob("*.[wW][aA][vV]")}
    texts = {file.stem for file in (root / audio).glob("*.txt") if _NAME.fullmatch(file.stem)}
    if GHOST in official and GHOST not in wavs | texts:
        del official[GHOST]
        collector.notes.append(f"{_SPLIT_TABLE} lists {GHOST}, which was never distributed")
    for name in sorted(wavs | texts | set(official)):
        path = f"{audio}/{name}.wav"
        with collector.checked(name, path):
            match = _NAME.fullmatch(name)
            if match is None:
                raise DataError("the name is not <patient>_<index>_<location>_<sc|mc>_<equipment>", where=path)
            patient = match["patient"]
            if patient not in diagnoses:
                raise DataError(f"patient {patient} has no diagnosis", where=path)
            events = _cycles(root / audio / f"{name}.txt") if name in texts else None
            if events is None and name in wavs:
                collector.notes.append(f"{name}: no annotation file, so it has no cycles")
            collector.add(
                name,
                path,
                patient,
                site=collector.codes["sites"][match["site"]],
                device=collector.codes["devices"][match["device"]],
                patient_id=patient,
                recording_index=match["index"],
                chest_location=match["site"],
                acquisition_mode=match["mode"],
                equipment=match["device"],
                diagnosis=diagnoses[patient],
                events=events,
                official_split=official.get(name),
                **people.get(patient, dict.fromkeys(_TRAITS)),
            )
    return collector.table(root)


def _locate(source: Path, title: str) -> tuple[Path, str]:
    """Folder of the tables, and the recordings' folder in it; it may lie up to two folders deep, as Kaggle packs it."""
    folder_of(source, dataset=title)
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
    return next((file for file in files if is_file(file)), None)


def _lines(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Cells of every line that is not blank: separated by tabs, commas or spaces, depending on the edition."""
    for number, line in enumerate(read_text(file).splitlines(), start=1):
        if line.strip():
            yield number, re.split(r"[\s,]+", line.strip())


def _official(file: Path | None) -> dict[str, str]:
    listed: dict[str, str] = {}
    for number, cells in _lines(file) if file else ():
        if len(cells) != 2 or not _NAME.fullmatch(cells[0]) or cells[1] not in ("train", "test"):
            raise DataError(f"line {number} is damaged", where=file, remedy=AGAIN)
        if listed.setdefault(*cells) != cells[1]:
            raise DataError(f"line {number} is damaged: it contradicts an earlier one", where=file, remedy=AGAIN)
    return listed


def _diagnoses(file: Path | None, root: Path, words: list[str]) -> dict[str, str]:
    if file is None:
        raise DataError(f"no {_DIAGNOSIS_TABLES[0]}", where=root, remedy="download it and put it there")
    known: dict[str, str] = {}
    for number, cells in _lines(file):
        if not known and not cells[0].isdecimal():
            continue  # some copies on Kaggle have a header
        if len(cells) != 2 or not cells[0].isdecimal() or cells[1] not in words or known.get(*cells) != cells[1]:
            raise DataError(f"line {number} is damaged, or contradicts an earlier one", where=file, remedy=AGAIN)
        known[cells[0]] = cells[1]
    return known


def _people(file: Path | None) -> dict[str, dict[str, Any]]:
    """Patient -> age, sex and size; a line is ``patient age sex bmi weight height``."""
    people: dict[str, dict[str, Any]] = {}
    for line, cells in _lines(file) if file else ():
        patient, *rest = (text_or_none(cell) for cell in cells)
        try:
            age, who, bmi, weight, height = rest
            if patient is None or who not in (None, "F", "M"):
                raise ValueError
            sizes = [None if cell is None else float(cell) for cell in (age, bmi, weight, height)]
            if any(size is not None and not 0 < size < math.inf for size in sizes[1:]):
                raise ValueError
        except ValueError as error:
            raise DataError(f"line {line} is damaged", where=file, remedy=AGAIN) from error
        traits = dict(zip(_TRAITS, (sizes[0], sex(who), *sizes[1:]), strict=True))
        if people.setdefault(patient, traits) != traits:
            raise DataError(f"line {line} is damaged: it contradicts an earlier one", where=file, remedy=AGAIN)
    return people


def _cycles(file: Path) -> list[dict[str, float | str]]:
    """Cycles of an annotation file, ``start end crackle wheeze`` a line."""
    cycles: list[dict[str, float | str]] = []
    for number, cells in _lines(file):
        try:
            start, end = float(cells[0]), float(cells[1])
            kind = CYCLES[f"{cells[2]} {cells[3]}"]
        except (IndexError, KeyError, ValueError) as error:
            raise DataError(f"annotation line {number} is not 'start end crackle wheeze'", where=file) from error
        if not 0 <= start < end < math.inf or len(cells) != 4:
            raise DataError(f"annotation line {number} is impossible", where=file)
        cycles.append({"start": start, "end": end, "type": kind})
    return cycles
