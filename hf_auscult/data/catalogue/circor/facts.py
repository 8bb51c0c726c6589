"""Whether CirCor's murmur is heard at the recording's own place."""

from __future__ import annotations

from ...facts import Cells


def heard_here(cells: Cells) -> None:
    """Add whether the recording's site is among the places where the murmur is heard, as far as both are known."""
    places = [fact.value for fact in cells.facts if fact.field == "murmur_locations"]
    site = cells.text("site")
    if places and site is not None:
        cells.add("heard_here", "yes" if site.lower() in places else "no", "murmur_locations", of="murmur")
