from __future__ import annotations

import re
import string

import pytest

from hf_auscult.reports import generate
from hf_auscult.reports.templates import FRAMES, PHRASES, chooser

from .conftest import MURMUR, OTHER


@pytest.mark.parametrize("name", [*PHRASES, *FRAMES])
def test_every_fact_has_three_phrasings_that_hold_its_value(name: str):
    phrases = {**PHRASES, **FRAMES}[name]
    assert len(set(phrases)) == len(phrases) >= 3
    slots = [{slot for _, slot, _, _ in string.Formatter().parse(phrase) if slot} for phrase in phrases]
    assert all(found == slots[0] for found in slots)
    fixed = "=" in name or name in ("pregnancy_status",)
    assert bool(slots[0]) != fixed


def test_no_recommendations_and_no_words_of_doubt():
    text = " ".join(phrase for phrases in PHRASES.values() for phrase in phrases).lower()
    assert not re.search(r"recommend|should|advis|follow-up|further|suggest|likely|consistent with|may\b", text)


def test_every_phrasing_is_reached():
    texts = [report.text for report in generate([MURMUR], draws=200)]
    for name in ("height", "weight", "most_audible_location", "murmur_here=yes", "outcome"):
        for phrase in PHRASES[name]:
            start = phrase.split("{value}")[0].strip(" .") or phrase.split("{value}")[1].strip(" .")
            assert any(start in text for text in texts), phrase


@pytest.mark.parametrize("row", [MURMUR, {**MURMUR, **OTHER}, {**MURMUR, "murmur": "Unknown"}], ids=["a", "b", "c"])
@pytest.mark.parametrize("form", ["full", "masked", "context"])
def test_prose_is_two_or_three_clean_sentences(row, form: str):
    for report in generate([{**row, "recording_id": "x"}], form=form, draws=100):
        text = report.text
        assert 2 <= len(re.findall(r"\.(?= [A-Z]|$)", text)) <= 3, text
        assert text[0].isupper() and text.endswith(".")
        assert not re.search(r"[{}]|  |,,| ,|\.\.|\b[Aa] [aeiou]|\b[Aa]n [^aeiou]|None|nan\b", text), text


def test_a_row_that_says_next_to_nothing_still_makes_sentences():
    bare = dict.fromkeys(MURMUR) | {"recording_id": "x"}
    for form in ("full", "masked", "context"):
        (report,) = generate([bare], form=form)
        assert report.fields == () and report.text.count(".") == 2


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
