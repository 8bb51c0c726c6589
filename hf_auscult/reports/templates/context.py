"""What was done, of whom, and what they report."""

from __future__ import annotations

from collections.abc import Sequence

from ..schema import VALUES, Fact
from .phrases import PHRASES
from .words import Choose, article, join, of_concept, phrase, values

PLACING = ("phase", "site", "device", "position")
PERSONAL = ("age_group", "sex", "age", "height", "weight", "bmi", "pregnancy", "country")
HISTORY = ("symptom", "condition", "smoking")
_VALVES = VALUES["location"]


def what(facts: Sequence[Fact], choose: Choose) -> str:
    """Name the examination: what was recorded, where, with what."""
    sounds = values(of_concept(facts, "sound"))
    first = [phrase(f"sound={sound}", choose, "sound", value=_quoted(sound)) for sound in sounds]
    parts = [join(first) if first else choose("sound", PHRASES["sound="])]
    for concept in PLACING:
        for fact in of_concept(facts, concept):
            key = f"{concept}={_family(fact)}"
            parts.append(phrase(key, choose, concept, value=fact.value))
    return " ".join(parts)


def _quoted(sound: str) -> str:
    return f"the {sound}" if sound.startswith("vowel") else sound


def _family(fact: Fact) -> str:
    if fact.concept != "site":
        return fact.value
    if fact.value in _VALVES and fact.value != "other":
        return "valve"
    return "chest" if fact.value.startswith(("left", "right")) else fact.value


def who(facts: Sequence[Fact], choose: Choose) -> str:
    """Name the person by all that is stated of them."""
    groups = [phrase("age_group", choose, value=fact.value) for fact in of_concept(facts, "age_group")]
    person = " / ".join(groups) or "person"
    for fact in of_concept(facts, "sex"):
        person = choose("sex", PHRASES["sex"]).format(value=fact.value, who=person)
    more = [
        phrase(concept, choose, value=fact.value) for concept in PERSONAL[2:] for fact in of_concept(facts, concept)
    ]
    more = [text.replace(" 1 years", " 1 year") for text in more]
    return ", ".join([article(person), *more])


def history(facts: Sequence[Fact], choose: Choose) -> list[str]:
    """Clauses on symptoms, conditions and smoking."""
    clauses: list[str] = []
    for concept in HISTORY:
        for polarity, suffix, last in (("present", "", "and"), ("absent", ":absent", "or")):
            if concept == "smoking" and suffix:
                continue
            found = values(of_concept(facts, concept, polarity))
            if concept == "symptom" and "symptom" in found:
                found.remove("symptom")
                clauses.append(choose(f"symptoms{suffix}", PHRASES[f"symptom=symptom{suffix}"]))
            if found:
                clauses.append(phrase(f"{concept}{suffix}", choose, value=join(found, last)))
        if concept != "smoking":
            unknown = values(of_concept(facts, concept, "unknown"))
            if unknown:
                name = f"{concept} of {join(unknown, 'or')}"
                clauses.append(choose(f"{concept}:unknown", PHRASES["any:unknown"]).format(value=article(name)))
    return clauses
