"""What a dataset's metadata says of a recording, as single facts, each traced to the field it comes from."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..errors import ConfigurationError, DataError

Kind = Literal["finding", "diagnosis", "context"]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Fact:
    """One statement that a report may make.

    Args:
        name: what it is about; phrasings are looked up by it.
        value: what the field says, in words that fit a sentence.
        field: the column it comes from.
        kind: ``finding`` (what was heard), ``diagnosis`` (what was concluded) or ``context`` (who and where).
    """

    name: str
    value: str
    field: str
    kind: Kind


_SITE_CODES = {"AV": "aortic", "PV": "pulmonary", "TV": "tricuspid", "MV": "mitral", "Phc": "other"}
_AREAS = (*_SITE_CODES.values(), "left posterior", "left lateral", "right posterior", "right lateral")
_MURMUR_TRAITS = tuple(
    f"{phase}_murmur_{trait}"
    for phase in ("systolic", "diastolic")
    for trait in ("timing", "shape", "grading", "pitch", "quality")
)
CIRCOR_FIELDS: tuple[str, ...] = (
    *("recording_id", "site", "age_group", "sex", "height", "weight", "pregnancy_status"),
    *("murmur", "murmur_locations", "most_audible_location", *_MURMUR_TRAITS, "outcome"),
)
"""Columns that the CirCor reports read. The rest is provenance (campaign, ids, the list of recordings) and unstated."""


def circor_facts(row: Row) -> tuple[Fact, ...]:
    """Give every fact that CirCor's table states of a recording.

    ``murmur_here`` says whether the murmur is audible at the recording's own site, which follows from
    ``murmur_locations``. ``pregnancy_status`` is a fact where it is true.

    Args:
        row: a prepared recording: the columns of :data:`CIRCOR_FIELDS`; missing values are None, NaN or ``nan``.

    Raises:
        DataError: a column is missing, or holds a word that CirCor does not use.

    Example:
        >>> row = dict.fromkeys(CIRCOR_FIELDS) | {"recording_id": "1_MV", "site": "mitral", "murmur": "Absent"}
        >>> [fact.name for fact in circor_facts(row)]
        ['site', 'murmur']
    """
    where = str(row.get("recording_id"))
    absent = [name for name in CIRCOR_FIELDS if name not in row]
    if absent:
        raise DataError(f"columns {absent} are missing", where=where, remedy="pass rows of a prepared CirCor dataset")
    facts: list[Fact] = []

    def add(field: str, kind: Kind, words: Callable[[str], str], name: str | None = None) -> None:
        value = stated(row[field])
        if value is not None:
            facts.append(Fact(name or field, words(value), field, kind))

    add("site", "context", _one_of(_AREAS, "site", where))
    add("age_group", "context", _one_of(("neonate", "infant", "child", "adolescent", "young adult"), "age", where))
    add("sex", "context", _one_of(("female", "male"), "sex", where))
    add("height", "context", _number("height", where))
    add("weight", "context", _number("weight", where))
    pregnant = stated(row["pregnancy_status"])
    if pregnant is not None and _one_of(("true", "false"), "pregnancy status", where)(pregnant) == "true":
        facts.append(Fact("pregnancy_status", "pregnant", "pregnancy_status", "context"))
    add("murmur", "finding", _one_of(("present", "absent", "unknown"), "murmur", where))
    for field in _MURMUR_TRAITS:
        add(field, "finding", str if field.endswith("grading") else str.lower)
    locations = stated(row["murmur_locations"])
    if locations is not None:
        areas = [_area(code, where) for code in locations.split("+")]
        facts.append(Fact("murmur_locations", join(areas), "murmur_locations", "finding"))
        site = stated(row["site"])
        if site is not None:
            heard = "yes" if site.lower() in areas else "no"
            facts.append(Fact("murmur_here", heard, "murmur_locations", "finding"))
    add("most_audible_location", "finding", lambda code: _area(code, where))
    add("outcome", "diagnosis", _one_of(("normal", "abnormal"), "outcome", where))
    return tuple(facts)


FACTS: dict[str, Callable[[Row], tuple[Fact, ...]]] = {"circor": circor_facts}


def facts_of(dataset: str) -> Callable[[Row], tuple[Fact, ...]]:
    """Find a dataset's reader of facts.

    Raises:
        ConfigurationError: there is none for it.
    """
    if dataset not in FACTS:
        raise ConfigurationError(f"no reports for dataset {dataset!r}", remedy=f"choose one of {', '.join(FACTS)}")
    return FACTS[dataset]


def stated(value: object) -> str | None:
    """Text of a cell, or None where it states nothing.

    Example:
        >>> stated(float("nan")), stated(" nan"), stated(92.0)
        (None, None, '92.0')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    text = str(value).strip()
    return None if text.lower() in ("", "nan", "none") else text


def join(words: list[str]) -> str:
    """Enumerate words in English.

    Example:
        >>> join(["aortic", "mitral", "tricuspid"])
        'aortic, mitral and tricuspid'
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _one_of(allowed: tuple[str, ...], what: str, where: str) -> Callable[[str], str]:
    def word(value: str) -> str:
        if value.lower() not in allowed:
            raise DataError(f"{what} is {value!r}", where=where, remedy=f"expected one of {', '.join(allowed)}")
        return value.lower()

    return word


def _number(what: str, where: str) -> Callable[[str], str]:
    def words(value: str) -> str:
        try:
            number = float(value)
        except ValueError as error:
            raise DataError(f"{what} {value!r} is not a number", where=where, remedy="correct the table") from error
        return f"{number:g}"

    return words


def _area(code: str, where: str) -> str:
    if code not in _SITE_CODES:
        raise DataError(f"location {code!r}", where=where, remedy=f"expected one of {', '.join(_SITE_CODES)}")
    return _SITE_CODES[code]
