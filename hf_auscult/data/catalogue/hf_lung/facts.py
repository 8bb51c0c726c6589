"""Breath phases and adventitious sounds of HF_Lung's events and recordings."""

from __future__ import annotations

from ...facts import Cells

EVENTS = {
    "I": None,
    "E": None,
    "D": "discontinuous adventitious sound",
    "Wheeze": "wheeze",
    "Stridor": "stridor",
    "Rhonchi": "rhonchus",
}
_PHASES = {"I": "inhalation", "E": "exhalation"}


def events(cells: Cells) -> None:
    """Add what is heard in a recording, or in the one event of it that the row is.

    A recording that was annotated, and in which nobody marked anything but breath phases, states that no adventitious
    sound is heard. An event that is a breath phase states that phase only: other events may lie over it.
    """
    event = cells.event(tuple(EVENTS))
    if event is not None:
        cells.add("phase", _PHASES.get(event), "events")
        cells.add("finding", EVENTS[event], "events")
        return
    kinds = cells.events(tuple(EVENTS))
    for kind in kinds or ():
        cells.add("finding", EVENTS[kind], "events")
    if kinds and not set(kinds) - set(_PHASES):
        cells.add("finding", "adventitious sound", "events", "absent")
