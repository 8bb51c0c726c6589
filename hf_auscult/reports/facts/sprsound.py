"""SPRSound: record annotations and events of children's lungs."""

from __future__ import annotations

import re

from ..schema import Fact
from .cells import Cells, Row
from .lung import PERSON, person

EVENTS = {
    "Normal": (),
    "Rhonchi": ("rhonchus",),
    "Wheeze": ("wheeze",),
    "Stridor": ("stridor",),
    "Coarse Crackle": ("coarse crackle",),
    "Fine Crackle": ("fine crackle",),
    "Wheeze+Crackle": ("wheeze", "crackle"),
}
"""Type of an event -> what is heard in it."""

_RECORDS = {
    "Normal": (),
    "CAS": ("continuous adventitious sound",),
    "DAS": ("discontinuous adventitious sound",),
    "CAS & DAS": ("continuous adventitious sound", "discontinuous adventitious sound"),
}
_DISEASES = {
    "Asthma": "asthma",
    "Bronchitis": "bronchitis",
    "Bronchiectasia": "bronchiectasis",
    "Pneumonia": "pneumonia",
    "Control Group": "control group",
    "Other respiratory diseases": "other respiratory disease",
}
"""Spellings; the summary's other diseases are stated as it writes them."""
_SEVERITY = re.compile(r"(?P<name>.+) \((?P<severity>non-severe|severe)\)")
FIELDS: tuple[str, ...] = (*PERSON, "disease", "record_annotation", "events")


def sprsound_facts(row: Row) -> tuple[Fact, ...]:
    """Give every fact that SPRSound states of a recording, or of one event of it.

    A recording: the record annotation, and the kinds of its events. Normal states that no adventitious sound is heard;
    CAS does not state that there is no DAS. An event: what is heard in it, and nothing of the rest of the recording.

    Raises:
        DataError: a column is missing, or holds a word that SPRSound does not use.

    Example:
        >>> row = dict.fromkeys(FIELDS) | {"recording_id": "r", "record_annotation": "DAS", "disease": "Asthma"}
        >>> [fact.value for fact in sprsound_facts(row)]
        ['discontinuous adventitious sound', 'asthma']
    """
    cells = Cells(row, FIELDS)
    person(cells)
    event = cells.event(tuple(EVENTS))
    if event is not None:
        _heard(cells, event)
    else:
        record = cells.word("record_annotation", {name: name for name in (*_RECORDS, "Poor Quality")})
        kinds = cells.events(tuple(EVENTS)) or []
        if record == "Poor Quality":
            cells.add("recording_quality", "poor", "record_annotation")
        elif record == "Normal":
            cells.add("finding", "adventitious sound", "record_annotation", "absent")
        elif record is not None:
            for value in _RECORDS[record]:
                cells.add("finding", value, "record_annotation")
        for kind in kinds:
            for value in EVENTS[kind]:
                cells.add("finding", value, "events")
        if record is None and kinds == ["Normal"]:  # the test sets of 2024 and 2025 have events only
            cells.add("finding", "adventitious sound", "events", "absent")
    disease = cells.text("disease")
    if disease is not None and disease.lower() != "unknown":
        graded = _SEVERITY.fullmatch(disease)
        name = graded["name"] if graded else disease
        name = _DISEASES.get(name, name)
        cells.add("disease", name, "disease")
        cells.add("severity", graded["severity"] if graded else None, "disease", of=name)
    return tuple(cells.facts)


def _heard(cells: Cells, kind: str) -> None:
    if kind == "Normal":
        cells.add("finding", "adventitious sound", "events", "absent")
    for value in EVENTS[kind]:
        cells.add("finding", value, "events")
