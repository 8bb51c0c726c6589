"""Surface forms of every concept and value of the schema, how values contain each other, and words that add."""

from __future__ import annotations

from . import findings, health
from .additions import ADDITIONS
from .entry import Entry, phrase
from .people import PEOPLE
from .recording import RECORDING
from .terms import TERM_CONCEPTS, ancestors, terms_of
from .traits import OUTCOMES, TRAITS

ENTRIES: tuple[Entry, ...] = (
    *findings.FINDINGS,
    *health.DISEASES,
    *health.SYMPTOMS,
    *health.CONDITIONS,
    *TRAITS,
    *OUTCOMES,
    *PEOPLE,
    *RECORDING,
    *ADDITIONS,
)
"""Every surface form, except ages, sizes and places on the body, which are read by their parts."""

__all__ = ["ADDITIONS", "ENTRIES", "TERM_CONCEPTS", "Entry", "ancestors", "phrase", "terms_of"]
