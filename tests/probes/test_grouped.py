"""Penalties by folds of people."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from hf_auscult.errors import DataError
from hf_auscult.metrics import auroc
from hf_auscult.probes.grouped import GroupedProbe, people_folds


def data(n=240, people=60, d=20, seed=0):
    rng = np.random.default_rng(seed)
    who = np.arange(n) % people
    y = rng.integers(2, size=people)[who]
    return 0.6 * y[:, None] * (np.arange(d) < 3) + rng.standard_normal((n, d)), y, who


def test_folds_keep_people_whole_and_spread_labels():
    _, y, who = data()
    fold = people_folds(who, y, 5)
    for person in np.unique(who):
        assert len(set(fold[who == person])) == 1
    shares = [y[fold == number].mean() for number in range(5)]
    assert max(shares) - min(shares) < 0.15
    order = np.random.default_rng(1).permutation(len(y))
    assert np.array_equal(people_folds(who[order], y[order], 5), fold[order])


def test_the_penalty_is_the_one_that_a_plain_loop_finds():
    x, y, who = data()
    probe = GroupedProbe().fit_grouped(x, y, who)
    fold = people_folds(who, y, 5)
    best, penalty = -1.0, None
    for c in sorted(probe.settings.penalties):
        values = []
        for number in range(5):
            train = fold != number
            scaler = StandardScaler().fit(x[train])
            model = LogisticRegression(C=c, class_weight="balanced", max_iter=10_000, tol=1e-10)
            model.fit(scaler.transform(x[train]), y[train])
            values.append(auroc(y[~train], model.predict_proba(scaler.transform(x[~train]))[:, 1]))
        if np.mean(values) > best + 1e-12:
            best, penalty = np.mean(values), c
    assert probe.penalty == penalty and probe.validation[penalty] == pytest.approx(best, abs=1e-6)


def test_rows_may_come_in_any_order():
    x, y, who = data()
    order = np.random.default_rng(2).permutation(len(y))
    first = GroupedProbe().fit_grouped(x, y, who).predict_proba(x)
    assert np.allclose(GroupedProbe().fit_grouped(x[order], y[order], who[order]).predict_proba(x), first, atol=1e-6)


def test_a_rare_class_takes_fewer_folds_or_none():
    x, y, who = data()
    y = np.where(np.isin(who, [0, 1, 2]), 1, 0)
    assert np.isfinite(GroupedProbe().fit_grouped(x, y, who).penalty)
    single = GroupedProbe().fit_grouped(x, np.where(who == 0, 1, 0), who)
    assert single.penalty == single.settings.few_label_penalty and single.validation == {}


def test_several_classes():
    x, _, who = data()
    y = who % 3
    assert GroupedProbe().fit_grouped(x, y, who).predict_proba(x).shape == (240, 3)


def test_refusals():
    x, y, who = data()
    with pytest.raises(DataError, match="only one class"):
        GroupedProbe().fit_grouped(x, np.zeros_like(y), who)
    with pytest.raises(DataError, match="people for"):
        people_folds(["a", "b"], [0, 1], 5)
