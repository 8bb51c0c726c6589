from __future__ import annotations

import math

import pytest

from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.reports import CIRCOR_FIELDS, circor_facts
from hf_auscult.reports.facts import facts_of, stated

from .conftest import MURMUR


def test_every_stated_field_is_a_fact_of_the_right_kind():
    facts = {fact.name: fact for fact in circor_facts(MURMUR)}
    assert {fact.field for fact in facts.values()} == set(CIRCOR_FIELDS) - {"recording_id", "pregnancy_status"}
    assert facts["outcome"].kind == "diagnosis"
    context = {name for name, fact in facts.items() if fact.kind == "context"}
    assert context == {"site", "age_group", "sex", "height", "weight"}
    assert all(facts[name].kind == "finding" for name in facts.keys() - context - {"outcome"})


def test_provenance_is_not_stated():
    assert not {"campaign", "additional_id", "patient_id", "recording_locations"} & {
        f.field for f in circor_facts(MURMUR)
    }


def test_audible_here_follows_from_site_and_locations():
    def here(site: str | None, locations: str | None) -> str | None:
        facts = circor_facts({**MURMUR, "site": site, "murmur_locations": locations})
        return next((fact.value for fact in facts if fact.name == "murmur_here"), None)

    assert here("mitral", "AV+MV") == "yes"
    assert here("tricuspid", "AV+MV") == "no"
    assert here("other", "AV+Phc") == "yes"
    assert here(None, "AV") is None
    assert here("mitral", "nan") is None


@pytest.mark.parametrize("nothing", [None, "nan", "NaN", math.nan, "", " "])
def test_missing_values_are_no_facts(nothing):
    assert stated(nothing) is None
    row = {name: nothing for name in CIRCOR_FIELDS} | {"recording_id": "x"}
    assert circor_facts(row) == ()


def test_numbers_are_rounded_by_nothing_but_their_zeros():
    facts = {fact.name: fact.value for fact in circor_facts({**MURMUR, "height": 92.0, "weight": "10.915"})}
    assert (facts["height"], facts["weight"]) == ("92", "10.915")


def test_pregnancy_is_a_fact_where_it_is_true():
    assert any(fact.name == "pregnancy_status" for fact in circor_facts({**MURMUR, "pregnancy_status": "True"}))
    assert any(fact.name == "pregnancy_status" for fact in circor_facts({**MURMUR, "pregnancy_status": True}))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("murmur", "Maybe"),
        ("outcome", "Fine"),
        ("sex", "F"),
        ("site", "elbow"),
        ("murmur_locations", "AV+XX"),
        ("most_audible_location", "mitral"),
        ("height", "tall"),
        ("age_group", "Old"),
        ("pregnancy_status", "perhaps"),
    ],
)
def test_words_that_the_dataset_does_not_use_are_errors(field: str, value: str):
    with pytest.raises(DataError, match=rf"1_MV: .*{value.split('+')[-1]}"):
        circor_facts({**MURMUR, field: value})


def test_a_missing_column_is_not_a_missing_value():
    row = dict(MURMUR)
    del row["murmur_locations"]
    with pytest.raises(DataError, match="murmur_locations"):
        circor_facts(row)


def test_real_rows_have_facts(rows):
    for row in rows:
        names = {fact.name for fact in circor_facts(row)}
        assert {"site", "sex", "murmur", "outcome"} <= names
        assert ("systolic_murmur_timing" in names or "diastolic_murmur_timing" in names) == (row["murmur"] == "Present")


def test_unknown_dataset():
    with pytest.raises(ConfigurationError, match="circor"):
        facts_of("circus")
