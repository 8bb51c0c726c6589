from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from hf_auscult.errors import DataError
from hf_auscult.metrics import auroc, person_interval, roc_band
from hf_auscult.metrics.resampling import People

from .cases import binary_cases


def test_each_draw_is_sklearns_curve_of_the_resampled_rows():
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(20), 3)
    y = (np.arange(20) % 3 == 0).astype(int)[who]
    score = np.round(y + rng.standard_normal(60), 1)
    band = roc_band(y, score, subjects=who, grid=21, draws=80, seed=2)
    weights = People.of(who).draw(np.random.default_rng(2), 80)
    curves = []
    for counts in weights:
        rows = np.repeat(np.arange(60), counts[who])
        if len(set(y[rows])) == 2:
            curves.append(np.interp(band.false_positive_rate, *roc_curve(y[rows], score[rows])[:2]))
    assert len(curves) == 80
    assert np.allclose(band.low, np.quantile(curves, 0.025, axis=0))
    assert np.allclose(band.high, np.quantile(curves, 0.975, axis=0))
    assert band.auroc == person_interval(auroc, y, score, subjects=who)


def test_curve_and_figure_agree_with_sklearn():
    for y, p in binary_cases():
        if min(y.sum(), (1 - y).sum()) < 3:
            continue
        band = roc_band(y, p, subjects=np.arange(len(y)), grid=11, draws=5)
        expected = roc_curve(y, p, drop_intermediate=False)
        assert np.array_equal(band.points.false_positive_rate, expected[0])
        assert np.array_equal(band.points.true_positive_rate, expected[1])
        assert band.auroc.value == pytest.approx(roc_auc_score(y, p)) == auroc(y, p)


def test_bad_input_is_refused():
    with pytest.raises(DataError, match="every class"):
        roc_band([1] * 5, [0.1] * 5, subjects=range(5))
    with pytest.raises(DataError, match="NaN"):
        roc_band([0, 1] * 3, [np.nan] * 6, subjects=range(6))
    with pytest.raises(DataError, match="3 people"):
        roc_band([0, 1, 1], [0.1, 0.2, 0.3], subjects=range(3))
    with pytest.raises(DataError, match="numbers of rows"):
        roc_band([0, 1, 1], [0.1, 0.2], subjects=range(3))
    with pytest.raises(DataError):
        roc_band([], [], subjects=[])
