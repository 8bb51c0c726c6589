"""How a value in a text stands to a fact of its concept: ages, grades, sizes, places, each however it is spelled."""

from __future__ import annotations

import re
from typing import Literal

from ...data.facts import Fact
from ...data.schema import OLDEST
from ..lexicon import language
from .mentions import ASPECTS, CHEST, LEVELS, SIDES, VALVES, chest_parts, number

Verdict = Literal["supported", "contradicted", "unsupported", "partly"]
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6}


def span(text: str) -> tuple[float, float] | None:
    """Bounds of an age in years, of an age group, or of a band.

    Example:
        >>> span("18-44"), span("65+"), span("child"), span("66")
        ((18.0, 44.0), (65.0, 130.0), (1, 12), (66.0, 66.0))
    """
    groups = language("measures")["age_groups"]
    if text in groups:
        low, high = groups[text]["means"]
        return low, high
    figures = [float(digits) for digits in re.findall(r"\d+(?:\.\d+)?", text)]
    if not figures:
        return None
    if len(figures) == 2:
        return figures[0], figures[1]
    return figures[0], OLDEST if re.search(r"\+|over|older|and above|>", text) else figures[0]


def compare_age(value: str, fact: Fact) -> Verdict:
    """Compare an age or an age group in a text with a fact on either.

    Example:
        >>> [compare_age(value, Fact("age", "7.52", "age")) for value in ("7", "child", "9")]
        ['supported', 'partly', 'contradicted']
    """
    mine, theirs = span(value), span(fact.value)
    if mine is None or theirs is None:
        return "unsupported"
    exact = theirs[0] == theirs[1]
    if value == fact.value:
        return "supported"
    groups = language("measures")["age_groups"]
    if value in groups and exact:
        low, high = groups[value].get("used_of", mine)
        return "partly" if low <= theirs[0] <= high else "contradicted"
    if exact and mine[0] == mine[1]:
        return "supported" if _near(mine[0], theirs[0]) else "contradicted"
    # a band's last year counts whole: "18-44" ends on the 45th birthday
    highest = theirs[1] + (1 if theirs[1] > 18 else 0)
    if mine[0] == mine[1]:
        return "unsupported" if theirs[0] <= mine[0] <= highest else "contradicted"
    if mine[0] <= theirs[0] and theirs[1] <= mine[1] + (1 if theirs[1] > 18 else 0):
        return "supported" if mine == theirs else "partly"
    return "unsupported" if mine[0] < theirs[1] and theirs[0] < mine[1] else "contradicted"


def _near(value: float, fact: float) -> bool:
    """Whether an age is the fact's: cut or rounded to whole years, below three to whole months (.083 years)."""
    if value == int(value) and fact != int(fact):
        return abs(value - fact) < 1
    return abs(value - fact) <= (0.09 if min(value, fact) < 3 else 0.06)


def grade(text: str) -> tuple[int, int | None]:
    """Read a grade, and what it is out of.

    Example:
        >>> grade("grade II of VI"), grade("3/6"), grade("graded as four")
        ((2, 6), (3, 6), (4, None))
    """
    figures = []
    for word in re.findall(r"\d+|[a-z]+", text.lower()):
        if word in _ROMAN:
            figures.append(_ROMAN[word])
        elif word.isdigit() or word in ("one", "two", "three", "four", "five", "six"):
            figures.append(int(number(word)))
    return (figures[0] if figures else 0), (figures[1] if len(figures) > 1 else None)


def same_grade(value: str, fact: str) -> bool:
    """Whether two grades are one; what it is out of may be left unsaid."""
    mine, theirs = grade(value), grade(fact)
    return mine[0] == theirs[0] and (mine[1] is None or theirs[1] is None or mine[1] == theirs[1])


def same_size(value: str, fact: str) -> bool:
    """Whether two sizes are one, rounded to the last digit that either writes: to 1, else to .1."""
    mine, theirs = float(value), float(fact)
    whole = value == f"{round(mine):g}" or fact == f"{round(theirs):g}"
    return abs(mine - theirs) <= (0.51 if whole else 0.051)


def compare_place(value: str, fact: str) -> Verdict:
    """Compare two places.

    Example:
        >>> [compare_place(value, "left posterior") for value in ("left", "left posterior lower", "right")]
        ['partly', 'unsupported', 'contradicted']
    """
    if value == fact:
        return "supported"
    mine = frozenset(value.split()) & set(CHEST) if value not in (*VALVES, "other") else frozenset()
    theirs = chest_parts(fact) if fact not in VALVES else frozenset()
    if value == "bilateral":
        return "unsupported" if theirs or fact == "trachea" else "contradicted"
    if not mine or not theirs:
        return "contradicted"
    for axis in (SIDES, ASPECTS, LEVELS):
        here, there = mine & set(axis), theirs & set(axis)
        if here and there and not here & there:
            return "contradicted"
    if mine <= theirs:
        return "supported" if mine == theirs else "partly"
    return "unsupported"
