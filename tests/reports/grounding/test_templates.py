"""Against texts that state given facts and nothing else, and against facts of which one was exchanged."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from hf_auscult.data.facts import VALUES, Fact
from hf_auscult.reports import FACTS
from hf_auscult.reports.grounding import check
from hf_auscult.reports.lexicon import TERM_CONCEPTS
from hf_auscult.reports.templates import chooser, write

from .random_rows import RANDOM

ROWS = 40
# Random tables may deny what another of their columns entails; turned, such a fact is no contradiction.
_GENERIC = ("change of smell or taste", "cough", "symptom", "adventitious sound")
_SITES = ("left anterior", "right anterior", "left posterior", "right posterior", "trachea")
OTHERS: dict[str, tuple[str, ...]] = {
    **{name: VALUES[name] for name in ("shape", "pitch", "quality", "sex", "outcome", "smoking", "recording_quality")},
    **{name: VALUES[name] for name in ("age_group", "heard_here", "phase")},
    "grade": ("I/VI", "II/VI", "III/VI"),
    "site": _SITES,
    "age": ("4", "31", "88"),
    "height": ("61", "174"),
    "weight": ("5", "77"),
    "bmi": ("19", "35"),
    "device": ("AKG C417L", "Littmann 3200", "Welch Allyn Meditron"),
    "disease": ("asthma", "COPD", "pneumonia", "ventricular septal defect"),
    "country": ("India", "Canada"),
}


def cases(dataset: str, count: int) -> list[tuple[tuple[Fact, ...], int]]:
    draw = random.Random(dataset)
    return [(FACTS[dataset](RANDOM[dataset](draw)), number) for number in range(count)]


@pytest.mark.parametrize("dataset", sorted(FACTS))
def test_texts_of_templates_state_every_fact_and_nothing_else(dataset: str):
    for facts, number in cases(dataset, ROWS):
        text = write(facts, "murmur", chooser(dataset, number))
        result = check(text, facts)
        assert not result.contradictions, (text, result.contradictions)
        assert not result.unsupported, (text, result.unsupported)
        assert not result.omitted, (text, result.omitted)
        assert set(result.stated) == set(facts)


def exchanged(facts: tuple[Fact, ...], draw: random.Random) -> tuple[Fact, ...] | None:
    """Facts of which one has another value, or the other polarity; None where there is nothing to exchange."""
    order = draw.sample(facts, len(facts))
    for fact in order:
        same = [one for one in facts if (one.concept, one.value) == (fact.concept, fact.value)]
        if (
            fact.concept in ("finding", "symptom")
            and fact.of is None
            and fact.value not in _GENERIC
            and draw.random() < 0.6
        ):
            return tuple(_turned(one) if one in same else one for one in facts)
        given = {
            one.value for one in facts if one.concept == fact.concept or {one.concept, fact.concept} <= {*TERM_CONCEPTS}
        }
        others = [value for value in OTHERS.get(fact.concept, ()) if value not in given]
        if (
            others
            and fact.polarity == "present"
            and fact.value not in ("healthy", "control group", "other respiratory disease")
        ):
            value = draw.choice(others)
            return tuple(replace(one, value=value) if one in same else one for one in facts)
    return None


def _turned(fact: Fact) -> Fact:
    return replace(fact, polarity="absent" if fact.polarity != "absent" else "present")


@pytest.mark.parametrize("dataset", sorted(FACTS))
def test_a_text_of_other_facts_is_found(dataset: str):
    found = 0
    for facts, number in cases(dataset, ROWS):
        draw = random.Random(f"{dataset} {number}")
        false = exchanged(facts, draw)
        if false is None or set(false) == set(facts):
            continue
        text = write(false, "murmur", chooser(dataset, number))
        result = check(text, facts)
        assert result.contradictions or result.unsupported, (text, set(false) - set(facts), set(facts) - set(false))
        found += 1
    assert found > ROWS / 3


def test_the_loudest_place_is_one_of_its_places():
    facts = tuple(Fact(concept, "mitral", "table", of="murmur") for concept in ("location", "loudest"))
    result = check("The murmur is heard most clearly at the mitral area.", facts)
    assert set(result.stated) == set(facts)
    assert result.consistent
