from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, logit
from sklearn.linear_model import LogisticRegression

from hf_auscult.errors import DataError
from hf_auscult.metrics import auroc, brier, calibration_line, ece, platt_scaling, temperature_scaling

from .cases import binary_cases, generators


def test_the_line_agrees_with_sklearn_and_scipy():
    compared = 0
    for y, p in binary_cases():
        x = logit(np.clip(p, 1e-6, 1 - 1e-6))
        overlap = x[y == 1].min() < x[y == 0].max() and x[y == 0].min() < x[y == 1].max()
        if not overlap:
            with pytest.raises(DataError, match=r"separate the classes perfectly|all the same"):
                calibration_line(y, p)
            continue
        compared += 1
        found = calibration_line(y, p)
        model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(x[:, None], y)
        assert found.slope == pytest.approx(model.coef_[0, 0], abs=2e-4)
        assert found.intercept == pytest.approx(model.intercept_[0], abs=2e-4)
        fixed = minimize(lambda a, x=x, y=y: (np.logaddexp(0, x + a[0]) - y * (x + a[0])).sum(), [0.0], tol=1e-10)
        assert found.in_the_large == pytest.approx(fixed.x[0], abs=1e-4)
    assert compared > 150


def test_over_confidence_has_a_slope_below_one():
    rng = np.random.default_rng(0)
    x = rng.standard_normal(5000)
    y = rng.uniform(size=5000) < expit(x)
    assert calibration_line(y, expit(2 * x)).slope == pytest.approx(0.5, abs=0.03)
    assert calibration_line(y, expit(x - 1)).in_the_large == pytest.approx(1, abs=0.1)
    edge = calibration_line(y, np.where(np.arange(5000) < 3, 1.0, expit(x)))
    assert edge.clipped == 3


def test_the_temperature_is_the_best_on_a_fine_grid():
    grid = np.exp(np.linspace(-3, 3, 1201))
    for seed, rng in enumerate(generators()):
        n = int(rng.integers(60, 200))
        true, factor = rng.standard_normal((n, 3)), rng.uniform(0.5, 3)
        y = (true + rng.gumbel(size=(n, 3))).argmax(axis=1)  # drawn from softmax(true)
        if seed % 2:
            z, labels = factor * (true[:, 1] - true[:, 0]), (y == 1).astype(int)
            losses = [np.logaddexp(0, np.where(labels == 1, -z, z) / t).mean() for t in grid]
        else:
            z, labels = factor * true, y
            losses = [-log_softmax(z / t, axis=1)[np.arange(n), y].mean() for t in grid]
        found = temperature_scaling(labels, z)
        assert found.after <= min(losses) + 1e-9 and found.after <= found.before
        assert np.log(found.value) == pytest.approx(np.log(grid[int(np.argmin(losses))]), abs=0.01)


def test_scaling_keeps_the_ranking_and_gives_probabilities():
    rng = np.random.default_rng(0)
    z = 4 * rng.standard_normal(300)
    y = (rng.uniform(size=300) < expit(z / 4)).astype(int)
    found = temperature_scaling(y, z)
    assert np.allclose(found.apply(z), expit(z / found.value)) and auroc(y, found.apply(z)) == auroc(y, z)
    table = found.apply(rng.standard_normal((5, 4)))
    assert np.allclose(table.sum(axis=1), 1)


def test_bad_input_is_refused():
    with pytest.raises(DataError, match="every label is 0"):
        calibration_line([0, 0], [0.1, 0.2])
    with pytest.raises(DataError, match="all the same"):
        calibration_line([0, 1], [0.4, 0.4])
    with pytest.raises(DataError, match="separate the classes perfectly"):
        calibration_line([0, 0, 1], [0.1, 0.2, 0.9])
    with pytest.raises(DataError, match="NaN"):
        calibration_line([0, 1], [np.nan, 0.4])
    with pytest.raises(DataError, match="no rows"):
        temperature_scaling([], [])
    with pytest.raises(DataError, match="numbers of rows"):
        temperature_scaling([0, 1], [0.1])
    with pytest.raises(DataError, match="right for practically every row"):
        temperature_scaling([0, 1], [-1.0, 1.0])
    with pytest.raises(DataError, match="no use for practically every row"):
        temperature_scaling([0, 1], [1.0, -1.0])


def test_platt_scaling_undoes_class_weights():
    """A class-weighted fit at a prevalence of .1 is off by far; validation people mend slope and base rate."""
    rng = np.random.default_rng(1)
    y = (rng.uniform(size=6_000) < 0.1).astype(int)
    x = y[:, None] + rng.standard_normal((6_000, 3))
    weighted = LogisticRegression(class_weight="balanced").fit(x[:2_000], y[:2_000]).predict_proba(x)[:, 1]
    fitted = platt_scaling(y[2_000:4_000], weighted[2_000:4_000])
    test = slice(4_000, 6_000)
    assert ece(y[test], weighted[test]) > 0.15
    assert ece(y[test], fitted.apply(weighted[test])) < 0.03
    assert brier(y[test], fitted.apply(weighted[test])) < brier(y[test], weighted[test])


def test_platt_scaling_is_the_logistic_regression_of_smoothed_labels():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 60)
    p = np.clip(0.5 + 0.2 * (y - 0.5) + 0.15 * rng.standard_normal(60), 0.01, 0.99)
    fitted = platt_scaling(y, p)
    positive, negative = int(y.sum()), int((1 - y).sum())
    target = np.where(y == 1, (positive + 1) / (positive + 2), 1 / (negative + 2))
    x = np.log(p / (1 - p))
    twice = LogisticRegression(C=np.inf, tol=1e-12).fit(
        np.tile(x, 2)[:, None], np.repeat([1, 0], 60), sample_weight=np.concatenate([target, 1 - target])
    )
    assert fitted.slope == pytest.approx(twice.coef_[0, 0], abs=1e-3)
    assert fitted.intercept == pytest.approx(twice.intercept_[0], abs=1e-3)


def test_platt_scaling_stays_finite_and_never_turns_a_ranking_round():
    apart = platt_scaling([0, 0, 1, 1], [0.0, 0.1, 0.9, 1.0])
    assert np.isfinite([apart.slope, apart.intercept]).all() and apart.slope > 0
    backwards = platt_scaling([0, 0, 0, 1], [0.9, 0.8, 0.7, 0.1])
    assert backwards.slope == 0 and backwards.apply([0.2, 0.8]).tolist() == pytest.approx([4 / 15] * 2, abs=0.05)
    with pytest.raises(DataError, match="nothing can be calibrated"):
        platt_scaling([1, 1], [0.2, 0.4])
