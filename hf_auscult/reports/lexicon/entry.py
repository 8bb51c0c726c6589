"""One surface form and what it means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ..schema import Polarity


@dataclass(frozen=True)
class Entry:
    """A way to write a concept's value.

    Args:
        concept: of :data:`hf_auscult.reports.schema.CONCEPTS`, or one of what no fact covers
            (:data:`hf_auscult.reports.lexicon.ADDITIONS`).
        value: the value's one spelling.
        forms: alternatives of a regular expression; a blank stands for blanks and hyphens.
        polarity: what the words say by themselves, before any negation: ``clear lungs`` say that something is absent.

    Example:
        >>> bool(Entry("disease", "COPD", "COPD|chronic obstructive pulmonary disease").regex.search("a COPD patient"))
        True
    """

    concept: str
    value: str
    forms: str
    polarity: Polarity = "present"

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The forms as whole words, whatever their case."""
        return phrase(self.forms)


def phrase(forms: str) -> re.Pattern[str]:
    """Compile alternatives as whole words; a blank in them matches blanks, line breaks and hyphens.

    Example:
        >>> phrase("sore throat").findall("a sore-throat, sore throats")
        ['sore-throat']
    """
    spaced = forms.replace(" ", r"(?:[\s-]+)")
    return re.compile(rf"(?<!\w)(?:{spaced})(?!\w)", re.IGNORECASE)


def entries(concept: str, forms: Mapping[str, str], polarity: Polarity = "present") -> tuple[Entry, ...]:
    """Make the entries of a concept from value -> forms."""
    return tuple(Entry(concept, value, text, polarity) for value, text in forms.items())
