"""Prose states exactly the given facts: none dropped, none added, whatever the dataset, the subset and the order."""

from __future__ import annotations

import itertools
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_auscult.data.facts import VALUES
from hf_auscult.reports import FACTS, Fact, check, generate, mask_of
from hf_auscult.reports.lexicon import language
from hf_auscult.reports.templates import chooser, write

from .conftest import MURMUR, OTHER
from .facts.test_readers import FIELDS, events

STYLE = language("style")

FULL = {
    "cinc2016": {"organ": "heart", "site": "mitral", "device": "JABES", "age": 50.0, "sex": "male", "reference": "1"}
    | {"sqi": "0"},
    "circor": MURMUR,
    "coswara": dict.fromkeys((*FIELDS["coswara"],), "True")
    | {"modality": "cough-heavy", "age": 28.0, "sex": "female", "country": "India", "quality": "2"}
    | {"covid_status": "positive_mild", "test_status": "p"},
    "coughvid": {"organ": "cough", "age": 34.0, "sex": "male", "respiratory_condition": "True", "status": "COVID-19"}
    | {"fever_muscle_pain": "False", "quality_1": "good", "cough_type_1": "dry", "dyspnea_1": "True"}
    | {"wheezing_1": "False", "stridor_1": "True", "diagnosis_1": "upper_infection", "severity_1": "mild"},
    "covid19_cough": {"organ": "cough", "device": "phone", "covid_label": "positive", "asymptomatic": True}
    | {"verified": True},
    "hf_lung": {"organ": "lung", "site": "trachea", "device": "Littmann 3200", "events": events("I", "D", "Stridor")},
    "icbhi": {"organ": "lung", "site": "left anterior", "device": "AKG C417L", "age": 66.0, "sex": "male"}
    | {"diagnosis": "COPD", "adult_bmi": 27.4, "events": events("crackle", "normal")},
    "kauh": {"organ": "lung", "site": "right posterior", "device": "Littmann 3200", "age": 81.0, "sex": "female"}
    | {"sound_type": "I C E W", "disease": "COPD + heart failure"},
    "sprsound": {"organ": "lung", "site": "right lateral", "device": "Yunting model II", "age": 4.2, "sex": "female"}
    | {"disease": "Pneumonia (severe)", "record_annotation": "CAS & DAS", "events": events("Wheeze", "Fine Crackle")},
    "uk_covid19": dict.fromkeys(FIELDS["uk_covid19"], "Yes")
    | {"modality": "three_cough", "age_group": "18-44", "sex": "female", "smoker_status": "Never smoked"}
    | {"covid_test_result": "Positive", "influenza_a_test_result": "Negative", "influenza_b_test_result": "Negative"}
    | {"symptom_none": "No", "symptom_headache": "No", "respiratory_condition_none": "No"},
    "zchsound": {"organ": "heart", "site": "pulmonary", "device": "ChildCare G-100", "age": 2.5, "sex": "male"}
    | {"diagnosis": "VSD", "part": "noise"},
}
"""A row of every dataset with as many facts as it can have."""


def full_facts(dataset: str) -> tuple[Fact, ...]:
    fields = FIELDS.get(dataset, ())
    return FACTS[dataset](dict.fromkeys(fields) | {"recording_id": "r1"} | FULL[dataset])


EVERY = {dataset: full_facts(dataset) for dataset in FACTS}
NOUNS = st.sampled_from(["murmur", "sound"])
KEYS = st.integers(0, 10_000)


@st.composite
def subsets(draw) -> list[Fact]:
    facts = EVERY[draw(st.sampled_from(sorted(EVERY)))]
    return draw(st.lists(st.sampled_from(facts), unique=True, max_size=len(facts)))


def sentences(text: str) -> int:
    return len(re.findall(r"\.(?= [A-Z]|$)", text))


def implied(fact: Fact, rest: list[Fact]) -> bool:
    """Whether a trait among the others says the finding already: "a harsh systolic murmur" is a murmur."""
    owners = [one.of or "" for one in rest if one.polarity == "present" and one.concept != "severity"]
    return (
        fact.concept == "finding" and fact.polarity == "present" and any(owner.endswith(fact.value) for owner in owners)
    )


@settings(deadline=None, max_examples=200)
@given(facts=subsets(), key=KEYS)
def test_every_fact_is_stated_in_a_few_sentences(facts: list[Fact], key: int):
    text = write(facts, "murmur", chooser(key))
    assert not check(text, facts).omitted, text
    assert 1 <= sentences(text) <= 5, text
    assert text[0].isupper() and text.endswith(".")
    assert not re.search(r"[{}<>\[\]|]|  |,,| ,|\.\.|; ;|,\.|None|nan\b", text), text


@settings(deadline=None, max_examples=200)
@given(facts=subsets(), noun=NOUNS, key=KEYS, seed=st.integers(0, 100))
def test_order_does_not_matter_and_a_text_is_what_it_was(facts: list[Fact], noun: str, key: int, seed: int):
    text = write(facts, noun, chooser(key))
    shuffled = list(facts)
    random.Random(seed).shuffle(shuffled)
    assert write(shuffled, noun, chooser(key)) == text == write([*facts, *facts], noun, chooser(key))


