"""Every value that a text names: the longest reading of each stretch, none overlapping."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ..lexicon import ENTRIES, TERM_CONCEPTS, phrase, terms_of
from ..schema import VALUES, Fact
from . import numbers, places
from .mention import Mention

_FREE = (*TERM_CONCEPTS, "device", "position", "country", "sound", "severity", "timing", "quality")
_CODES = {"cas", "das", "asd", "vsd", "pda", "pfo", "tb", "ct", "echo", "uri", "us", "usa"}


def find(text: str, facts: Sequence[Fact]) -> list[Mention]:
    """Find what a text names, in its order.

    Args:
        text: as :func:`hf_auscult.reports.grounding.text.plain` gives it.
        facts: whose values, word by word, are names too, whatever the lexicon knows.
    """
    found = list(_own(text, facts))
    found += [
        Mention(entry.concept, entry.value, *match.span(), entry.polarity)
        for entry in ENTRIES
        for match in entry.regex.finditer(text)
        if match[0].lower() not in _CODES or match[0].isupper()
    ]
    found += [*numbers.find(text), *places.find(text)]
    return _longest(found)


def _own(text: str, facts: Sequence[Fact]) -> Iterable[Mention]:
    for fact in facts:
        if fact.concept not in _FREE or fact.value in (*VALUES.get(fact.concept, ()), "cough"):
            continue
        value, polarity = terms_of(fact.value) if fact.concept in TERM_CONCEPTS else (fact.value, "present")
        words = re.escape(fact.value).replace(r"\ ", " ").replace(r"\-", " ")
        for match in phrase(rf"{words}(?:s|es)?").finditer(text):
            yield Mention(fact.concept, value, *match.span(), polarity)


def _longest(found: Iterable[Mention]) -> list[Mention]:
    taken: list[Mention] = []
    for one in sorted(found, key=lambda one: (-_weight(one), one.start, one.concept in ("outcome", "detail"))):
        if all(one.end <= other.start or other.end <= one.start for other in taken):
            taken.append(one)
    return sorted(taken, key=lambda one: one.start)


def _weight(one: Mention) -> int:
    """Length; "late systolic" is worth more than the "systolic murmur" that it would be cut by."""
    return one.end - one.start + (8 if one.concept == "timing" else 0)
