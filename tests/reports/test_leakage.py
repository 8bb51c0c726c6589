from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from hf_auscult.data import DATASETS
from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.reports import LeakageSettings, generate, leakage

from .facts.test_readers import REAL

PEOPLE = [f"p{number // 3}" for number in range(180)]
LABELS = ["ill" if number // 3 % 2 else "well" for number in range(180)]
RNG = np.random.default_rng(0)
NOISE = [" ".join(RNG.choice(list("abcdefgh"), 6)) for _ in PEOPLE]


def test_a_stated_label_is_found_and_noise_is_not():
    told = leakage([f"{text} {label}" for text, label in zip(NOISE, LABELS, strict=True)], LABELS, PEOPLE)
    assert told.auroc.value == 1.0 and not told.at_chance
    assert (told.subjects, told.positives, told.counts, told.classes) == (60, 30, (90, 90), ("ill", "well"))
    silent = leakage(NOISE, LABELS, PEOPLE)
    assert silent.at_chance and silent.auroc.low < 0.5 < silent.auroc.high


def test_a_text_that_says_nothing_scores_a_half():
    assert leakage(["same"] * 180, LABELS, PEOPLE).auroc.value == 0.5


def test_nobody_is_told_of_by_their_own_words():
    """Words that name the person give the label away within a person, and nothing about others."""
    assert leakage([f"{person} {person}" for person in PEOPLE], LABELS, PEOPLE).at_chance


def test_several_classes_and_classes_of_too_few_people():
    labels = ["abc"[number // 3 % 3] for number in range(180)]
    labels[0] = labels[1] = labels[2] = "rare"
    found = leakage([f"says {label}" for label in labels], labels, PEOPLE)
    assert found.auroc.value == 1.0 and found.positives is None
    assert (found.classes, found.left_out, sum(found.counts)) == (("a", "b", "c"), ("rare",), 177)


def test_embeddings_are_read_instead_of_the_words():
    carried = RNG.standard_normal((180, 8))
    carried[:, 3] += 4 * (np.asarray(LABELS) == "ill")
    found = leakage(NOISE, LABELS, PEOPLE, embeddings=carried, reader="teacher")
    assert found.reader == "teacher" and found.auroc.value > 0.95 and not found.at_chance
    assert leakage(NOISE, LABELS, PEOPLE, embeddings=RNG.standard_normal((180, 8))).at_chance


def test_a_figure_is_repeatable_and_travels():
    one, two = (leakage(NOISE, LABELS, PEOPLE, settings=LeakageSettings(draws=100, seed=3)) for _ in range(2))
    assert json.dumps(one.to_dict()) == json.dumps(two.to_dict())
    assert one.to_dict()["at_chance"] is True and one.to_dict()["auroc"]["subjects"] == 60


def test_bad_input():
    with pytest.raises(DataError, match="lengths"):
        leakage(NOISE[1:], LABELS, PEOPLE)
    with pytest.raises(DataError, match="lengths"):
        leakage(NOISE, LABELS, PEOPLE, embeddings=np.zeros((3, 2)))
    with pytest.raises(DataError, match="not two classes"):
        leakage(NOISE, ["ill"] * 180, PEOPLE)
    with pytest.raises(ConfigurationError, match="folds"):
        leakage(NOISE, LABELS, PEOPLE, settings=LeakageSettings(folds=1))


STATED = [
    *(("circor", task) for task in ("murmur", "murmur_any", "murmur_ternary", "outcome")),
    *(("sprsound", task) for task in ("normal_adventitious", "record", "record_ternary", "events_binary", "events")),
    *(("covid19_cough", task) for task in ("covid", "covid_phone", "covid_messenger")),
    *(("icbhi", task) for task in ("copd", "disease")),
    *(("kauh", task) for task in ("obstructive", "obstructive_opera", "sound")),
    ("cinc2016", "normal_abnormal"),
]


@pytest.mark.parametrize(("dataset", "task"), STATED)
def test_strict_reports_of_real_rows_are_at_chance(dataset: str, task: str, shared: Path, tmp_path: Path):
    spec = DATASETS[dataset]
    rows = spec.task(task).select(spec.read(REAL[dataset](shared, tmp_path)).rows)[0]
    # Of so many tasks some would seem to leak by chance: the interval that must hold .5 is wider for it.
    found, levels = {}, {"none": 0.95, "strict": 1 - 0.05 / len(STATED)}
    for mask, level in levels.items():
        draws = [
            report.text
            for draw in range(3)
            for row in rows
            for report in generate([row], dataset=dataset, mask=mask, task=task, seed=draw)
        ]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # sklearn notes classes that a fold lacks
            labels, people = [str(row["label"]) for row in rows], [row["subject_id"] for row in rows]
            found[mask] = leakage(draws, labels * 3, people * 3, settings=LeakageSettings(draws=2000, level=level))
    assert found["none"].auroc.value > 0.95
    assert found["none"].auroc.low > 0.89  # .898 for the events of 59 children, by intervals that cover
    assert found["strict"].at_chance, str(found["strict"].auroc)