@settings(deadline=None, max_examples=400)
@given(facts=subsets().filter(bool), noun=NOUNS, key=KEYS, data=st.data())
def test_another_value_polarity_or_owner_is_another_text(facts: list[Fact], noun: str, key: int, data):
    place = data.draw(st.integers(0, len(facts) - 1))
    old = facts[place]
    others = [value for value in VALUES.get(old.concept, ("something else",)) if value != old.value]
    polarities = [one for one in ("present", "absent", "unknown") if one != old.polarity]
    changes = [Fact(old.concept, value, old.field, old.polarity, old.of) for value in others]
    changes += [Fact(old.concept, old.value, old.field, one, old.of) for one in polarities]  # type: ignore[arg-type]
    if old.of in ("systolic murmur", "diastolic murmur") and old.concept != "timing":
        owner = "systolic murmur" if old.of == "diastolic murmur" else "diastolic murmur"
        changes.append(Fact(old.concept, old.value, old.field, old.polarity, owner))
    if not changes:
        return
    new = data.draw(st.sampled_from(changes))
    same = {(fact.concept, fact.value, fact.polarity, fact.of) for fact in facts[:place] + facts[place + 1 :]}
    if (new.concept, new.value, new.polarity, new.of) in same or (old.concept, old.value, old.polarity, old.of) in same:
        return
    if implied(old, facts[:place] + facts[place + 1 :]) and implied(new, facts[:place] + facts[place + 1 :]):
        return  # "a holosystolic murmur" says murmur and systolic murmur alike
    changed = [*facts[:place], new, *facts[place + 1 :]]
    assert write(changed, noun, chooser(key)) != write(facts, noun, chooser(key)), (old, new)


@settings(deadline=None, max_examples=200)
@given(facts=subsets().filter(bool), noun=NOUNS, key=KEYS, data=st.data())
def test_no_fact_can_be_left_out_unnoticed(facts: list[Fact], noun: str, key: int, data):
    place = data.draw(st.integers(0, len(facts) - 1))
    rest = facts[:place] + facts[place + 1 :]
    old = facts[place]
    twin = [
        one
        for one in rest
        if (one.concept, one.value, one.polarity, one.of) == (old.concept, old.value, old.polarity, old.of)
    ]
    if not twin and not implied(old, rest):
        assert write(rest, noun, chooser(key)) != write(facts, noun, chooser(key)), old


def wordings(table: object) -> list[str]:
    """Every wording of the style guide, whatever it is of."""
    if isinstance(table, str):
        return [table]
    items = table.values() if isinstance(table, dict) else table
    return [wording for item in items for wording in wordings(item)]


WORDS = {name: wordings(table) for name, table in STYLE.items() if name != "sources"}


def test_no_recommendations_no_words_of_doubt_and_no_wider_claims():
    text = " ".join(wording for wordings in WORDS.values() for wording in wordings).lower()
    assert not re.search(r"recommend|should|advis|follow-up|further|suggest|consistent with|may\b", text)
    assert not re.search(r"function|unremarkable|within normal|otherwise|clear lungs|\brubs?\b|gallop", text)


def test_sources_are_named():
    assert len(STYLE["sources"]) >= 5
    assert all(re.search(r"\d{4}|Standard|Table", source) for source in STYLE["sources"].values())


@pytest.mark.parametrize("row", [MURMUR, {**MURMUR, **OTHER}, {**MURMUR, "murmur": "Unknown"}], ids=["a", "b", "c"])
@pytest.mark.parametrize("mask", ["none", "paper", "context"])
def test_articles_are_right(row, mask: str):
    for report in generate([{**row, "recording_id": "x"}], mask=mask, draws=100):
        assert not re.search(r"\b[Aa] [aeiou]|\b[Aa]n [^aeiou]", report.text), report.text


def test_a_row_that_says_next_to_nothing_still_makes_a_sentence():
    bare = dict.fromkeys(MURMUR) | {"recording_id": "x"}
    for mask in ("none", "paper", "context"):
        (report,) = generate([bare], mask=mask)
        assert report.fields == () and report.text.endswith(".") and len(report.text) > 10


def test_a_mask_or_its_noun():
    facts = EVERY["circor"]
    for mask in (mask_of("circor", "murmur", "none"), mask_of("circor", "murmur", "paper")):
        assert write(facts, mask, chooser(1)) == write(facts, mask.noun, chooser(1))


def test_what_is_not_there_is_not_listed_with_what_is():
    facts = [Fact("finding", "wheeze", "w", "absent"), Fact("finding", "crackle", "c")]
    for key in range(50):
        text = write(facts, "murmur", chooser(key))
        assert not re.search(r"wheezes and crackles|crackles and wheezes|crackles or|wheezes or", text)


def test_choice_depends_on_the_slot_and_the_key_only():
    options = tuple("abcdefgh")
    assert [chooser("r", 0, 0)("slot", options) for _ in range(5)] == [chooser("r", 0, 0)("slot", options)] * 5
    for other in (("r2", 0, 0), ("r", 1, 0), ("r", 0, 1)):
        first, second = chooser("r", 0, 0), chooser(*other)
        slots = [f"slot {n}" for n in range(20)]
        assert [first(slot, options) for slot in slots] != [second(slot, options) for slot in slots]


def test_choices_are_spread_evenly():
    counts = dict.fromkeys("abc", 0)
    for number in range(3000):
        counts[chooser(number)("slot", "abc")] += 1
    assert all(900 < count < 1100 for count in counts.values())


def test_every_dataset_is_tried_with_many_facts():
    assert all(len(facts) >= 4 for facts in EVERY.values())
    assert {fact.polarity for fact in itertools.chain(*EVERY.values())} >= {"present", "absent"}
