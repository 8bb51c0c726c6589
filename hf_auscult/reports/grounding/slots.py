"""How a value in a text stands to the facts of its concept, for concepts with one value each."""

from __future__ import annotations

import re
from typing import Literal

from ..lexicon.entry import Entry
from ..lexicon.recording import RECORDING
from ..schema import Fact
from .numbers import number
from .places import CHEST, SIDES, VALVES, parts

Verdict = Literal["supported", "contradicted", "unsupported", "partly"]

_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6}
_BANDS = {
    "neonate": (0.0, 0.08),
    "infant": (0.08, 1.0),
    "toddler": (1.0, 4.0),
    "child": (1.0, 12.0),
    "paediatric": (0.0, 18.0),
    "adolescent": (12.0, 18.0),
    "young adult": (18.0, 45.0),
    "adult": (18.0, 130.0),
    "middle-aged": (45.0, 65.0),
    "older adult": (65.0, 130.0),
}
_WIDE = {
    "neonate": (0.0, 0.12),
    "infant": (0.0, 2.0),
    "child": (0.9, 18.0),
    "adolescent": (10.0, 20.0),
    "young adult": (17.0, 45.0),
    "adult": (18.0, 130.0),
    "middle-aged": (38.0, 66.0),
    "older adult": (60.0, 130.0),
}
"""Ages in years that a group's word may be used of, where the age itself is known."""


def span(text: str) -> tuple[float, float] | None:
    """Bounds of an age in years, of an age group, or of a band.

    Example:
        >>> span("18-44"), span("65+"), span("child"), span("66")
        ((18.0, 44.0), (65.0, 130.0), (1.0, 12.0), (66.0, 66.0))
    """
    if text in _BANDS:
        return _BANDS[text]
    figures = [float(one) for one in re.findall(r"\d+(?:\.\d+)?", text)]
    if not figures:
        return None
    if len(figures) == 2:
        return figures[0], figures[1]
    return figures[0], 130.0 if re.search(r"\+|over|older|and above|>", text) else figures[0]


def age(said: str, fact: Fact) -> Verdict:
    """Compare an age or an age group in a text with a fact on either.

    Example:
        >>> [age(said, Fact("age", "7.52", "age")) for said in ("7", "child", "9")]
        ['supported', 'partly', 'contradicted']
    """
    mine, theirs = span(said), span(fact.value)
    if mine is None or theirs is None:
        return "unsupported"
    exact = theirs[0] == theirs[1]
    if said == fact.value:
        return "supported"
    if said in _BANDS and exact:
        low, high = _WIDE.get(said, mine)
        return "partly" if low <= theirs[0] <= high else "contradicted"
    if exact and mine[0] == mine[1]:
        return "supported" if _near(mine[0], theirs[0]) else "contradicted"
    if mine[0] == mine[1]:
        return "unsupported" if theirs[0] <= mine[0] <= theirs[1] + (1 if theirs[1] > 18 else 0) else "contradicted"
    if mine[0] <= theirs[0] and theirs[1] <= mine[1] + (1 if theirs[1] > 18 else 0):
        return "supported" if mine == theirs else "partly"
    return "unsupported" if mine[0] < theirs[1] and theirs[0] < mine[1] else "contradicted"


def _near(said: float, fact: float) -> bool:
    """Whether an age is the fact's, cut or rounded to whole years, or to months for small children."""
    if said == int(said) and fact != int(fact):
        return abs(said - fact) < 1
    return abs(said - fact) <= (0.09 if min(said, fact) < 3 else 0.06)


def grade(text: str) -> tuple[int, int | None]:
    """Read a grade, and what it is out of.

    Example:
        >>> grade("grade II of VI"), grade("3/6"), grade("graded as four")
        ((2, 6), (3, 6), (4, None))
    """
    words = re.findall(r"\d+|[a-z]+", text.lower())
    figures = []
    for word in words:
        if word.isdigit():
            figures.append(int(word))
        elif word in _ROMAN:
            figures.append(_ROMAN[word])
        elif word in ("one", "two", "three", "four", "five", "six"):
            figures.append(int(number(word)))
    return (figures[0] if figures else 0), (figures[1] if len(figures) > 1 else None)


def same_grade(said: str, fact: str) -> bool:
    """Whether two grades are one; what it is out of may be left unsaid."""
    mine, theirs = grade(said), grade(fact)
    return mine[0] == theirs[0] and (mine[1] is None or theirs[1] is None or mine[1] == theirs[1])


def size(said: str, fact: str) -> bool:
    """Whether two sizes are one, up to the last digit that either writes."""
    one, other = float(said), float(fact)
    return abs(one - other) <= (0.51 if said == f"{round(one):g}" or fact == f"{round(other):g}" else 0.051)


def place(said: str, fact: str) -> Verdict:
    """Compare two places.

    Example:
        >>> [place(said, "left posterior") for said in ("left", "left posterior lower", "right")]
        ['partly', 'unsupported', 'contradicted']
    """
    if said == fact:
        return "supported"
    mine = frozenset(said.split()) & set(CHEST) if said not in (*VALVES, "other") else frozenset()
    theirs = parts(fact) if fact not in VALVES else frozenset()
    if said == "bilateral":
        return "unsupported" if theirs or fact == "trachea" else "contradicted"
    if not mine or not theirs:
        return "contradicted"
    for group in (SIDES, CHEST[2:5], CHEST[5:]):
        one, other = mine & set(group), theirs & set(group)
        if one and other and not one & other:
            return "contradicted"
    if mine <= theirs:
        return "supported" if mine == theirs else "partly"
    return "unsupported"


def recorded(text: str, concept: str) -> str | None:
    """Value of the lexicon that a fact's own words are, for device, position and sound."""
    whole: list[Entry] = [one for one in RECORDING if one.concept == concept and one.regex.fullmatch(text)]
    return whole[0].value if whole else None
