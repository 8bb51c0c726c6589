from __future__ import annotations

import re

import pytest

from hf_auscult.errors import ConfigurationError
from hf_auscult.reports import FORMS, circor_facts, generate
from hf_auscult.reports.masking import form_of

from .conftest import MURMUR

LABEL_WORDS = ("murmur", "murmurs", "present", "absent", "unknown", "normal", "abnormal", "outcome", "healthy", "sound")
FINDING_FIELDS = tuple(f for f in MURMUR if "murmur" in f or f in ("most_audible_location", "outcome"))
TRAITS = tuple(f for f in FINDING_FIELDS if f.startswith(("systolic", "diastolic")))


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z/-]+", text.lower()))


def test_context_texts_hold_no_label_word_and_no_finding(rows):
    for report in generate([*rows, {**MURMUR}], form="context", draws=6):
        assert not words(report.text) & set(LABEL_WORDS), report.text
        row = next((row for row in rows if row["recording_id"] == report.recording_id), MURMUR)
        for field in TRAITS:
            value = str(row[field]).lower()
            assert value == "nan" or value not in words(report.text), (field, report.text)


def test_context_texts_are_blind_to_findings(rows):
    """Two recordings that differ in nothing but what was heard and concluded have the same text."""
    blank = [{**row, **dict.fromkeys(FINDING_FIELDS)} for row in rows]
    ill = [{**row, **{field: MURMUR[field] for field in FINDING_FIELDS}} for row in rows]
    texts = [report.text for report in generate(rows, form="context", draws=3)]
    assert texts == [report.text for report in generate(blank, form="context", draws=3)]
    assert texts == [report.text for report in generate(ill, form="context", draws=3)]


def test_masked_texts_keep_findings_and_lose_the_words(rows):
    for report in generate(rows, form="masked", draws=4):
        assert not words(report.text) & {"murmur", "murmurs", "normal", "abnormal", "outcome", "absent", "unknown"}
    text = generate([MURMUR], form="masked")[0].text.lower()
    assert "holosystolic" in text and "ii/vi" in text and "blowing" in text and "sound" in text


def test_the_documented_leak_of_masked_texts_is_real(rows):
    """A one-word rule on masked texts gives the murmur label: the form is honest only because it says so."""
    known = [row for row in rows if row["murmur"] != "Unknown"]
    guesses = ["grade" in report.text for report in generate(known, form="masked")]
    assert guesses == [row["murmur"] == "Present" for row in known]
    assert "gives the murmur label away" in FORMS["masked"].leaks


def test_masking_takes_facts_and_not_words():
    facts = circor_facts(MURMUR)
    kept = {name: {fact.name for fact in form.keep(facts)} for name, form in FORMS.items()}
    assert kept["full"] == {fact.name for fact in facts}
    assert kept["full"] - kept["masked"] == {"murmur", "outcome"}
    assert kept["context"] == {fact.name for fact in facts if fact.kind == "context"}


def test_full_texts_state_the_labels(rows):
    for row, report in zip(rows, generate(rows), strict=True):
        assert row["outcome"].lower() in words(report.text)
        assert words(report.text) & {"murmur", "murmurs"}


def test_unknown_form():
    with pytest.raises(ConfigurationError, match="full, masked, context"):
        form_of("strict")
