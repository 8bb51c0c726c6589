"""CirCor DigiScope: murmur, its traits and places, outcome, and the child."""

from __future__ import annotations

import re

from ...errors import DataError
from ..schema import Fact
from .cells import Cells, Row

_PHASES = ("systolic", "diastolic")
_TRAITS = {"timing": "timing", "shape": "shape", "grading": "grade", "pitch": "pitch", "quality": "quality"}
_MURMUR_TRAITS = tuple(f"{phase}_murmur_{trait}" for phase in _PHASES for trait in _TRAITS)
CIRCOR_FIELDS: tuple[str, ...] = (
    *("recording_id", "organ", "site", "age_group", "sex", "height", "weight", "pregnancy_status"),
    *("murmur", "murmur_locations", "most_audible_location", *_MURMUR_TRAITS, "outcome"),
)
"""Columns that the CirCor reports read. The rest is provenance (campaign, ids, the list of recordings) and unstated."""

_SITE_CODES = {"AV": "aortic", "PV": "pulmonary", "TV": "tricuspid", "MV": "mitral", "Phc": "other"}
_TIMING = re.compile(r"(holo|early-|mid-|late-)(systolic|diastolic)")
_GRADE = re.compile(r"(I|II|III|IV|V|VI)/(IV|VI)")


def circor_facts(row: Row) -> tuple[Fact, ...]:
    """Give every fact that CirCor's table states of a recording.

    ``heard_here`` says whether the murmur is audible at the recording's own site, which follows from
    ``murmur_locations``. ``pregnancy_status`` is a fact where it is true.

    Args:
        row: a prepared recording: the columns of :data:`CIRCOR_FIELDS`; missing values are None, NaN or ``nan``.

    Raises:
        DataError: a column is missing, or holds a word that CirCor does not use.

    Example:
        >>> row = dict.fromkeys(CIRCOR_FIELDS) | {"recording_id": "1_MV", "site": "mitral", "murmur": "Absent"}
        >>> [(fact.concept, fact.value, fact.polarity) for fact in circor_facts(row)]
        [('site', 'mitral', 'present'), ('finding', 'murmur', 'absent')]
    """
    cells = Cells(row, CIRCOR_FIELDS)
    cells.words("sound", "organ", ("heart",))
    cells.words("site", "site", tuple(_SITE_CODES.values()))
    cells.words("age_group", "age_group", ("neonate", "infant", "child", "adolescent", "young adult"))
    cells.words("sex", "sex", ("female", "male"))
    cells.size("height", "weight")
    cells.flags("pregnancy", {"pregnancy_status": "pregnant"}, absent=False)
    polarity = cells.word("murmur", ("present", "absent", "unknown"))
    if polarity is not None:
        cells.add("finding", "murmur", "murmur", polarity)  # type: ignore[arg-type]
    for phase in _PHASES:
        for trait, concept in _TRAITS.items():
            _trait(cells, f"{phase}_murmur_{trait}", concept, f"{phase} murmur")
    locations = cells.text("murmur_locations")
    if locations is not None:
        areas = [_area(cells, code) for code in locations.split("+")]
        for area in areas:
            cells.add("location", area, "murmur_locations", of="murmur")
        site = cells.text("site")
        if site is not None:
            cells.add("heard_here", "yes" if site.lower() in areas else "no", "murmur_locations", of="murmur")
    loudest = cells.text("most_audible_location")
    if loudest is not None:
        cells.add("loudest", _area(cells, loudest), "most_audible_location", of="murmur")
    cells.words("outcome", "outcome", ("normal", "abnormal"))
    return tuple(cells.facts)


def _trait(cells: Cells, field: str, concept: str, of: str) -> None:
    text = cells.text(field)
    if text is None:
        return
    value = text if concept == "grade" else text.lower()
    pattern = {"timing": _TIMING, "grade": _GRADE}.get(concept)
    if pattern is not None and not pattern.fullmatch(value):
        example = {"timing": "Holosystolic", "grade": "II/VI"}[concept]
        raise DataError(f"{field} is {text!r}", where=cells.where, remedy=f"expected a word like {example}")
    cells.add(concept, value, field, of=of)


def _area(cells: Cells, code: str) -> str:
    if code not in _SITE_CODES:
        raise DataError(f"location {code!r}", where=cells.where, remedy=f"expected one of {', '.join(_SITE_CODES)}")
    return _SITE_CODES[code]
