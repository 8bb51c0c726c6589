from __future__ import annotations

import math

import pytest

from hf_auscult.data.facts import stated
from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.reports import facts_of

from ..conftest import MURMUR

CIRCOR = facts_of("circor")


def by_field(row) -> dict[str, list]:
    found: dict[str, list] = {}
    for fact in CIRCOR(row):
        found.setdefault(fact.field, []).append(fact)
    return found


def test_every_stated_field_is_a_fact_of_the_right_kind():
    facts = by_field(MURMUR)
    assert set(facts) == set(CIRCOR.fields) - {"recording_id", "pregnancy_status"}
    assert facts["outcome"][0].kind == "diagnosis"
    context = {field for field, found in facts.items() if found[0].kind == "context"}
    assert context == {"organ", "site", "age_group", "sex", "height", "weight"}
    assert all(fact.kind == "finding" for field in set(facts) - context - {"outcome"} for fact in facts[field])
    assert [(fact.value, fact.of) for fact in facts["systolic_murmur_grading"]] == [("II/VI", "systolic murmur")]
    assert [fact.value for fact in facts["murmur_locations"]] == ["aortic", "mitral", "yes"]


def test_provenance_is_not_stated():
    assert not {"campaign", "additional_id", "patient_id", "recording_locations"} & set(by_field(MURMUR))


@pytest.mark.parametrize("word", ["Present", "Absent", "Unknown"])
def test_a_murmur_is_there_is_not_or_is_undecided(word: str):
    (fact,) = by_field({**MURMUR, "murmur": word})["murmur"]
    assert (fact.concept, fact.value, fact.polarity) == ("finding", "murmur", word.lower())


def test_audible_here_follows_from_site_and_locations():
    def here(site: str | None, locations: str | None) -> str | None:
        facts = CIRCOR({**MURMUR, "site": site, "murmur_locations": locations})
        return next((fact.value for fact in facts if fact.concept == "heard_here"), None)

    assert here("mitral", "AV+MV") == "yes"
    assert here("tricuspid", "AV+MV") == "no"
    assert here("other", "AV+Phc") == "yes"
    assert here(None, "AV") is None
    assert here("mitral", "nan") is None


@pytest.mark.parametrize("nothing", [None, "nan", "NaN", math.nan, "", " "])
def test_missing_values_are_no_facts(nothing):
    assert stated(nothing) is None
    row = {name: nothing for name in CIRCOR.fields} | {"recording_id": "x"}
    assert CIRCOR(row) == ()


def test_numbers_are_rounded_by_nothing_but_their_zeros():
    facts = by_field({**MURMUR, "height": 92.0, "weight": "10.915"})
    assert (facts["height"][0].value, facts["weight"][0].value) == ("92", "10.915")


def test_pregnancy_is_a_fact_where_it_is_true():
    assert by_field({**MURMUR, "pregnancy_status": "True"})["pregnancy_status"][0].value == "pregnant"
    assert "pregnancy_status" in by_field({**MURMUR, "pregnancy_status": True})


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
        ("height", "-3"),
        ("age_group", "Old"),
        ("pregnancy_status", "perhaps"),
        ("systolic_murmur_timing", "Sometimes"),
        ("systolic_murmur_grading", "VII/VI"),
        ("diastolic_murmur_shape", "Round"),
        ("systolic_murmur_pitch", "Shrill"),
        ("organ", "lung"),
    ],
)
def test_words_that_the_dataset_does_not_use_are_errors(field: str, value: str):
    with pytest.raises(DataError, match=rf"1_MV: .*{value.split('+')[-1].lower()}(?i:.*To fix)"):
        CIRCOR({**MURMUR, field: value.lower() if field != "murmur_locations" else "AV+xx"})


def test_a_missing_column_is_not_a_missing_value():
    row = dict(MURMUR)
    del row["murmur_locations"]
    with pytest.raises(DataError, match="murmur_locations"):
        CIRCOR(row)


def test_real_rows_have_facts(rows):
    for row in rows:
        facts = CIRCOR(row)
        assert {"organ", "site", "sex", "murmur", "outcome"} <= {fact.field for fact in facts}
        assert any(fact.concept == "timing" for fact in facts) == (row["murmur"] == "Present")


def test_unknown_dataset():
    with pytest.raises(ConfigurationError, match="circor"):
        facts_of("circus")
