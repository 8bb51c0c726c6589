"""Things that are there or not (findings, diseases, symptoms), and which of them contain each other."""

from __future__ import annotations

from functools import cache

from ..schema import Polarity
from . import findings, health
from .entry import Entry

TERM_CONCEPTS: tuple[str, ...] = ("finding", "disease", "condition", "symptom")
"""Concepts whose values are there, not there or undecided; the others have one value each.

One word may stand under several of them (asthma as a disease or a condition), so they are compared by value alone.
"""

_ENTRIES: tuple[Entry, ...] = (*findings.FINDINGS, *health.DISEASES, *health.SYMPTOMS, *health.CONDITIONS)
_PARENTS = findings.PARENTS | health.PARENTS
_SAME = findings.SAME | health.SAME
COVERED = findings.COVERED


@cache
def terms_of(value: str) -> tuple[str, Polarity]:
    """Find the term that a fact's value is, and what the word says by itself.

    A value that the lexicon does not know is a term of its own, in lower case.

    Example:
        >>> terms_of("lung fibrosis"), terms_of("healthy"), terms_of("Gout")
        (('pulmonary fibrosis', 'present'), ('illness', 'absent'), ('gout', 'present'))
    """
    if value in _SAME:
        return _SAME[value], "present"
    named = {entry.value.lower(): entry for entry in _ENTRIES}
    if value.lower() in named:
        return named[value.lower()].value, "present"
    whole = [entry for entry in _ENTRIES if entry.regex.fullmatch(value.strip())]
    if whole:
        return whole[0].value, whole[0].polarity
    return value.strip().lower(), "present"


@cache
def ancestors(term: str) -> frozenset[str]:
    """Everything that is there where this is, itself included.

    Example:
        >>> sorted(ancestors("rhonchus"))
        ['adventitious sound', 'continuous adventitious sound', 'rhonchus']
    """
    found = {term}
    for parent in _PARENTS.get(term, ()):
        if parent != term:
            found |= ancestors(parent)
    return frozenset(found)
