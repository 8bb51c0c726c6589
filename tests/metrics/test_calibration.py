from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.metrics import brier, debiased_ece, ece, reliability

from .cases import binary_cases, class_cases, generators


def ece_row_by_row(y, p, edges):
    """Each row is put into the bin (low, high] by hand; the first bin is closed on its left."""
    gaps, last = 0.0, len(edges) - 2
    members: dict[int, list[int]] = {}
    for row, value in enumerate(p):
        place = next((b for b in range(last) if value <= edges[b + 1]), last)
        members.setdefault(place, []).append(row)
    for rows in members.values():
        gaps += abs(sum(y[r] for r in rows) - sum(p[r] for r in rows))
    return gaps / len(p)


@pytest.mark.parametrize(("binning", "strategy"), [("equal_width", "uniform"), ("equal_mass", "quantile")])
def test_agrees_with_sklearn_and_with_bins_filled_by_hand(binning, strategy):
    for y, p in binary_cases():
        bins = 1 + len(y) % 15
        found = reliability(y, p, bins=bins, binning=binning)
        observed, predicted = calibration_curve(y, p, n_bins=bins, strategy=strategy)
        assert np.allclose(found.observed, observed) and np.allclose(found.predicted, predicted)
        assert found.count.sum() == len(y)
        edges = (
            np.linspace(0, 1, bins + 1) if binning == "equal_width" else np.percentile(p, np.linspace(0, 100, bins + 1))
        )
        assert ece(y, p, bins=bins, binning=binning) == pytest.approx(ece_row_by_row(y, p, edges))
        assert found.largest >= found.ece - 1e-12


def test_several_classes_compare_confidence_and_accuracy():
    for y, _, p in class_cases():
        right, confidence = (p.argmax(axis=1) == y).astype(int), p.max(axis=1)
        expected = ece_row_by_row(right, confidence, np.linspace(0, 1, 11))
        assert ece(y, p, binning="equal_width") == pytest.approx(expected)


def test_brier_agrees_with_sklearn():
    for y, p in binary_cases():
        assert brier(y, p) == pytest.approx(brier_score_loss(y, p))
    for y, _, p in class_cases():
        expected = sum(((p[i] - (np.arange(p.shape[1]) == y[i])) ** 2).sum() for i in range(len(y))) / len(y)
        assert brier(y, p) == pytest.approx(expected)


def test_the_order_of_tied_rows_does_not_matter():
    for rng in generators():
        y, p = rng.integers(0, 2, 40), rng.choice([0.1, 0.5, 0.9], 40)
        order = rng.permutation(40)
        assert ece(y, p) == pytest.approx(ece(y[order], p[order]))


def test_perfect_and_hopeless():
    assert ece([0, 1], [0.0, 1.0]) == 0 and ece([0, 1], [1.0, 0.0]) == 1
    assert ece([1, 1, 1], [0.7, 0.7, 0.7]) == pytest.approx(0.3)  # one class is fine: calibration needs no contrast


def test_the_debiased_error_is_near_zero_for_calibrated_samples_and_near_the_truth_for_others():
    plain, debiased, off = [], [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        who = np.repeat(np.arange(100), 2)
        p = rng.uniform(size=200)
        y = rng.uniform(size=200) < p
        plain.append(ece(y, p))
        debiased.append(debiased_ece(y, p, subjects=who))
        off.append(debiased_ece(rng.uniform(size=200) < 0.6 * p, p, subjects=who))
    assert np.mean(plain) > 0.06 and np.mean(debiased) < 0.5 * np.mean(plain) and min(debiased) == 0.0
    assert np.mean(off) == pytest.approx(0.2, abs=0.03)  # the mean of 0.4 p
    everything_by_one = debiased_ece([1] * 10, [0.2] * 10, subjects=["a"] * 10)
    assert everything_by_one == 0.0


def test_bad_input_is_refused():
    for figure in (ece, brier):
        with pytest.raises(DataError, match="NaN"):
            figure([0, 1], [0.5, np.nan])
        with pytest.raises(DataError, match="sigmoid or the softmax"):
            figure([0, 1], [0.5, 1.5])
        with pytest.raises(DataError, match="no rows"):
            figure([], [])
        with pytest.raises(DataError, match="numbers of rows"):
            figure([0, 1, 1], [0.5, 0.5])
        with pytest.raises(DataError, match=r"row 1 sums to 0\.9"):
            figure([0, 1], [[0.5, 0.5], [0.4, 0.5]])
        with pytest.raises(DataError, match="class numbers"):
            figure([0, 2], [[0.5, 0.5], [0.4, 0.6]])
    with pytest.raises(ConfigurationError, match="0 bins"):
        ece([0, 1], [0.5, 0.5], bins=0)
    with pytest.raises(ConfigurationError, match="unknown binning"):
        reliability([0, 1], [0.5, 0.5], binning="other")
