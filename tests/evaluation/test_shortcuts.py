from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.evaluation.probe_evaluation import EvaluationSettings
from hf_auscult.evaluation.shortcuts import ShortcutSpec, evaluate_shortcuts, shortcut_features

ROWS = [
    {"sex": "F", "site": "AV", "age": 4.0, "duration": "10.5", "device": "litt"},
    {"sex": "M", "site": "MV", "age": None, "duration": "nan", "device": "litt"},
    {"sex": "F", "site": None, "age": 8, "duration": "20", "device": "litt"},
    {"sex": "F", "site": "TV", "age": float("nan"), "duration": "99", "device": "other"},
]
SETTINGS = EvaluationSettings(fractions=(1.0,), bootstrap_draws=300)
TRAIN = [True, True, True, False]


def test_known_answer():
    made = shortcut_features(ROWS, ShortcutSpec().with_level(), TRAIN)
    assert made.names == (
        "sex=F", "sex=M", "site=AV", "site=MV", "site=missing", "age", "age missing", "duration", "duration missing",
    )  # fmt: skip
    assert made.values.tolist() == [
        [1, 0, 1, 0, 0, 4, 0, 10.5, 0],
        [0, 1, 0, 1, 0, 6, 1, 15.25, 1],
        [1, 0, 0, 0, 1, 8, 0, 20, 0],
        [1, 0, 0, 0, 0, 6, 1, 99, 0],  # site TV was never seen in train
    ]
    assert made.used == ("sex", "site", "age", "duration")
    assert made.absent == ("age_group", "height", "weight", "loudness", "silence_ratio")
    assert made.constant == ("device",)


def test_nothing_is_learned_from_the_test_rows():
    changed = [*ROWS[:3], {"sex": "X", "site": "PV", "age": 900, "duration": "-5", "device": "new"}]
    first, second = (
        shortcut_features(ROWS, ShortcutSpec().with_level(), TRAIN),
        shortcut_features(changed, ShortcutSpec().with_level(), TRAIN),
    )
    assert first.names == second.names
    assert np.array_equal(first.values[:3], second.values[:3])


def test_bad_tables_are_named():
    with pytest.raises(DataError, match="row 1, column age"):
        shortcut_features([{"age": 1}, {"age": "Infant"}], train_mask=[True, True])
    with pytest.raises(DataError, match="infinite"):
        shortcut_features([{"age": 1}, {"age": "inf"}], train_mask=[True, True])
    with pytest.raises(DataError, match="no shortcut column"):
        shortcut_features([{"other": 1}], train_mask=[True])
    with pytest.raises(DataError, match="training mask"):
        shortcut_features(ROWS, train_mask=[True])
    with pytest.raises(ConfigurationError, match="train_mask"):
        shortcut_features(ROWS)
    with pytest.raises(ConfigurationError, match="twice"):
        ShortcutSpec(categorical=("age",), numeric=("age",))
    with pytest.raises(ConfigurationError, match="no column"):
        ShortcutSpec(categorical=(), numeric=())


def test_a_confounded_site_is_found_and_its_columns_are_named():
    rng = np.random.default_rng(0)
    people = 200
    y = np.arange(people) % 2
    device = np.where(rng.random(people) < 0.9, y, 1 - y)
    rows = [{"device": f"d{d}", "sex": "FM"[s], "age": int(a)} for d, s, a in
            zip(device, rng.integers(0, 2, people), rng.integers(1, 18, people), strict=True)]  # fmt: skip
    split = np.array(["train", "train", "train", "validation", "test"])[np.arange(people) // 2 % 5]
    result = evaluate_shortcuts(rows, y, np.arange(people), split, settings=SETTINGS)
    assert result.probe.headline.value > 0.8 and result.used == ("sex", "device", "age")
    assert "site" in result.absent
    plain = json.loads(json.dumps(result.to_dict()))
    assert plain["columns"]["absent"] == list(result.absent)
    honest = evaluate_shortcuts(
        rows,
        y,
        np.arange(people),
        split,
        ShortcutSpec(("sex",), ("age",)),
        SETTINGS,
    ).probe.headline.interval
    assert honest.low < 0.5 < honest.high


def test_real_heart_sound_metadata_says_little_about_murmurs(shared):
    table = shared / "data" / "circor-digiscope-1.0.3" / "training_data.csv"
    with table.open(newline="") as handle:
        children = [row for row in csv.DictReader(handle) if row["Murmur"] in ("Present", "Absent")]
    assert len(children) > 50
    rows = [{"sex": c["Sex"], "age_group": c["Age"], "height": c["Height"], "weight": c["Weight"]} for c in children]
    labels = np.array([c["Murmur"] for c in children])
    order = np.argsort(labels, kind="stable")
    split = np.empty(len(children), dtype=object)
    split[order] = np.array(["train", "train", "validation", "test", "test"], dtype=object)[np.arange(len(order)) % 5]
    result = evaluate_shortcuts(
        rows,
        labels,
        np.arange(len(children)),
        split,
        settings=SETTINGS,
        positive="Present",
    )
    assert result.used == ("sex", "age_group", "height", "weight")
    assert result.probe.headline.interval.low < 0.75  # in the literature and in our pilot: .59 [.49, .69]
