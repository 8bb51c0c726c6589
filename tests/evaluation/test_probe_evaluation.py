from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from hf_auscult.errors import DataError, LeakageError
from hf_auscult.evaluation.predictions import mean_by_person
from hf_auscult.evaluation.probe_evaluation import EvaluationSettings, evaluate_probe
from hf_auscult.evaluation.probes import run_probe
from hf_auscult.metrics import auroc, auroc_over_runs, person_interval


def _all_labels(draws: int) -> EvaluationSettings:
    return EvaluationSettings(fractions=(1.0,), bootstrap_draws=draws)


def _cohort(people: int = 150, per_person: int = 3, effect: float = 0.5, seed: int = 0):
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(people), per_person)
    y = (np.arange(people) % 3 == 0).astype(int)[who]
    x = rng.standard_normal((len(who), 8)) + effect * y[:, None]
    split = np.array(["train", "train", "train", "validation", "test"])[who // 6 % 5]
    return x, y, who, split


def test_figures_are_those_of_the_parts():
    x, y, who, split = _cohort()
    result = evaluate_probe(x, y, who, split, EvaluationSettings(bootstrap_draws=200, label_draws=3))
    test = split == "test"
    score = run_probe(x, y, who, split).scores[0]
    full = result.figures[1.0]
    assert full.recording.value == pytest.approx(roc_auc_score(y[test], score[:, 1]), abs=1e-12)
    assert full.recording.interval == person_interval(auroc, y[test], score[:, 1], subjects=who[test], draws=200)
    by_person = score[:, 1].reshape(-1, 3).mean(axis=1)
    assert full.subject.value == pytest.approx(roc_auc_score(y[test][::3], by_person), abs=1e-12)
    assert full.macro_f1.value == pytest.approx(f1_score(y[test], score.argmax(axis=1), average="macro"))
    assert np.array_equal(result.test_scores[1.0], score)
    assert np.array_equal(result.test_rows, np.flatnonzero(test))
    few = result.figures[0.1]
    assert few.penalty == 0.01 and len(few.people) == 3 and few.macro_f1 is None
    assert result.headline is full.recording
    assert full.recording.interval.subjects == len(np.unique(who[test]))
    assert full.recording.interval.positives == len(np.unique(who[test & (y == 1)]))


def test_few_label_interval_averages_over_the_draws():
    x, y, who, split = _cohort()
    settings = EvaluationSettings(fractions=(0.1,), label_draws=3, bootstrap_draws=100)
    result = evaluate_probe(x, y, who, split, settings)
    figure, labels, runs = result.figures[0.1].recording, y[result.test_rows], result.test_runs[0.1]

    def mean_over_draws(truth, runs):
        if len(np.unique(truth)) < 2:
            return float("nan")
        return float(np.mean([roc_auc_score(truth, runs[:, draw]) for draw in range(3)]))

    assert figure.value == pytest.approx(mean_over_draws(labels, runs[:, :, 1].T))
    expected = person_interval(auroc_over_runs, labels, runs[:, :, 1].T, subjects=who[result.test_rows])
    assert (figure.low, figure.high) == (expected.low, expected.high)


def test_signal_is_found_and_noise_is_not():
    x, y, who, split = _cohort(people=300, effect=1.0)
    assert evaluate_probe(x, y, who, split, _all_labels(300)).headline.interval.low > 0.8
    noise = np.random.default_rng(1).standard_normal(x.shape)
    interval = evaluate_probe(noise, y, who, split, _all_labels(300)).headline.interval
    assert interval.low < 0.5 < interval.high


def test_test_rows_do_not_influence_each_other_or_the_fit():
    x, y, who, split = _cohort()
    base = evaluate_probe(x, y, who, split, _all_labels(50))
    moved = x.copy()
    last = np.flatnonzero(split == "test")[-1]
    moved[last] += 1000
    changed = evaluate_probe(moved, y, who, split, _all_labels(50))
    assert np.array_equal(base.test_scores[1.0][:-1], changed.test_scores[1.0][:-1])
    assert not np.array_equal(base.test_scores[1.0][-1], changed.test_scores[1.0][-1])


def test_row_order_does_not_matter():
    x, y, who, split = _cohort()
    shuffle = np.random.default_rng(0).permutation(len(y))
    first = evaluate_probe(x, y, who, split, _all_labels(100)).headline.interval
    second = evaluate_probe(x[shuffle], y[shuffle], who[shuffle], split[shuffle], _all_labels(100)).headline.interval
    assert (first.value, first.low, first.high) == pytest.approx((second.value, second.low, second.high), abs=2e-3)


def test_named_classes_need_the_positive_one():
    x, y, who, split = _cohort()
    words = np.where(y == 1, "Abnormal", "Normal")
    with pytest.raises(DataError, match="positive"):
        evaluate_probe(x, words, who, split)
    named = evaluate_probe(x, words, who, split, _all_labels(50), positive="Abnormal")
    numbered = evaluate_probe(x, y, who, split, _all_labels(50))
    assert named.classes == ["Normal", "Abnormal"]
    assert named.figures[1.0].subject == numbered.figures[1.0].subject


def test_several_classes_and_a_class_that_the_test_set_lacks():
    rng = np.random.default_rng(0)
    people = 200
    who = np.repeat(np.arange(people), 3)
    y = rng.integers(0, 4, len(who))
    x = rng.standard_normal((len(who), 6)) + 2 * np.eye(6)[y]
    split = np.array(["train", "train", "train", "validation", "test"])[who % 5]
    y[(split == "test") & (y == 3)] = 0
    names = np.array(["normal", "wheeze", "crackle", "stridor"])
    result = evaluate_probe(
        x, names[y], who, split, EvaluationSettings(fractions=(1.0, 0.2), label_draws=2, bootstrap_draws=50)
    )
    assert result.classes == sorted(names.tolist())
    for figures in result.figures.values():
        assert figures.recording.left_out == ("stridor",)
        assert figures.recording.interval is not None
    test = split == "test"
    score = result.test_scores[1.0]
    kept = [result.classes.index(name) for name in ("crackle", "normal", "wheeze")]
    truth = names[y[test]]
    expected = np.mean([roc_auc_score(truth == result.classes[c], score[:, c]) for c in kept])
    assert result.figures[1.0].recording.value == pytest.approx(expected, abs=1e-12)
    table, scores = mean_by_person((truth[:, None] == np.array(result.classes)).astype(int), score, who[test])
    expected = np.mean([roc_auc_score(table[:, c], scores[:, c]) for c in kept])
    assert result.figures[1.0].subject.value == pytest.approx(expected, abs=1e-12)


def test_an_undefined_figure_carries_its_reason():
    x, y, who, split = _cohort()
    mixed = y.copy()
    for person in np.unique(who[split == "test"]):
        mixed[np.flatnonzero(who == person)[0]] = 1  # every tested person has a positive recording
    result = evaluate_probe(x, mixed, who, split, _all_labels(50))
    assert result.figures[1.0].subject.value is None
    assert "same classes" in result.figures[1.0].subject.problem and "undefined" in str(result.figures[1.0].subject)
    assert result.figures[1.0].recording.interval is not None
    tiny = split.copy()
    first = np.unique(who[split == "test"])[:3]
    keep = (split != "test") | np.isin(who, first)
    result = evaluate_probe(x[keep], y[keep], who[keep], tiny[keep], _all_labels(50))
    figure = result.headline
    assert figure.value is not None and figure.interval is None and "3 people" in figure.problem


def test_json():
    x, y, who, split = _cohort()
    result = evaluate_probe(x, y, who, split, EvaluationSettings(bootstrap_draws=50, label_draws=2))
    plain = json.loads(json.dumps(result.to_dict(scores=True)))
    assert plain["figures"]["1.0"]["recording"]["interval"]["value"] == result.headline.value
    assert len(plain["test_scores"]["0.1"]) == len(plain["test_rows"]) == plain["counts"]["test"]["recordings"]
    assert plain["counts"]["train"]["people"] == len(np.unique(who[split == "train"]))
    assert "test_scores" not in result.to_dict()


def test_bad_input_is_named():
    x, y, who, split = _cohort()
    with pytest.raises(LeakageError, match="two splits"):
        evaluate_probe(x, y, np.where(who == who[-1], who[0], who), split)
    with pytest.raises(DataError, match="unknown name"):
        evaluate_probe(x, y, who, np.where(split == "validation", "valid", split))
    with pytest.raises(DataError, match="no row is test"):
        evaluate_probe(x, y, who, np.where(split == "test", "train", split))
    with pytest.raises(DataError, match="only one class"):
        evaluate_probe(x, np.zeros(len(y)), who, split)
    with pytest.raises(DataError, match="missing labels"):
        evaluate_probe(x, np.where(np.arange(len(y)) == 3, None, y.astype(object)), who, split, positive="1")
    with pytest.raises(DataError, match="never occur in train"):
        evaluate_probe(x, np.where(split == "test", 2, y), who, split)
    with pytest.raises(DataError, match="NaN"):
        evaluate_probe(np.where(x == x[0, 0], np.nan, x), y, who, split)


def test_people_average_scores_and_carry_any_positive_label():
    y, s = mean_by_person(np.array([0, 1, 0, 0]), np.array([0.2, 0.4, 0.9, 0.1]), ["b", "b", "a", "b"])
    assert y.tolist() == [0, 1] and s == pytest.approx([0.9, 0.7 / 3])
    y, s = mean_by_person(np.eye(3, dtype=int)[[0, 2]], np.arange(12.0).reshape(2, 2, 3), ["a", "a"])
    assert y.tolist() == [[1, 0, 1]] and s.shape == (1, 2, 3) and s[0, 0].tolist() == [3, 4, 5]
