"""Scores of decisions against scikit-learn, and of draws against draws taken one by one."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from hf_auscult.metrics import DecisionScore, person_interval
from hf_auscult.metrics.decisions import one_hot
from hf_auscult.metrics.resampling import People

REFERENCE = {"f1": f1_score, "precision": precision_score, "recall": recall_score}


@pytest.mark.parametrize("average", ["macro", "micro", "positive"])
@pytest.mark.parametrize("score", list(REFERENCE))
def test_equals_scikit_learn_on_random_cases(score, average):
    rng = np.random.default_rng(0)
    for _ in range(100):
        classes = 2 if average == "positive" else int(rng.integers(2, 6))
        truth, decided = rng.integers(classes, size=(2, int(rng.integers(2, 60))))
        named = tuple(range(classes))
        found = DecisionScore(score, average, named)(one_hot(truth, classes), one_hot(decided, classes)[:, None])
        options = {"average": "binary"} if average == "positive" else {"average": average}
        assert found == pytest.approx(REFERENCE[score](truth, decided, zero_division=0, **options), abs=1e-12)


def test_several_labels_equal_scikit_learn():
    rng = np.random.default_rng(1)
    truth, decided = rng.integers(2, size=(2, 80, 5))
    found = DecisionScore("f1", "macro", tuple(range(5)))(truth, decided[:, None])
    assert found == pytest.approx(f1_score(truth, decided, average="macro", zero_division=0))


def test_a_label_that_nobody_carries_counts_as_scikit_learn_counts_it():
    truth, decided = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0]]), np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0]])
    for average in ("macro", "micro"):
        found = DecisionScore("f1", average, (0, 1, 2), every_class=True)(truth, decided[:, None])
        assert found == pytest.approx(f1_score(truth, decided, average=average, zero_division=0))


def test_runs_are_averaged():
    rng = np.random.default_rng(2)
    truth = one_hot(rng.integers(3, size=50), 3)
    runs = np.stack([one_hot(rng.integers(3, size=50), 3) for _ in range(4)], axis=1)
    score = DecisionScore("f1", "macro", (0, 1, 2))
    assert score(truth, runs) == pytest.approx(np.mean([score(truth, runs[:, run : run + 1]) for run in range(4)]))


def test_all_draws_at_once_equal_draws_one_by_one():
    rng = np.random.default_rng(3)
    subjects = rng.integers(12, size=60)
    truth = one_hot(rng.integers(3, size=60), 3)
    decided = one_hot(rng.integers(3, size=60), 3)[:, None]
    score = DecisionScore("recall", "macro", (0, 1, 2))
    people = People.of(subjects)
    weights = people.draw(np.random.default_rng(4), 50)
    together = score.draws(truth, decided, weights, people.owner)
    for value, counts in zip(together, weights, strict=True):
        rows = np.repeat(np.arange(60), counts[people.owner])
        assert value == pytest.approx(score(truth[rows], decided[rows]))
    # the bootstrap uses the joint form, and gives what the plain function gives
    joint = person_interval(score, truth, decided, subjects=subjects, draws=200, family="bootstrap")
    plain = person_interval(lambda a, b: score(a, b), truth, decided, subjects=subjects, draws=200)
    assert (joint.low, joint.high) == pytest.approx((plain.low, plain.high), abs=0.02)


def test_the_recall_of_one_class_is_a_share():
    truth, decided = one_hot(np.repeat([0, 1], 10), 2), one_hot(np.array([0] * 10 + [1] * 8 + [0] * 2), 2)
    found = person_interval(DecisionScore("recall", "positive", (0, 1)), truth, decided[:, None], subjects=range(20))
    assert (found.value, found.low, found.high) == pytest.approx((0.8, 0.444, 0.975), abs=1e-3)
