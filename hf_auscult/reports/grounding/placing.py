"""How a place in a text stands to the facts on places."""

from __future__ import annotations

from collections.abc import Sequence

from ..schema import Fact
from . import slots
from .knowledge import Knowledge
from .places import VALVES
from .slots import Verdict
from .statement import Statement

Placed = tuple[Verdict | None, tuple[Fact, ...]]


def placed(statement: Statement, known: Knowledge) -> Placed:
    """Compare a place with the recording's site, where a murmur is heard, and where it is loudest.

    Where the places of a murmur are facts, they are all its places.
    """
    site, location, loudest = (known.of_concept(name) for name in ("site", "location", "loudest"))
    if statement.value == "here":
        return _here(statement, known)
    if statement.value == "all":
        return _everywhere(statement, site, location)
    if statement.concept == "loudest":
        verdict, facts = _among(statement, loudest) if loudest else ("unsupported", ())
        return verdict, (*facts, *(fact for fact in location if fact.value in {one.value for one in facts}))
    if statement.concept == "location":
        return _among(statement, location) if location else _among(statement, site)
    if statement.concept == "site" and site:
        return _among(statement, site)
    return _among(statement, [*site, *location, *loudest])


def _among(statement: Statement, facts: Sequence[Fact]) -> Placed:
    if not facts:
        return "unsupported", ()
    verdicts = {fact: slots.place(statement.value, fact.value) for fact in facts}
    if statement.polarity == "absent":
        only_site = all(fact.concept == "site" for fact in facts)
        there = any(verdict in ("supported", "partly") for verdict in verdicts.values())
        return ("partly" if there else "unsupported") if only_site else ("contradicted" if there else "supported"), ()
    for verdict in ("supported", "partly", "unsupported"):
        found = tuple(fact for fact, one in verdicts.items() if one == verdict)
        if found:
            return verdict, found if verdict == "supported" else ()
    return "contradicted", ()


def _here(statement: Statement, known: Knowledge) -> Placed:
    said = "no" if statement.polarity == "absent" else "yes"
    facts = known.of_concept("heard_here")
    if not facts or statement.concept in ("site", "any"):
        return None, ()
    same = tuple(fact for fact in facts if fact.value == said)
    return "supported" if same else "contradicted", same


def _everywhere(statement: Statement, site: Sequence[Fact], location: Sequence[Fact]) -> Placed:
    if location:
        everywhere = {fact.value for fact in location} >= set(VALVES)
        return ("supported", tuple(location)) if everywhere else ("contradicted", ())
    return "unsupported", ()
