"""HF_Lung: breath phases and adventitious sounds; nothing is known of the people."""

from __future__ import annotations

from ..schema import Fact
from .cells import Cells, Row
from .lung import PERSON, person

EVENTS = {
    "I": None,
    "E": None,
    "D": "discontinuous adventitious sound",
    "Wheeze": "wheeze",
    "Stridor": "stridor",
    "Rhonchi": "rhonchus",
}
_PHASES = {"I": "inhalation", "E": "exhalation"}
FIELDS: tuple[str, ...] = (*PERSON, "events")


def hf_lung_facts(row: Row) -> tuple[Fact, ...]:
    """Give every fact that HF_Lung states of a recording, or of one event of it.

    A recording that was annotated, and in which nobody marked anything but breath phases, states that no adventitious
    sound is heard. An event that is a breath phase states that phase only: other events may lie over it.

    Raises:
        DataError: a column is missing, or holds a word that HF_Lung does not use.

    Example:
        >>> row = dict.fromkeys(FIELDS) | {"recording_id": "r", "events": [{"type": "I"}, {"type": "E"}]}
        >>> [(fact.value, fact.polarity) for fact in hf_lung_facts(row)]
        [('adventitious sound', 'absent')]
    """
    cells = Cells(row, FIELDS)
    person(cells)
    event = cells.event(tuple(EVENTS))
    if event is not None:
        cells.add("phase", _PHASES.get(event), "events")
        cells.add("finding", EVENTS[event], "events")
        return tuple(cells.facts)
    kinds = cells.events(tuple(EVENTS))
    for kind in kinds or ():
        cells.add("finding", EVENTS[kind], "events")
    if kinds and not set(kinds) - set(_PHASES):
        cells.add("finding", "adventitious sound", "events", "absent")
    return tuple(cells.facts)
