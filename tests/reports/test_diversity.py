"""Reports of one dataset begin in many ways, and say the same things differently."""

from __future__ import annotations

import random
import re

import pytest

from hf_auscult.data.facts import Fact
from hf_auscult.errors import DataError
from hf_auscult.reports import FACTS, diversity
from hf_auscult.reports.templates import chooser, write

from .grounding.random_rows import RANDOM


@pytest.mark.parametrize("dataset", sorted(FACTS))
def test_forty_openings_a_dataset(dataset: str):
    draw = random.Random(dataset)
    rows = [RANDOM[dataset](draw) for _ in range(200)]
    found = diversity([write(FACTS[dataset](row), "murmur", chooser(number)) for number, row in enumerate(rows)])
    assert found.openings >= 40 and found.different >= 150
    # texts of one dataset share their terms: what matters is that none is another with a word exchanged
    assert found.self_bleu < 0.985 and found.distinct["3"] > 0.05


def test_equal_texts_are_not_diverse_and_strange_ones_are():
    assert diversity(["No wheezes are heard at all."] * 3).self_bleu == pytest.approx(1.0)
    assert diversity(["No wheezes are heard at all.", "Clear chest in this boy of three."]).self_bleu < 0.3
    with pytest.raises(DataError, match="1 texts"):
        diversity(["one"])


HEART = [
    *(Fact("location", value, "locations", of="murmur") for value in ("aortic", "mitral", "pulmonary", "tricuspid")),
    *(Fact(concept, value, concept, of="systolic murmur") for concept, value in
      (("timing", "holosystolic"), ("shape", "plateau"), ("grade", "II/VI"), ("pitch", "medium"),
       ("quality", "harsh"))),
    Fact("loudest", "mitral", "loudest", of="murmur"),
    Fact("finding", "murmur", "murmur"),
    Fact("sound", "heart", "organ"),
    Fact("outcome", "abnormal", "outcome"),
]  # fmt: skip
LUNGS = Fact("sound", "lungs", "organ")
MALE, COUGH = Fact("sex", "male", "sex"), Fact("sound", "cough", "organ")
SYMPTOMS = ("sore throat", "runny or blocked nose", "new continuous cough", "fatigue", "headache")
TABLE = {
    "icbhi": (
        [LUNGS, Fact("site", "trachea", "site"), Fact("finding", "crackle", "c", "absent"),
         Fact("finding", "wheeze", "w"), Fact("age", "66", "age"), MALE, Fact("disease", "pneumonia", "diagnosis")],
        "auscultation .*over the trachea.* reveals (wheezes|wheezing) without crackles.* 66-year-old male"
        ".* (diagnosed with|with|is) pneumonia",
    ),
    "hf_lung": (
        [LUNGS, Fact("finding", "adventitious sound", "sound", "absent"), Fact("device", "Littmann 3200", "device")],
        "normal vesicular breath sounds with no adventitious sounds .*using (a|the) Littmann 3200",
    ),
    "uk_covid19": (
        [COUGH, Fact("age", "18-44", "age"), Fact("sex", "female", "sex"), Fact("smoking", "non-smoker", "smoker"),
         Fact("disease", "COVID-19", "test", source="test"), *(Fact("symptom", value, value) for value in SYMPTOMS),
         *(Fact("symptom", value, value, "absent") for value in ("shortness of breath", "loss of taste"))],
        "female.*18–44.*symptom profile includes fatigue, .*headache, .*sore throat, with no reported loss of taste or"
        " shortness of breath.*positive",
    ),
    "coughvid": (
        [COUGH, Fact("age", "15", "age"), MALE, Fact("symptom", "fever or muscle pain", "fever", "absent"),
         Fact("condition", "respiratory condition", "condition", "absent"),
         Fact("disease", "healthy", "status", source="self-report")],
        "15-year-old.*(no|denies) (reported )?fever or muscle pain.*no known respiratory condition.*healthy",
    ),
    "circor": (
        HEART,
        "harsh.*(holo|pan)systolic murmur.*(heard most clearly|best heard|loudest) at the mitral "
        "(area|valve area|position) and is also audible at the aortic, pulmon(ary|ic) and tricuspid .*abnormal",
    ),
    "sprsound": (
        [LUNGS, Fact("finding", "continuous adventitious sound", "record"), Fact("finding", "wheeze", "events"),
         Fact("finding", "discontinuous adventitious sound", "record"), Fact("disease", "pneumonia", "disease"),
         Fact("severity", "severe", "disease", of="pneumonia")],
        "reveals discontinuous adventitious sounds and continuous adventitious sounds in the form of wheez"
        ".*severe pneumonia",
    ),
    "zchsound": (
        [Fact("sound", "heart", "organ"), Fact("outcome", "normal", "diagnosis"),
         Fact("recording_quality", "good", "part")],
        "cardiac auscultation reveals normal heart sounds.*(cardiac examination|cardiac findings).* normal",
    ),
}  # fmt: skip
"""Metadata of arXiv 2512.04847, Table XII, and the part of its texts that they support."""


@pytest.mark.parametrize("dataset", TABLE)
def test_the_examples_of_the_paper_come_out(dataset: str):
    facts, pattern = TABLE[dataset]
    texts = [write(facts, "murmur", chooser(number)) for number in range(3000)]
    assert any(re.search(pattern, text, re.IGNORECASE | re.DOTALL) for text in texts), texts[:5]
