"""Facts that contradict each other: settled by a stated rule, or left side by side with who says what.

The rules: a test stands over what a person reports of the same disease; a symptom that was ticked stands over the word
that there is none; the opinions of several experts are counted before they become facts (the majority stands, a tie
states nothing). What remains, such as a person who calls themselves healthy and an expert who suspects COVID-19, is not
for a table to decide: both stand, and a report says who says which.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from .schema import Fact

HEALTHY = ("healthy", "control group", "healthy cough")
"""Values of ``disease`` that say that there is none."""
SINGLE: tuple[str, ...] = (
    *("sex", "age", "age_group", "height", "weight", "bmi", "country", "smoking", "device", "position", "site"),
    *("outcome", "recording_quality", "loudest", "heard_here"),
)
"""Concepts that have one value."""
TRAITS: tuple[str, ...] = ("timing", "shape", "grade", "pitch", "quality", "severity")
"""Concepts that have one value for what they are of."""
_EXCLUSIVE = ({"dry cough", "wet cough"},)
_NONE_HEARD = "adventitious sound"
_ADVENTITIOUS = (
    *("continuous adventitious sound", "discontinuous adventitious sound", "wheeze", "crackle", "fine crackle"),
    *("coarse crackle", "rhonchus", "stridor", "crepitation", "bronchial breath sound"),
)


def settle(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Apply the rules to the facts of one recording.

    Example:
        >>> said = Fact("disease", "COVID-19", "status", source="self-report")
        >>> test = Fact("disease", "COVID-19", "pcr", "absent", source="test")
        >>> [fact.field for fact in settle([said, test])]
        ['pcr']
    """
    given = tuple(dict.fromkeys(facts))
    tested = {fact.value for fact in given if fact.concept == "disease" and fact.source == "test"}
    symptoms = any(_symptom(fact) for fact in given)

    def overruled(fact: Fact) -> bool:
        if fact.concept == "disease" and fact.value in tested and fact.source == "self-report":
            return True
        none = fact.value == "symptom" and fact.polarity == "absent"
        return symptoms and (none or (fact.concept == "severity" and fact.value == "asymptomatic"))

    return tuple(fact for fact in given if not overruled(fact))


def contradictions(facts: Iterable[Fact]) -> list[tuple[Fact, Fact]]:
    """Find pairs of facts that cannot both be true of one recording, whoever states them.

    Example:
        >>> facts = [Fact("disease", "healthy", "status"), Fact("disease", "COVID-19", "diagnosis_1")]
        >>> [(one.field, other.field) for one, other in contradictions(facts)]
        [('status', 'diagnosis_1')]
    """
    return [pair for pair in combinations(facts, 2) if _contradict(*pair)]


def attributed(one: Fact, other: Fact) -> bool:
    """Whether a contradiction is one between two sources that both have a name."""
    return one.source is not None and other.source is not None and one.source != other.source


def _symptom(fact: Fact) -> bool:
    return fact.concept == "symptom" and fact.polarity == "present" and fact.value != "symptom"


def _contradict(one: Fact, other: Fact) -> bool:
    if (one.concept, one.value, one.of) == (other.concept, other.value, other.of):
        return one.polarity != other.polarity
    first, second = sorted((one, other), key=lambda fact: fact.value not in (*HEALTHY, _NONE_HEARD))
    if first.concept == second.concept == "disease" and first.value in HEALTHY:
        return second.polarity == "present" and second.value not in HEALTHY
    if first.value == _NONE_HEARD and first.polarity == "absent":
        return second.value in _ADVENTITIOUS and second.polarity == "present"
    if one.concept != other.concept or one.polarity != "present" or other.polarity != "present":
        return False
    if one.concept in SINGLE or (one.concept in TRAITS and one.of == other.of):
        return True
    return {one.value, other.value} in _EXCLUSIVE
