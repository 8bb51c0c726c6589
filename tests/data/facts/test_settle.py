"""Contradictory facts: settled by a rule, or left with who says what."""

from __future__ import annotations

import pytest

from hf_auscult.data.facts import Fact, attributed, contradictions, settle

HEALTHY = Fact("disease", "healthy", "status", source="self-report")
COVID = Fact("disease", "COVID-19", "diagnosis_1", source="expert 1")


def test_a_test_stands_over_what_a_person_reports():
    said = Fact("disease", "COVID-19", "status", source="self-report")
    test = Fact("disease", "COVID-19", "pcr", "absent", source="test")
    assert settle([said, test]) == settle([test, said]) == (test,)
    assert settle([said, Fact("disease", "influenza A", "pcr", "absent", source="test")])[0] == said


def test_a_symptom_stands_over_the_word_that_there_is_none():
    fever, none = Fact("symptom", "fever", "fever"), Fact("symptom", "symptom", "none", "absent")
    mild = Fact("severity", "asymptomatic", "status", of="COVID-19")
    assert settle([none, fever, mild]) == (fever,)
    assert settle([none, mild]) == (none, mild)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (HEALTHY, COVID),
        (Fact("finding", "wheeze", "a"), Fact("finding", "wheeze", "b", "absent")),
        (Fact("finding", "adventitious sound", "a", "absent"), Fact("finding", "fine crackle", "b")),
        (Fact("finding", "dry cough", "a"), Fact("finding", "wet cough", "b")),
        (Fact("severity", "mild", "a", of="pneumonia"), Fact("severity", "severe", "b", of="pneumonia")),
        (Fact("sex", "male", "a"), Fact("sex", "female", "b")),
    ],
)
def test_pairs_that_cannot_both_be_true(one: Fact, other: Fact):
    assert contradictions([one, other]) == [(one, other)] and contradictions([other, one])
    assert attributed(one, other) == (one is HEALTHY)


@pytest.mark.parametrize(
    "facts",
    [
        (HEALTHY, Fact("disease", "healthy cough", "d")),
        (HEALTHY, Fact("disease", "COVID-19", "d", "absent")),
        (Fact("disease", "COPD", "d"), Fact("disease", "heart failure", "d")),
        (Fact("finding", "crackle", "c"), Fact("finding", "wheeze", "w", "absent")),
        (Fact("pitch", "low", "a", of="systolic murmur"), Fact("pitch", "high", "b", of="diastolic murmur")),
    ],
)
def test_pairs_that_can(facts: tuple[Fact, Fact]):
    assert not contradictions(facts)
