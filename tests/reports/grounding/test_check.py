"""What a grounding gives back, and the ways in which English denies."""

from __future__ import annotations

import json

import pytest

from hf_auscult.data.facts import Fact
from hf_auscult.errors import DataError
from hf_auscult.reports.grounding import check, proportion, summarise


def finding(value: str, polarity: str = "present") -> Fact:
    return Fact("finding", value, "table", polarity)


BOTH_ABSENT = (finding("wheeze", "absent"), finding("crackle", "absent"))
CRACKLE_ONLY = (finding("wheeze", "absent"), finding("crackle"))


@pytest.mark.parametrize(
    "text",
    [
        "No wheezes or crackles.",
        "No wheezes, no crackles.",
        "Without crackles or wheezes.",
        "The chest is free of wheezes and crackles.",
        "Neither wheezes nor crackles are heard.",
        "Wheezes and crackles are absent.",
        "Wheezes are not heard, nor are crackles.",
        "Auscultation did not reveal any wheezing or crackles.",
        "The recording does not show wheezes or crackles.",
        "The patient does not present with wheezes or crackles.",
        "There is no evidence of wheezes or of crackles.",
        "Wheezes: none; crackles: none.",
        "Wheezing could not be heard. Crackles could not be detected either.",
        "No adventitious sounds such as wheezes or crackles were noted.",
        "Normal breath sounds.",
    ],
)
def test_denied(text: str):
    result = check(text, BOTH_ABSENT)
    assert (result.contradictions, result.unsupported, result.omitted) == ((), (), ())
    assert check(text, CRACKLE_ONLY).contradictions


@pytest.mark.parametrize(
    "text",
    [
        "Crackles, but no wheezes.",
        "Crackles without wheezes.",
        "Wheezes are not heard but crackles are.",
        "Crackles are heard, wheezes are not.",
        "No adventitious sounds other than crackles; no wheezes.",
        "While wheezes are absent, crackles are present.",
        "The lungs are not free of crackles. There is no wheezing.",
        "Crackles rather than wheezes are heard.",
    ],
)
def test_one_denied_and_one_not(text: str):
    result = check(text, CRACKLE_ONLY)
    assert (result.contradictions, result.unsupported, result.omitted) == ((), (), ())
    assert check(text, BOTH_ABSENT).contradictions


@pytest.mark.parametrize(
    "text", ["Whether there is a murmur cannot be determined.", "It is unclear whether a murmur is present."]
)
def test_undecided(text: str):
    assert check(text, (finding("murmur", "unknown"),)).stated
    for polarity in ("present", "absent"):
        assert check(text, (finding("murmur", polarity),)).contradictions


def test_what_a_fact_entails_is_supported_and_more_is_not():
    assert not check("Adventitious sounds are heard.", (finding("wheeze"),)).unsupported
    assert check("Wheezes are heard.", (finding("adventitious sound"),)).unsupported
    assert not check("No stridor.", (finding("adventitious sound", "absent"),)).unsupported
    assert check("No stridor.", (finding("wheeze", "absent"),)).unsupported


def test_facts_left_out_are_named():
    result = check("Wheezes.", (finding("wheeze"), Fact("sex", "female", "sex")))
    assert [fact.concept for fact in result.omitted] == ["sex"]
    assert result.consistent


def test_statements_quote_the_text():
    text = "A man with wheezes."
    (one,) = check(text, (Fact("sex", "female", "sex"), finding("wheeze"))).contradictions
    assert (one.text, text[one.start : one.end], one.concept, one.value) == ("man", "man", "sex", "male")


def test_measures_per_dataset():
    facts = (finding("wheeze"),)
    texts = {"a": ["Wheezes.", "No wheezes.", "Wheezes and cyanosis."], "b": ["Auscultation was done."]}
    summary = summarise(check(text, facts, dataset=name) for name, several in texts.items() for text in several)
    assert (summary.n, summary.consistency.count, summary.unsupported.count, summary.omission.count) == (4, 3, 1, 2)
    assert summary.datasets["a"].consistency.count == 2
    assert summary.datasets["b"].omission.value == 1
    assert json.loads(json.dumps(summary.to_dict()))["datasets"]["a"]["n"] == 3
    assert json.loads(json.dumps(check("Wheezes.", facts).to_dict()))["stated"][0]["value"] == "wheeze"


def test_nothing_to_check_is_an_error():
    with pytest.raises(DataError, match="empty report"):
        check("  ", ())
    with pytest.raises(DataError, match="no reports"):
        summarise([])
    with pytest.raises(DataError):
        proportion(2, 1)


@pytest.mark.parametrize(
    ("text", "wheeze", "crackle"),
    [
        ("Wheeze: yes. Crackles: no.", "present", "absent"),
        ("Wheezes +ve, crackles -ve.", "present", "absent"),
        ("Wheeze (-), creps (++).", "absent", "present"),
        ("Nil wheeze. Crackles +.", "absent", "present"),
        ("Wheeze? No. Crackles? Yes.", "absent", "present"),
        ("Wheezing has resolved. Crackles persist.", "absent", "present"),
        ("Wheeze/crackles: no.", "absent", "absent"),
    ],
)
def test_ward_notation(text: str, wheeze: str, crackle: str):
    facts = (finding("wheeze", wheeze), finding("crackle", crackle))
    result = check(text, facts)
    assert (result.contradictions, result.unsupported, result.omitted) == ((), (), ())
    turned = {"present": "absent", "absent": "present"}
    against = check(text, (finding("wheeze", turned[wheeze]), finding("crackle", turned[crackle])))
    assert len(against.contradictions) == 2


def test_the_only_place_leaves_no_other():
    places = tuple(Fact("location", place, "table", of="murmur") for place in ("aortic", "mitral"))
    assert not check("The murmur is confined to the aortic and mitral areas.", places).contradictions
    (one,) = check("The murmur is confined to the mitral area.", places).contradictions
    assert (one.value, one.only) == ("mitral", True)


def test_what_rules_something_out():
    ill = (Fact("disease", "COVID-19", "status"),)
    recovered = (Fact("condition", "recovery from COVID-19", "status"),)
    assert check("He has recovered from COVID-19.", ill).contradictions
    assert not check("He has recovered from COVID-19.", recovered).contradictions
    assert check("COVID-19 positive.", recovered).contradictions


@pytest.mark.parametrize(("outcome", "additions"), [("normal", 0), ("abnormal", 1)])
def test_an_innocent_murmur_is_one_with_a_normal_outcome(outcome: str, additions: int):
    facts = (finding("murmur"), Fact("outcome", outcome, "table"))
    assert len(check("An innocent murmur is heard.", facts).unsupported) == additions
    assert not check("No pathological murmur.", (finding("murmur", "absent"),)).contradictions
