from __future__ import annotations

import numpy as np
import pytest

from hf_auscult.errors import ConfigurationError, DataError, LeakageError
from hf_auscult.evaluation.probe_evaluation import EvaluationSettings, evaluate_probe
from hf_auscult.evaluation.probes import ProbeSettings, label_fraction_folds, run_probe
from hf_auscult.evaluation.probes.folds import fold_of_split
from hf_auscult.evaluation.probes.label_fraction import draw_people


def _cohort(people: int = 120, per_person: int = 3, positive_every: int = 4, seed: int = 0):
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(people), per_person)
    y = (np.arange(people) % positive_every == 0).astype(int)[who]
    x = rng.standard_normal((len(who), 6)) + y[:, None]
    split = np.array(["train", "train", "train", "validation", "test"])[who // 4 % 5]
    return x, y, who, split


def _few(x, y, who, split, fraction=0.1, draws=8, seed=0):
    """Folds and test scores of every draw."""
    folds = label_fraction_folds(
        np.eye(2, dtype=int)[y], who, fold_of_split(split, len(y)), fraction, draws=draws, seed=seed
    )
    settings = EvaluationSettings(fractions=(fraction,), label_draws=draws, bootstrap_draws=20, seed=seed)
    return folds, evaluate_probe(x, y, who, split, settings).test_runs[fraction]


def test_draws_are_stratified_by_people_and_reproducible():
    x, y, who, split = _cohort()
    folds, scores = _few(x, y, who, split, fraction=0.25, draws=4)
    train_people = len(np.unique(who[split == "train"]))
    assert scores.shape == (4, (split == "test").sum(), 2)
    positive_people = len(np.unique(who[(split == "train") & (y == 1)]))
    expected = round(0.25 * positive_people) + round(0.25 * (train_people - positive_people))
    assert [len(np.unique(who[fold.train])) for fold in folds] == [expected] * 4
    assert [len(fold.train) for fold in folds] == [expected * 3] * 4
    _, again = _few(x, y, who, split, fraction=0.25, draws=6)
    assert np.array_equal(again[:4], scores)
    assert not np.array_equal(scores[0], scores[1])
    _, other = _few(x, y, who, split, fraction=0.25, draws=4, seed=1)
    assert not np.array_equal(other, scores)


def test_whole_fraction_is_the_probe_with_the_fixed_penalty():
    x, y, who, split = _cohort()
    fold = fold_of_split(split, len(y))
    (whole,) = label_fraction_folds(np.eye(2, dtype=int)[y], who, fold, 1.0, draws=1)
    assert np.array_equal(whole.train, fold.train)
    fixed = run_probe(x, y, who, split, ProbeSettings(penalties=(0.01,)))
    assert np.array_equal(fixed.scores, run_probe(x, y, who, [whole], ProbeSettings(penalties=(0.01,))).scores)


def test_validation_and_test_labels_are_never_read():
    x, y, who, split = _cohort()
    _, scores = _few(x, y, who, split, fraction=0.2, draws=3)
    _, hidden = _few(x, np.where(split == "train", y, 1 - y), who, split, fraction=0.2, draws=3)
    assert np.array_equal(hidden, scores)


def test_every_class_keeps_two_people_where_two_exist():
    rng = np.random.default_rng(0)
    carries = np.zeros((50, 3), dtype=bool)
    carries[:, 0] = True  # everybody has normal recordings
    carries[:10, 1] = True
    carries[[3, 20, 30], 2] = True
    recordings = np.array([200, 20, 5])
    drawn = np.stack([draw_people(carries, recordings, 0.05, rng) for _ in range(50)])
    for sample in drawn:
        assert carries[sample].sum(axis=0)[0] >= 2
        assert carries[sample].sum(axis=0)[1] >= 2
        assert carries[sample].sum(axis=0)[2] >= 2
    assert drawn.any(axis=0)[:10].all()  # no carrier of the middle class is always left out
    # Strata go by the rarest class a person carries: 3, 9 and 38 people, half of each.
    half = draw_people(carries, recordings, 0.5, rng)
    rarest = np.where(carries[:, 2], 2, np.where(carries[:, 1], 1, 0))
    assert np.bincount(rarest[half]).tolist() == [19, 4, 2]
    lone = carries.copy()
    lone[[20, 30], 2] = False
    assert draw_people(lone, recordings, 0.05, rng)[3]


def test_people_with_both_labels_belong_to_the_rarer_one():
    who = np.repeat(np.arange(14), 3)
    y = ((who < 5) & (np.arange(42) % 3 == 0)).astype(int)  # 5 people with one positive recording each, 5 without
    split = np.where(who < 10, "train", np.where(who < 12, "validation", "test"))
    folds = label_fraction_folds(np.eye(2, dtype=int)[y], who, fold_of_split(split, 42), 0.5, draws=5)
    # round(2.5) + round(2.5); one stratum of all ten would give 5
    assert [len(np.unique(who[fold.train])) for fold in folds] == [4] * 5


def test_bad_input_is_named():
    x, y, who, split = _cohort()
    with pytest.raises(ConfigurationError, match="fraction"):
        _few(x, y, who, split, fraction=0.0)
    with pytest.raises(ConfigurationError, match="draws"):
        _few(x, y, who, split, draws=0)
    with pytest.raises(LeakageError, match="two splits"):
        _few(x, y, who // 8, split)
    with pytest.raises(DataError, match="never occur in train"):
        _few(x, np.where(split == "train", 0, y), who, split)
