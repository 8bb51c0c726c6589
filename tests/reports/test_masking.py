from __future__ import annotations

import re

import pytest

from hf_auscult.data import DATASETS
from hf_auscult.errors import ConfigurationError
from hf_auscult.reports import FACTS, STRENGTHS, generate, mask_of

from .conftest import MURMUR
from .facts.test_readers import FIELDS

LABEL_WORDS = ("murmur", "murmurs", "present", "absent", "unknown", "normal", "abnormal", "outcome", "healthy", "sound")
FINDING_FIELDS = tuple(f for f in MURMUR if "murmur" in f or f in ("most_audible_location", "outcome"))
TRAITS = tuple(f for f in FINDING_FIELDS if f.startswith(("systolic", "diastolic")))
EVERY = [(name, task) for name in FACTS for task in DATASETS[name].masks]


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z/-]+", text.lower()))


def test_every_labelled_task_of_every_dataset_with_facts_has_a_mask():
    labelled = {(name, task.name) for name in FACTS for task in DATASETS[name].tasks if task.classes}
    assert labelled == set(EVERY)


@pytest.mark.parametrize(("dataset", "task"), EVERY)
def test_masks_name_fields_that_exist_and_say_why(dataset: str, task: str):
    fields = {"circor": MURMUR}.get(dataset) or FIELDS[dataset]
    labels = DATASETS[dataset].masks[task]
    assert labels.label and set(labels.label) | set(labels.strict) <= set(fields)
    assert not set(labels.label) & set(labels.strict)
    assert all(len(why.split()) >= 4 for why in labels.strict.values())
    paper, strict = (mask_of(dataset, task, strength) for strength in ("paper", "strict"))
    assert set(labels.label) <= set(paper.without) <= set(strict.without)
    assert set(strict.without) >= set(labels.strict)


def test_no_task_hides_the_labels_of_all():
    together = mask_of("coswara", None, "strict")
    assert {"sex", "smoker", "covid_status"} <= set(together.without)
    assert {"sex"} == set(mask_of("coswara", "gender", "paper").without)


def test_context_texts_hold_no_label_word_and_no_finding(rows):
    for report in generate([*rows, {**MURMUR}], mask="context", draws=6):
        assert not words(report.text) & set(LABEL_WORDS), report.text
        row = next((row for row in rows if row["recording_id"] == report.recording_id), MURMUR)
        for field in TRAITS:
            value = str(row[field]).lower()
            assert value == "nan" or value not in words(report.text), (field, report.text)


@pytest.mark.parametrize("mask", ["context", "strict"])
def test_context_and_strict_texts_are_blind_to_findings(rows, mask: str):
    """Two recordings that differ in nothing but what was heard and concluded have the same text."""
    blank = [{**row, **dict.fromkeys(FINDING_FIELDS)} for row in rows]
    ill = [{**row, **{field: MURMUR[field] for field in FINDING_FIELDS}} for row in rows]
    texts = [report.text for report in generate(rows, mask=mask, task="murmur", draws=3)]
    assert texts == [report.text for report in generate(blank, mask=mask, task="murmur", draws=3)]
    assert texts == [report.text for report in generate(ill, mask=mask, task="murmur", draws=3)]


def test_paper_texts_keep_findings_and_lose_the_words(rows):
    for report in generate(rows, mask="paper", task="murmur", draws=4):
        assert not words(report.text) & {"murmur", "murmurs", "normal", "abnormal", "outcome", "absent", "unknown"}
    text = generate([MURMUR], mask="paper", task="murmur")[0].text.lower()
    assert re.search("holosystolic|pansystolic", text) and "ii/vi" in text and "blowing" in text and "sound" in text


def test_the_documented_leak_of_paper_texts_is_real(rows):
    """A one-word rule on masked texts gives the murmur label: the mask is honest only because it says so."""
    known = [row for row in rows if row["murmur"] != "Unknown"]
    guesses = ["grade" in report.text for report in generate(known, mask="paper", task="murmur")]
    assert guesses == [row["murmur"] == "Present" for row in known]
    assert "still gives it away" in mask_of("circor", "murmur", "paper").leaks


def test_masking_takes_facts_and_not_words():
    facts = FACTS["circor"](MURMUR)
    kept = {name: {fact.field for fact in mask_of("circor", "murmur", name).keep(facts)} for name in STRENGTHS}
    assert kept["none"] == {fact.field for fact in facts}
    assert kept["none"] - kept["paper"] == {"murmur", "outcome"}
    assert kept["context"] == {fact.field for fact in facts if fact.kind == "context"}
    assert kept["strict"] == {"organ", "site", "sex"} < kept["context"]


def test_unmasked_texts_state_the_labels(rows):
    for row, report in zip(rows, generate(rows), strict=True):
        assert row["outcome"].lower() in words(report.text)
        assert words(report.text) & {"murmur", "murmurs"}


def test_unknown_names():
    with pytest.raises(ConfigurationError, match="paper, strict, context, middle"):
        mask_of("circor", "murmur", "full")
    with pytest.raises(ConfigurationError, match="outcome"):
        mask_of("circor", "murmurs", "none")
    with pytest.raises(ConfigurationError, match="circor"):
        mask_of("circus", None, "none")
