from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from hf_auscult.errors import DataError
from hf_auscult.evaluation.probes import grouped_folds
from hf_auscult.evaluation.probes.convex import Rotation, class_weights, fit_logistic, held_out_losses, probabilities


def _correlated(n, d, classes, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    x = 0.3 * rng.standard_normal((n, d)) @ rng.standard_normal((d, d))
    x[:, 0] += y
    return x, y


@pytest.mark.parametrize(("n", "d", "classes"), [(300, 40, 2), (120, 300, 2), (300, 30, 4)])
@pytest.mark.parametrize("penalty", [1e-4, 1e-2, 1.0, 100.0])
@pytest.mark.parametrize("balanced", [True, False])
def test_the_minimiser_is_that_of_scikit_learn(n, d, classes, penalty, balanced):
    x, y = _correlated(n, d, classes)
    rotation = Rotation.of(x)
    z, table = rotation.project(x), np.eye(classes, dtype=int)[y]
    link = "sigmoid" if classes == 2 else "softmax"
    table = table[:, 1:] if classes == 2 else table
    ours = probabilities(z, fit_logistic(z, rotation.energy, table, link, penalty, balanced), link)
    weight = "balanced" if balanced else None
    reference = LogisticRegression(C=penalty, class_weight=weight, tol=1e-10, max_iter=5000, solver="newton-cholesky")
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    theirs = reference.fit(standard, y).predict_proba(standard)
    assert ours == pytest.approx(theirs[:, 1:] if classes == 2 else theirs, abs=5e-4)


def test_labels_are_independent_regressions():
    x, y = _correlated(200, 10, 2)
    other = (np.arange(200) % 3 == 0).astype(int)
    rotation = Rotation.of(x)
    z = rotation.project(x)
    both = probabilities(z, fit_logistic(z, rotation.energy, np.stack([y, other], 1), "sigmoid", 0.1, True), "sigmoid")
    for column, labels in enumerate((y, other)):
        alone = fit_logistic(z, rotation.energy, labels[:, None], "sigmoid", 0.1, True)
        assert both[:, column] == pytest.approx(probabilities(z, alone, "sigmoid")[:, 0], abs=1e-4)


def test_balanced_weights_give_every_class_the_same():
    table = np.eye(3, dtype=int)[[0] * 6 + [1] * 3 + [2]]
    weights = class_weights(table, "softmax", True)
    assert (weights * table).sum(axis=0) == pytest.approx([10 / 3] * 3)
    assert (class_weights(table, "sigmoid", True) * table).sum(axis=0) == pytest.approx([5, 5, 5])
    assert np.array_equal(class_weights(table, "softmax", False), np.ones((10, 3)))


def test_held_out_losses_are_those_of_separate_fits():
    x, y = _correlated(90, 6, 2)
    table, who = y[:, None], np.arange(90) // 3
    rotation = Rotation.of(x)
    z = rotation.project(x)
    folds = grouped_folds(who, table, 3)
    losses = held_out_losses(z, rotation.energy, table, "sigmoid", (1.0, 0.01), False, folds)
    for penalty, loss in losses.items():
        expected = 0.0
        for fold in folds:
            fitted = LogisticRegression(C=penalty, tol=1e-10, max_iter=5000).fit(z[fold.train], y[fold.train])
            p = fitted.predict_proba(z[fold.test])
            expected -= np.log(p[np.arange(len(fold.test)), y[fold.test]]).sum()
        assert loss == pytest.approx(expected, rel=1e-4)


def test_constant_columns_are_dropped_and_other_widths_refused():
    x, _ = _correlated(50, 5, 2)
    rotation = Rotation.of(np.concatenate([x, np.full((50, 1), 3.3)], axis=1))
    assert rotation.project(np.ones((2, 6))).shape == (2, 5)
    with pytest.raises(DataError, match="columns"):
        rotation.project(x)
