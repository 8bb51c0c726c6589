"""ICBHI 2017: crackles and wheezes of cycles and recordings, the patient's diagnosis and build."""

from __future__ import annotations

from ..schema import Fact
from .cells import Cells, Row
from .lung import PERSON, person

CYCLES = {"normal": (False, False), "crackle": (True, False), "wheeze": (False, True), "both": (True, True)}
"""Type of a cycle -> whether crackles, whether wheezes are heard in it; the annotation states both, yes or no."""

_DISEASES = {
    "Healthy": "healthy",
    "Bronchiectasis": "bronchiectasis",
    "Bronchiolitis": "bronchiolitis",
    "COPD": "COPD",
    "Pneumonia": "pneumonia",
    "URTI": "upper respiratory tract infection",
    "LRTI": "lower respiratory tract infection",
    "Asthma": "asthma",
}
FIELDS: tuple[str, ...] = (*PERSON, "diagnosis", "adult_bmi", "child_weight", "child_height", "events")


def icbhi_facts(row: Row) -> tuple[Fact, ...]:
    """Give every fact that ICBHI states of a recording, or of one respiratory cycle of it.

    A recording has crackles (or wheezes) where one of its cycles does, and none where no cycle does; a recording
    without annotated cycles states neither.

    Raises:
        DataError: a column is missing, or holds a word that ICBHI does not use.

    Example:
        >>> row = dict.fromkeys(FIELDS) | {"recording_id": "r", "events": [{"type": "wheeze"}, {"type": "normal"}]}
        >>> [(fact.value, fact.polarity) for fact in icbhi_facts(row)]
        [('crackle', 'absent'), ('wheeze', 'present')]
    """
    cells = Cells(row, FIELDS)
    person(cells)
    cells.size("child_height", "child_weight", "adult_bmi")
    event = cells.event(tuple(CYCLES))
    kinds = [event] if event is not None else cells.events(tuple(CYCLES))
    if kinds:
        for place, value in enumerate(("crackle", "wheeze")):
            heard = any(CYCLES[kind][place] for kind in kinds)
            cells.add("finding", value, "events", "present" if heard else "absent")
    cells.words("disease", "diagnosis", _DISEASES)
    return tuple(cells.facts)
