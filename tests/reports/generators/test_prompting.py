"""What a language model is told: an organ's specialist, the masked facts, and nothing that the mask took away."""

from __future__ import annotations

import hashlib
from importlib.resources import files

import pytest

from hf_auscult.data import DATASETS
from hf_auscult.data.facts import Fact
from hf_auscult.errors import ConfigurationError
from hf_auscult.reports import generate, mask_of, requests_of
from hf_auscult.reports.generators import Request, prompts_of, system_prompt, user_prompt
from tests.reports.conftest import MURMUR


@pytest.mark.parametrize("organ", sorted({spec.organ for spec in DATASETS.values()} | {"voice", "body"}))
def test_every_organ_has_a_specialist(organ):
    prompt = system_prompt(organ)
    assert prompt.name == f"{organ}.v2" and "Vary the language" in prompt.text
    assert prompt.sha256 == hashlib.sha256(prompt.text.encode()).hexdigest()
    for words in ("two or three sentences", "nothing else", "Do not recommend"):
        assert words in prompt.text
    assert prompts_of([organ, organ]) == {prompt.name: prompt.sha256}


def test_prompts_that_were_used_are_not_edited():
    """Sets of reports cite these hashes: a change is a new version, v2, beside the old file."""
    digest = hashlib.sha256()
    for file in sorted((files("hf_auscult.reports.generators") / "prompts").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".v1.txt"):
            digest.update(file.name.encode() + file.read_bytes())
    assert digest.hexdigest() == "c308a0eb2203a85eb54a1ddc9b49f1b5e4af98df30712d3253e098f91d1d840f"


def test_an_organ_without_a_prompt():
    with pytest.raises(ConfigurationError, match="knee"):
        system_prompt("knee")


def test_facts_are_lines():
    facts = (
        Fact("site", "mitral", "site"),
        Fact("finding", "wheeze", "wheezes", polarity="absent"),
        Fact("finding", "murmur", "murmur", polarity="unknown"),
        Fact("grade", "II/VI", "grade", of="systolic murmur"),
    )
    assert user_prompt(Request("r", facts)).splitlines() == [
        "site of the recording: mitral",
        "auscultation: murmur: could not be determined, no wheeze",
        "grade of the systolic murmur: II/VI",
    ]
    assert "turned down: It adds x." in user_prompt(Request("r", facts, correction="It adds x."))


def test_lines_have_units_and_name_each_thing_and_each_source_once():
    facts = (
        Fact("height", "174", "height"),
        Fact("age", "0.2", "age"),
        Fact("symptom", "symptom", "status"),
        Fact("finding", "discontinuous adventitious sound", "record"),
        Fact("finding", "fine crackle", "events"),
        Fact("disease", "COVID-19", "diagnosis_1", source="2 of 3 experts"),
        Fact("disease", "healthy", "status", source="self-report"),
    )
    assert user_prompt(Request("r", facts)).splitlines() == [
        "height: 174 cm",
        "age: 2 months",
        "symptom: symptoms",
        "auscultation: fine crackle",
        "diagnosis: COVID-19 (2 of 3 experts)",
        "diagnosis: healthy (self-report)",
    ]


@pytest.mark.parametrize("strength", ["paper", "strict", "context"])
def test_what_the_mask_took_is_in_no_line(strength):
    row = {**MURMUR, "organ": "heart"}
    (whole,) = requests_of([row], dataset="circor", mask=mask_of("circor", "murmur", "none"))
    (masked,) = requests_of([row], dataset="circor", mask=mask_of("circor", "murmur", strength))
    assert whole.organ == masked.organ == "heart"
    assert "murmur" in user_prompt(whole) and "abnormal" in user_prompt(whole)
    assert "murmur" not in user_prompt(masked) and "abnormal" not in user_prompt(masked)
    taken = {fact.field for fact in whole.facts} - {fact.field for fact in masked.facts}
    assert "outcome" in taken


def test_generators_and_generate_are_given_the_same_facts():
    (request,) = requests_of([MURMUR], dataset="circor", mask=mask_of("circor", None, "paper"))
    (report,) = generate([MURMUR], dataset="circor", mask="paper")
    assert request.facts == report.facts
