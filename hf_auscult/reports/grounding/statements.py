"""From a text to what it says: mentions with their polarity, owner and role."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..lexicon import ADDITIONS, TERM_CONCEPTS, ancestors
from ..schema import Fact, Polarity
from . import mentions as named
from .mention import Mention
from .negation import EXCEPT, OTHER, linked, polarities
from .roles import owner, role
from .statement import Statement
from .text import plain, sentences

_TRAITS = ("timing", "shape", "grade", "pitch", "quality")
_ADDED = tuple(dict.fromkeys(entry.concept for entry in ADDITIONS))
_QUALIFIERS = ("detail",)
_DENIABLE = (*TERM_CONCEPTS, "smoking", "pregnancy", "outcome", *(name for name in _ADDED if name not in _QUALIFIERS))
_PREDICATE = re.compile(r"\s*(?:(?:is|are|was|were|remains?|being)\s+)?(?:all\s+)?", re.IGNORECASE)
_COMPLAINT = re.compile(
    r"\b(?:symptom|report(?:s|ed|ing)\b|complain|history|experienc|suffer|denie|includ)", re.IGNORECASE
)
_HEADS = ("systolic murmur", "diastolic murmur", "continuous murmur")


def read(text: str, facts: Sequence[Fact]) -> list[Statement]:
    """Read a text sentence by sentence.

    Args:
        text: of the report.
        facts: whose own words are names too.
    """
    words = plain(text)
    found = named.find(words, facts)
    coughs = any(fact.concept == "sound" and "cough" in fact.value for fact in facts)
    result: list[Statement] = []
    for start, end in sentences(words):
        here = [one for one in found if start <= one.start < end]
        said = _sentence(words, start, end, here)
        if coughs and not _COMPLAINT.search(words, start, end):
            said = [
                replace(one, concept="sound") if one.value == "cough" and one.polarity == "present" else one
                for one in said
            ]
        result += said
    return result


def _sentence(text: str, start: int, end: int, here: Sequence[Mention]) -> list[Statement]:
    deniable = [one for one in here if one.concept in _DENIABLE]
    said = dict(zip(deniable, polarities(text, start, end, here, deniable), strict=True))
    traits = [one for one in here if one.concept in _TRAITS or one.concept == "severity"]
    heads = [one for one in here if one.concept in ("finding", "timing")]
    result: list[Statement] = []
    for one in here:
        polarity, of, concept, rest = said.get(one, one.polarity), None, one.concept, False
        if one in said:
            if concept == "outcome" and _of_a_sign(text, one, here):
                continue
            if _modified(text, one, deniable, said):
                continue
            rest = polarity == "absent" and _rest(text, start, one, end, said)
        elif one in traits:
            if _denied(text, one, said):
                continue
            of = _disease(one, here) if concept == "severity" else owner(one, heads, text)
            polarity = "absent" if _not(text, one) else "present"
        elif concept == "place":
            concept = role(text, start, end, one)
            polarity = "absent" if _not(text, one) else "present"
        elif concept == "detail" and _denied(text, one, said):
            continue
        result.append(Statement(concept, one.value, polarity, of, one.start, one.end, text[one.start : one.end], rest))
    return result


def _modified(text: str, one: Mention, deniable: Sequence[Mention], said: Mapping[Mention, Polarity]) -> bool:
    """Whether a denied murmur is one kind of murmur only: "no diastolic murmur" leaves the systolic one."""
    if one.value != "murmur" or said[one] == "present":
        return False
    place = deniable.index(one)
    before = deniable[place - 1] if place else None
    return (
        before is not None
        and before.value in _HEADS
        and linked(text, before, one)
        and "," not in text[before.end : one.start]
    )


def _of_a_sign(text: str, one: Mention, here: Sequence[Mention]) -> bool:
    """Whether "normal" is said of a sign ("saturation is normal", "normal heart rate"), not of the examination."""
    signs = [other for other in here if other.concept == "sign"]
    return any(
        one.start - other.end >= 0 and _PREDICATE.fullmatch(text, other.end, one.start) for other in signs
    ) or any(other.start >= one.end and not text[one.end : other.start].strip() for other in signs)


def _rest(text: str, start: int, one: Mention, end: int, said: Mapping[Mention, Polarity]) -> bool:
    """Whether something denied is so but for what the sentence excepts, or is called other."""
    if OTHER.search(text, max(start, one.start - 22), one.end):
        return True
    excepted = EXCEPT.search(text, start, end)
    return excepted is not None and any(
        other is not one and polarity == "present" and one.value in ancestors(other.value)
        for other, polarity in said.items()
    )


def _denied(text: str, trait: Mention, said: Mapping[Mention, Polarity]) -> bool:
    """Whether a trait stands before a word that is denied or undecided: "no harsh murmur" says nothing of harshness."""
    behind = [one for one in said if one.start >= trait.end]
    return (
        bool(behind)
        and said[behind[0]] != "present"
        and linked(text, trait, behind[0])
        and "," not in text[trait.end : behind[0].start]
    )


def _disease(severity: Mention, here: Sequence[Mention]) -> str | None:
    named = [one for one in here if one.concept in ("disease", "condition")]
    behind = [one for one in named if one.start >= severity.end]
    return (behind or named[::-1])[0].value if named else None


def _not(text: str, one: Mention) -> bool:
    before = text[max(0, one.start - 28) : one.start].lower().split()
    return any(
        word in ("not", "nor", "neither", "never", "without", "absent") for word in before[-4:]
    ) and "," not in "".join(before[-2:])
