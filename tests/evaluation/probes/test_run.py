from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from hf_auscult.errors import ConfigurationError, DataError, LeakageError
from hf_auscult.evaluation.probes import OPERA_TASKS, Fold, ProbeSettings, Target, leave_one_subject_out, run_probe
from hf_auscult.metrics import auroc


def _cohort(people=120, each=2, classes=2, seed=0):
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(people), each)
    y = (np.arange(people) % classes)[who]
    x = rng.standard_normal((len(who), 12)) + 1.2 * np.eye(12)[y]
    split = np.array(["train", "train", "validation", "test"])[who // classes % 4]
    return x, y, who, split


def test_scores_are_those_of_scikit_learn_at_the_chosen_penalty():
    x, y, who, split = _cohort()
    for without_validation in (False, True):
        names = np.where((split == "validation") & without_validation, "train", split)
        outcome = run_probe(x, y, who, names)
        train, test = x[names == "train"], x[names == "test"]
        mean, scale = train.mean(axis=0), train.std(axis=0)
        model = LogisticRegression(C=outcome.penalties[0], class_weight="balanced", tol=1e-10, max_iter=5000)
        expected = model.fit((train - mean) / scale, y[names == "train"]).predict_proba((test - mean) / scale)
        assert outcome.scores[0] == pytest.approx(expected, abs=5e-4)
        assert outcome.classes == (0, 1) and outcome.seconds > 0 and outcome.best_epochs == ()
        assert np.array_equal(outcome.test_rows, np.flatnonzero(names == "test"))


def test_row_order_does_not_matter():
    x, y, who, split = _cohort(classes=3)
    names = np.where(split == "validation", "train", split)
    order = np.random.default_rng(1).permutation(len(y))
    first, second = run_probe(x, y, who, names), run_probe(x[order], y[order], who[order], names[order])
    assert first.penalties == second.penalties
    back = np.argsort(order[second.test_rows])
    assert first.mean_scores == pytest.approx(second.mean_scores[back], abs=2e-4)


def test_labels_at_once_and_their_names():
    x, y, who, split = _cohort(classes=3)
    table = np.stack([y == 0, y != 1], axis=1).astype(int)
    outcome = run_probe(x, Target.of(table, "multilabel", classes=("crackle", "wheeze")), who, split)
    assert outcome.classes == ("crackle", "wheeze")
    for column in range(2):
        assert auroc(table[outcome.test_rows, column], outcome.mean_scores[:, column]) > 0.7
    assert not np.allclose(outcome.mean_scores.sum(axis=1), 1)


def test_values_with_people_left_out():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 100))
    y = 5 + x[:, :3].sum(axis=1)
    who = np.arange(60) // 2
    outcome = run_probe(x, Target.of(y, "regression"), who, leave_one_subject_out(who))
    assert len(outcome.penalties) == 30 and outcome.scores.shape == (1, 60, 1)
    error = np.abs(outcome.mean_scores[:, 0] - y[outcome.test_rows]).mean()
    assert error < np.abs(y - y.mean()).mean()
    moved = y.copy()
    moved[:2] += 100  # the tested person's own value does not reach their prediction
    again = run_probe(x, Target.of(moved, "regression"), who, leave_one_subject_out(who)[:1])
    assert np.array_equal(again.scores[0], outcome.scores[0, :2])


def test_a_shared_person_is_refused_or_counted():
    x, y, who, split = _cohort()
    leaking = np.where(who == who[-1], who[0], who)
    with pytest.raises(LeakageError, match="two splits"):
        run_probe(x, y, leaking, split)
    assert run_probe(x, y, leaking, split, allow_shared_subjects=True).shared_subjects == 1
    assert run_probe(x, y, who, split).shared_subjects == 0
    outcome = run_probe(x, y, leaking, split, OPERA_TASKS["icbhidisease"], allow_shared_subjects=True)
    assert outcome.shared_subjects == 1 and outcome.scores.shape[0] == 5


def test_named_classes_and_the_positive_one():
    x, y, who, split = _cohort()
    words = np.where(y == 1, "Abnormal", "Normal")
    named = run_probe(x, Target.of(words, positive="Abnormal"), who, split)
    assert named.classes == ("Normal", "Abnormal")
    assert np.array_equal(named.scores, run_probe(x, y, who, split).scores)
    with pytest.raises(DataError, match="positive"):
        run_probe(x, words, who, split)


def test_bad_input_is_named():
    x, y, who, split = _cohort()
    with pytest.raises(DataError, match="never occur in train"):
        run_probe(x, np.where(split == "test", 2, y), who, split)
    with pytest.raises(DataError, match="every training row"):
        run_probe(x, Target.of(np.ones((len(y), 1)), "multilabel"), who, split)
    with pytest.raises(DataError, match="0 and 1"):
        Target.of(np.full((len(y), 1), 2), "multilabel")
    with pytest.raises(DataError, match="names for"):
        Target.of(np.eye(2)[y], "multilabel", classes=("a",))
    with pytest.raises(DataError, match="unknown name"):
        run_probe(x, y, who, np.where(split == "validation", "val", split))
    with pytest.raises(DataError, match="no row is test"):
        run_probe(x, y, who, np.where(split == "test", "train", split))
    with pytest.raises(DataError, match="entries for"):
        run_probe(x, y, who, split[1:])
    with pytest.raises(DataError, match="people for"):
        run_probe(x, y, who[1:], split)
    with pytest.raises(DataError, match="targets"):
        run_probe(x[1:], y, who, split)
    with pytest.raises(DataError, match="tested twice"):
        run_probe(x, y, who, [Fold(np.arange(40), np.arange(40, 50)), Fold(np.arange(40), np.arange(48, 60))])
    with pytest.raises(DataError, match="two sides"):
        run_probe(x, y, who, [Fold(np.arange(40), np.arange(30, 50))])
    with pytest.raises(DataError, match="no rows on one side"):
        run_probe(x, y, who, [Fold(np.arange(40), np.arange(0))])
    with pytest.raises(DataError, match="shape"):
        run_probe(x, y, who, split, ProbeSettings(pooling="attentive"))
    wrong = ({"penalties": ()}, {"ridge_penalties": (0.0,)}, {"class_weight": "x"}, {"folds": 1}, {"pooling": "max"})
    for settings in wrong:
        with pytest.raises(ConfigurationError):
            ProbeSettings(**settings)
