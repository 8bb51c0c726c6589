"""Crackles and wheezes of ICBHI's respiratory cycles and recordings."""

from __future__ import annotations

from ...facts import Cells

CYCLES = {"normal": (), "crackle": ("crackle",), "wheeze": ("wheeze",), "both": ("crackle", "wheeze")}
"""Type of a cycle -> what is heard in it; the annotation states both, yes or no."""


def cycles(cells: Cells) -> None:
    """Add whether crackles and wheezes are heard: in the cycle that the row is, or in any of the recording.

    A recording without annotated cycles states neither.
    """
    event = cells.event(tuple(CYCLES))
    kinds = [event] if event is not None else cells.events(tuple(CYCLES))
    for value in ("crackle", "wheeze") if kinds else ():
        heard = any(value in CYCLES[kind] for kind in kinds or ())
        cells.add("finding", value, "events", "present" if heard else "absent")
