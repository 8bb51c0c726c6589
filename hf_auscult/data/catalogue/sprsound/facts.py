"""Record annotations, events and diseases of SPRSound's recordings."""

from __future__ import annotations

import re

from ...facts import Cells

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


def sounds(cells: Cells) -> None:
    """Add what is heard in a recording, or in the one event of it that the row is.

    A recording: the record annotation, and the kinds of its events. Normal states that no adventitious sound is heard;
    CAS does not state that there is no DAS. An event: what is heard in it, and nothing of the rest of the recording.
    """
    event = cells.event(tuple(EVENTS))
    if event is not None:
        label, kinds = None, [event]
    else:
        label = cells.word("record_annotation", (*_RECORDS, "Poor Quality"))
        kinds = cells.events(tuple(EVENTS)) or []
    if label == "Poor Quality":
        cells.add("recording_quality", "poor", "record_annotation")
    elif label == "Normal":
        cells.add("finding", "adventitious sound", "record_annotation", "absent")
    for value in _RECORDS.get(label or "", ()):
        cells.add("finding", value, "record_annotation")
    for kind in kinds:
        for value in EVENTS[kind]:
            cells.add("finding", value, "events")
    if label is None and kinds == ["Normal"]:  # the test sets of 2024 and 2025 have events only
        cells.add("finding", "adventitious sound", "events", "absent")


def disease(cells: Cells) -> None:
    """Add the child's disease, and its severity where the summary grades it."""
    said = cells.text("disease")
    if said is None or said.lower() == "unknown":
        return
    graded = _SEVERITY.fullmatch(said)
    name = graded["name"] if graded else said
    name = _DISEASES.get(name, name)
    cells.add("disease", name, "disease")
    cells.add("severity", graded["severity"] if graded else None, "disease", of=name)
