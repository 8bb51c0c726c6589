"""Figures of predictions: values, intervals, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import recall_score, roc_auc_score

from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.evaluation.estimates import Bootstrap
from hf_auscult.evaluation.predictions import (
    Predictions,
    by_person,
    delong_interval,
    difference,
    estimates,
    subgroup_estimates,
)
from hf_auscult.evaluation.task import BenchmarkTask, lower_is_better
from hf_auscult.metrics import MetricModule, modules


def binary(n=120, people=40, seed=0, strength=1.5):
    rng = np.random.default_rng(seed)
    truth = rng.integers(2, size=n)
    score = 1 / (1 + np.exp(-(strength * (truth - 0.5) + rng.standard_normal((3, n)))))
    keys = tuple(f"r{row}" for row in range(n))
    return Predictions(keys, np.arange(n) % people, truth, np.stack([1 - score, score], axis=2), ("no", "yes"))


TASK = BenchmarkTask("mine", "T1", "Test", "mine", "test", ("auroc", "macro_f1", "f1", "precision", "recall"))


def test_auroc_is_the_mean_over_runs_and_has_an_interval():
    found = binary()
    shown = estimates(TASK.metrics, found, Bootstrap(200))
    mean = np.mean([roc_auc_score(found.truth, run[:, 1]) for run in found.runs])
    assert shown["auroc"].value == pytest.approx(mean)
    assert shown["auroc"].interval.subjects == 40
    assert shown["auroc"].interval.low < mean < shown["auroc"].interval.high
    assert shown["auroc_subject"].interval.subjects == 40
    assert all(figure.value is not None for figure in shown.values())


def test_people_carry_what_any_recording_has():
    found = Predictions(
        ("a", "b", "c"),
        np.array(["x", "x", "y"]),
        np.array([0, 1, 0]),
        np.array([[[1, 0], [0, 1], [0.5, 0.5]]]),
        ("n", "p"),
    )
    person = by_person(found)
    assert person.keys == ("x", "y") and person.table.tolist() == [[1, 1], [1, 0]]
    assert person.runs[0].tolist() == [[0.5, 0.5], [0.5, 0.5]]


def test_one_class_has_no_auroc_but_a_reason():
    found = binary()
    shown = estimates(TASK.metrics, found.take(np.flatnonzero(found.truth == 1)), Bootstrap(50))
    assert shown["auroc"].value is None and "same classes" in shown["auroc"].problem
    assert delong_interval(found.take(np.flatnonzero(found.truth == 1))) is None


def test_classes_that_nobody_in_test_carries_are_named():
    rng = np.random.default_rng(0)
    runs = rng.dirichlet(np.ones(3), size=(1, 30))
    found = Predictions(tuple(map(str, range(30))), np.arange(30), rng.integers(2, size=30), runs, ("a", "b", "c"))
    shown = estimates(("auroc",), found, Bootstrap(50))["auroc"]
    assert shown.left_out == ("c",)
    assert shown.value == pytest.approx(
        np.mean([roc_auc_score(found.truth == label, runs[0][:, label]) for label in (0, 1)])
    )


def test_subgroup_with_few_positives_is_refused():
    found = binary(n=60)
    rows = np.flatnonzero(found.truth == 1)[:19]
    few = np.concatenate([rows, np.flatnonzero(found.truth == 0)])
    shown = subgroup_estimates(TASK.metrics, found.take(few), Bootstrap(50))
    assert all(figure.value is None and "fewer than 20" in figure.problem for figure in shown.values())
    many = binary(n=200)
    assert subgroup_estimates(TASK.metrics, many, Bootstrap(50))["auroc"].value is not None
    # Many recordings of few people are few people.
    alike = replace(many, subjects=np.arange(200) % 19)
    assert "19 positive people" in subgroup_estimates(TASK.metrics, alike, Bootstrap(50))["auroc"].problem


def test_errors_count_every_person_once():
    task = BenchmarkTask("mine", "T2", "FVC", "d", "fvc", ("mae", "mape"), target="value")
    truth = np.array([1.0, 1.0, 1.0, 2.0])
    runs = np.array([2.0, 2.0, 2.0, 2.0]).reshape(1, 4, 1)
    found = Predictions(tuple("abcd"), np.array(["x", "x", "x", "y"]), truth, runs)
    # below four people there is no interval; the value of rows as they are is still given
    assert estimates(task.metrics, found, Bootstrap())["mae"].interval is None
    many = Predictions(
        tuple(map(str, range(16))),
        np.repeat(["p", "q", "r", "s"], [13, 1, 1, 1]),
        np.ones(16),
        np.concatenate([np.full(13, 3.0), np.ones(3)]).reshape(1, 16, 1),
    )
    shown = estimates(task.metrics, many, Bootstrap(500))["mae"]
    assert shown.value == pytest.approx(0.5) and shown.interval.subjects == 4


def test_difference_is_paired_and_refuses_other_recordings():
    strong, weak = binary(seed=0, strength=3), binary(seed=0, strength=0)
    gap = difference("auroc", strong, weak, Bootstrap(300))
    assert gap.low > 0 and gap.p_value < 0.05
    assert difference("auroc", strong, strong, Bootstrap(50)).p_value == 1
    with pytest.raises(DataError, match="different recordings"):
        difference("auroc", strong, weak.take(np.arange(50)), Bootstrap())


def test_unknown_metric_is_refused():
    with pytest.raises(ConfigurationError, match="metrics"):
        BenchmarkTask("mine", "T1", "", "d", "c", ("accuracy",))


def test_any_registered_metric_can_be_asked_for(monkeypatch):
    known = dict(modules._modules())
    monkeypatch.setattr(modules, "_modules", lambda: known)
    inputs = {
        "predictions": ("float64", "probability"),
        "references": ("int32", "0 or 1"),
        "subjects": ("string", "who"),
    }

    def gap(predictions, references, subjects):
        assert len(predictions) == len(references) == len(subjects)
        return {"gap": predictions[references == 1].mean() - predictions[references == 0].mean()}

    modules.register(
        MetricModule("gap", gap, inputs, {name: [0.0] for name in inputs}, "Mean gap", outputs={"gap": "it"})
    )
    names = ("gap", "f1_per_class.macro_recall", "operating_point.sensitivity", "conformal_coverage")
    assert BenchmarkTask("mine", "T1", "Test", "mine", "test", names).metrics == names
    found = binary()
    shown = estimates(names, found, Bootstrap(30))
    gaps = [run[found.truth == 1, 1].mean() - run[found.truth == 0, 1].mean() for run in found.runs]
    assert shown["gap"].value == pytest.approx(np.mean(gaps)) and shown["gap"].interval.subjects == 40
    recalls = [recall_score(found.truth, run.argmax(axis=1), average="macro") for run in found.runs]
    assert shown["f1_per_class.macro_recall"].value == pytest.approx(np.mean(recalls))
    recalls = [recall_score(found.truth, run[:, 1] >= 0.5) for run in found.runs]
    assert shown["operating_point.sensitivity"].value == pytest.approx(np.mean(recalls))
    assert shown["conformal_coverage"].value is None and "another metric" in shown["conformal_coverage"].problem
    assert lower_is_better("ece") and not lower_is_better("gap") and lower_is_better("mae")
    with pytest.raises(ConfigurationError, match="f1_per_class"):
        BenchmarkTask("mine", "T1", "Test", "mine", "test", ("f1_per_class.nothing",))
