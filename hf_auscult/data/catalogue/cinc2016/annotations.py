"""The CinC 2016 distribution's ``annotations`` folder: signal quality, people, places. Not every copy has it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....errors import DataError
from ....texts import read_table, read_text
from ...schema import text_or_none
from ...tabular import number, sex

OWN = ("diagnosis", "original_record_name", "raw_record", "site_detail", "recording_state")
"""Columns that hold the appendix's own words."""
_HEADER: Mapping[str, str] = {
    "name": "Challenge record name",
    "diagnosis": "Diagnosis",
    "original_record_name": "Original record name",
    "raw_record": "# Raw record",
    "site_detail": "Transducer site on body",
    "recording_state": "Recording state",
    "age": "Age (year)",
    "sex": "Gender",
}
# Not anchored at the end: C16S0b and S34f2.e4k_data are takes of people who have others.
_PEOPLE = {"a": re.compile(r"C(\d+)S"), "b": re.compile(r"S(\d+)f"), "c": re.compile(r"id(\d+)")}
_SITES = (("2nd left intercostal", "pulmonary"), ("2nd right intercostal", "aortic"), ("apex", "mitral"))
_REMEDY = "download it again, or delete it"


@dataclass(frozen=True)
class Annotations:
    """What the folder says.

    Args:
        sqi: name -> ``1`` (can be judged) or ``0``.
        appendix: name -> ``age``, ``sex``, ``site`` and :data:`OWN`.
        notes: what was odd.
    """

    sqi: Mapping[str, str]
    appendix: Mapping[str, Mapping[str, Any]]
    notes: tuple[str, ...]

    def of(self, name: str) -> Mapping[str, Any]:
        """What is known of a recording; all null where the appendix lacks it."""
        return self.appendix.get(name) or dict.fromkeys(("age", "sex", "site", *OWN))

    def person(self, name: str) -> str | None:
        """Name whoever a recording is of, as far as original names tell; None where they do not.

        In e, the two cohorts (original names ``e01430`` and ``14``) number their raw records apart.
        """
        known, database = self.of(name), name[0]
        original, raw = known["original_record_name"] or "", known["raw_record"]
        if database in _PEOPLE:
            match = _PEOPLE[database].match(original)
            return f"{database}-{int(match[1])}" if match else None
        if database == "e" and raw and re.fullmatch(r"e?\d+", original):
            return f"e-{'normal' if original.startswith('e') else 'patient'}-{raw}"
        return None


def read_annotations(root: Path) -> Annotations:
    """Read ``REFERENCE_withSQI.csv`` of each sub-database and ``Online Appendix_training set.csv``, wherever they lie.

    Raises:
        DataError: a table that is there is damaged.
    """
    sqi: dict[str, str] = {}
    for file in sorted(root.glob("annotations/**/REFERENCE_withSQI.csv")):
        sqi |= _quality(file)
    tables = [
        file
        for file in sorted(root.glob("annotations/**/*.csv"))
        if re.sub(r"[ _]+", " ", file.stem).casefold() == "online appendix training set"
        and not file.name.startswith("._")
    ]
    if not tables:
        missing = () if sqi else ("no annotations folder: no signal quality, no people, no places",)
        return Annotations(sqi, {}, missing or ("no appendix in annotations: no people, no places",))
    appendix, strange = _appendix(tables[0])
    notes = tuple(f"{tables[0].name}: {what}" for what in strange)
    return Annotations(sqi, appendix, notes if sqi else (*notes, "no REFERENCE_withSQI.csv: no signal quality"))


def _quality(file: Path) -> dict[str, str]:
    """Name -> quality, of lines ``name,class,quality``."""
    found: dict[str, str] = {}
    for line_number, line in enumerate(read_text(file).splitlines(), start=1):
        cells = [cell.strip() for cell in line.split(",")]
        if cells == [""]:
            continue
        if len(cells) != 3 or cells[2] not in ("0", "1"):
            raise DataError(f"line {line_number} is damaged: {line!r}", where=file, remedy=_REMEDY)
        found[cells[0]] = cells[2]
    return found


def _appendix(file: Path) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Name -> its line, and lines with words that are not understood."""
    found: dict[str, dict[str, Any]] = {}
    strange: list[str] = []
    for _, line in read_table(file, tuple(_HEADER.values()), remedy=_REMEDY, errors="replace"):
        cells = {key: text_or_none(line[column]) for key, column in _HEADER.items()}
        name = cells["name"]
        if name is None:
            continue
        age, who, raw = _number(cells["age"]), sex(cells["sex"]), _number(cells["raw_record"])
        strange += [f"{name}: age {cells['age']!r}"] if cells["age"] and age is None else []
        strange += [f"{name}: gender {cells['sex']!r}"] if cells["sex"] and who is None else []
        cells["raw_record"] = f"{raw:g}" if raw is not None else cells["raw_record"]
        own = {key: cells[key] for key in OWN}
        known = {**own, "age": age, "sex": who, "site": _site(cells["site_detail"])}
        if found.setdefault(name, known) != known:
            raise DataError(f"it lists {name} twice, differently", where=file, remedy=_REMEDY)
    return found, strange


def _number(cell: str | None) -> float | None:
    try:
        return number(cell, "cell")
    except DataError:
        return None


def _site(words: str | None) -> str | None:
    if words is None:
        return None
    return next((site for word, site in _SITES if word in words.casefold()), "other")
