from __future__ import annotations

import numpy as np
import pytest

from hf_auscult.errors import ConfigurationError, DataError, LeakageError
from hf_auscult.evaluation.probes import LogisticProbe, probe_with_label_fraction
from hf_auscult.evaluation.probes.fraction import _draw_people


def _cohort(people: int = 120, per_person: int = 3, positive_every: int = 4, seed: int = 0):
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(people), per_person)
    y = (np.arange(people) % positive_every == 0).astype(int)[who]
    x = rng.standard_normal((len(who), 6)) + y[:, None]
    split = np.array(["train", "train", "train", "validation", "test"])[who // 4 % 5]
    return x, y, who, split


def test_draws_are_stratified_by_people_and_reproducible():
    x, y, who, split = _cohort()
    few = probe_with_label_fraction(x, y, who, split, fraction=0.25, draws=4)
    train_people = len(np.unique(who[split == "train"]))
    assert few.scores.shape == (4, (split == "test").sum(), 2)
    assert np.array_equal(few.test_rows, np.flatnonzero(split == "test"))
    positive_people = len(np.unique(who[(split == "train") & (y == 1)]))
    expected = round(0.25 * positive_people) + round(0.25 * (train_people - positive_people))
    assert few.people == (expected,) * 4 and few.recordings == (expected * 3,) * 4
    again = probe_with_label_fraction(x, y, who, split, fraction=0.25, draws=6)
    assert np.array_equal(again.scores[:4], few.scores)
    assert not np.array_equal(few.scores[0], few.scores[1])
    other = probe_with_label_fraction(x, y, who, split, fraction=0.25, draws=4, seed=1)
    assert not np.array_equal(other.scores, few.scores)


def test_whole_fraction_is_the_fixed_probe():
    x, y, who, split = _cohort()
    few = probe_with_label_fraction(x, y, who, split, fraction=1.0, draws=2)
    train, test = split == "train", split == "test"
    expected = LogisticProbe().fit_fixed(x[train], y[train], 0.01).predict_proba(x[test])
    assert np.array_equal(few.scores[0], expected) and np.array_equal(few.scores[1], expected)


def test_validation_and_test_labels_are_never_read():
    x, y, who, split = _cohort()
    few = probe_with_label_fraction(x, y, who, split, fraction=0.2, draws=3)
    hidden = np.where(split == "train", y, 1 - y)
    assert np.array_equal(probe_with_label_fraction(x, hidden, who, split, fraction=0.2, draws=3).scores, few.scores)


def test_every_class_keeps_two_people_where_two_exist():
    rng = np.random.default_rng(0)
    carries = np.zeros((50, 3), dtype=bool)
    carries[:, 0] = True  # everybody has normal recordings
    carries[:10, 1] = True
    carries[[3, 20, 30], 2] = True
    recordings = np.array([200, 20, 5])
    drawn = np.stack([_draw_people(carries, recordings, 0.05, rng) for _ in range(50)])
    for sample in drawn:
        assert carries[sample].sum(axis=0)[0] >= 2
        assert carries[sample].sum(axis=0)[1] >= 2
        assert carries[sample].sum(axis=0)[2] >= 2
    assert drawn.any(axis=0)[:10].all()  # no carrier of the middle class is always left out
    # Strata go by the rarest class a person carries: 3, 9 and 38 people, half of each.
    half = _draw_people(carries, recordings, 0.5, rng)
    rarest = np.where(carries[:, 2], 2, np.where(carries[:, 1], 1, 0))
    assert np.bincount(rarest[half]).tolist() == [19, 4, 2]
    lone = carries.copy()
    lone[[20, 30], 2] = False
    assert _draw_people(lone, recordings, 0.05, rng)[3]


def test_people_with_both_labels_belong_to_the_rarer_one():
    who = np.repeat(np.arange(14), 3)
    y = ((who < 5) & (np.arange(42) % 3 == 0)).astype(int)  # 5 people with one positive recording each, 5 without
    split = np.where(who < 10, "train", np.where(who < 12, "validation", "test"))
    x = np.random.default_rng(0).standard_normal((42, 4))
    few = probe_with_label_fraction(x, y, who, split, fraction=0.5, draws=5)
    assert few.people == (4,) * 5  # round(2.5) + round(2.5); one stratum of all ten would give 5


def test_bad_input_is_named():
    x, y, who, split = _cohort()
    with pytest.raises(ConfigurationError, match="fraction"):
        probe_with_label_fraction(x, y, who, split, fraction=0.0)
    with pytest.raises(ConfigurationError, match="draws"):
        probe_with_label_fraction(x, y, who, split, draws=0)
    with pytest.raises(LeakageError, match="two splits"):
        probe_with_label_fraction(x, y, who // 8, split)
    with pytest.raises(DataError, match="only one class in train"):
        probe_with_label_fraction(x, np.where(split == "train", 0, y), who, split)
