"""What a report may state: typed clinical facts, each with the field that it was read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as member
from typing import Literal

from ...errors import DataError

Kind = Literal["finding", "diagnosis", "context"]
Polarity = Literal["present", "absent", "unknown"]

CONCEPTS: Mapping[str, Kind] = {
    "finding": "finding",  # something heard: a murmur, a wheeze
    "timing": "finding",  # the rest of the findings are traits of one of these, named by ``of``
    "shape": "finding",
    "grade": "finding",
    "pitch": "finding",
    "quality": "finding",
    "location": "finding",  # where it is heard; several facts for several places
    "loudest": "finding",  # where it is heard best
    "heard_here": "finding",  # "yes" or "no": whether it is heard at the recording's own site
    "recording_quality": "finding",
    "disease": "diagnosis",
    "outcome": "diagnosis",
    "severity": "diagnosis",
    "sound": "context",  # what was recorded: a cough, a breath, the heart
    "phase": "context",  # of the breath that a segment is
    "site": "context",
    "age": "context",  # years
    "age_group": "context",
    "sex": "context",
    "height": "context",  # cm
    "weight": "context",  # kg
    "bmi": "context",  # kg/m²
    "pregnancy": "context",
    "smoking": "context",
    "symptom": "context",
    "condition": "context",  # something the person lives with, such as hypertension
    "device": "context",
    "position": "context",  # of the body
    "country": "context",
}
"""Concept -> kind: ``finding`` (heard), ``diagnosis`` (concluded) or ``context`` (who, where, with what)."""

_PLACES = ("aortic", "pulmonary", "tricuspid", "mitral", "other")
VALUES: Mapping[str, tuple[str, ...]] = {
    "finding": (
        *("murmur", "systolic murmur", "diastolic murmur", "continuous murmur", "extra heart sound"),
        *("adventitious sound", "continuous adventitious sound", "discontinuous adventitious sound"),
        *("wheeze", "crackle", "fine crackle", "coarse crackle", "rhonchus", "stridor"),
        *("wheezing cough", "stridor in cough", "choking", "congestion", "dyspnoea", "dry cough", "wet cough"),
        "pseudocough",
        *("crepitation", "bronchial breath sound"),
    ),
    "shape": ("crescendo", "decrescendo", "diamond", "plateau"),
    "pitch": ("low", "medium", "high"),
    "quality": ("blowing", "harsh", "musical"),
    "location": _PLACES,
    "loudest": _PLACES,
    "heard_here": ("yes", "no"),
    "recording_quality": ("good", "acceptable", "poor"),
    "phase": ("inhalation", "exhalation"),
    "outcome": ("normal", "abnormal"),
    "sex": ("female", "male"),
    "age_group": ("neonate", "infant", "child", "adolescent", "young adult", "adult", "older adult"),
    "pregnancy": ("pregnant",),
    "smoking": ("smoker", "former smoker", "non-smoker"),
}
"""Concept -> its values, for concepts with a closed vocabulary; others are free."""


@dataclass(frozen=True)
class Fact:
    """One statement that a report may make.

    Args:
        concept: what it is about, of :data:`CONCEPTS`.
        value: what the field says, in the words of :data:`VALUES` where there are any.
        field: the column it comes from.
        polarity: whether the value is stated to be there, not to be there, or to be undecided.
        of: the finding that a trait belongs to, e.g. ``systolic murmur``.
        source: who says so: ``self-report``, ``test``, ``annotator``, ``record`` (what the clinic wrote down),
            ``expert 1``, or ``2 of 3 experts``. Facts are equal whoever states them.

    Raises:
        DataError: an unknown concept, or a value that its vocabulary lacks.

    Example:
        >>> Fact("finding", "wheeze", field="wheezes", polarity="absent").kind
        'finding'
    """

    concept: str
    value: str
    field: str
    polarity: Polarity = "present"
    of: str | None = None
    source: str | None = member(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.concept not in CONCEPTS:
            raise DataError(f"no concept {self.concept!r}", where=self.field, remedy=f"use one of {list(CONCEPTS)}")
        known = VALUES.get(self.concept)
        if known is not None and self.value not in known:
            raise DataError(f"{self.concept} is {self.value!r}", where=self.field, remedy=f"use one of {list(known)}")

    @property
    def kind(self) -> Kind:
        """``finding``, ``diagnosis`` or ``context``."""
        return CONCEPTS[self.concept]
