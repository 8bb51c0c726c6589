from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, mean_absolute_percentage_error

from hf_auscult.errors import DataError
from hf_auscult.metrics import mae, mape, regression_scores

from .cases import generators


def test_agrees_with_sklearn_and_a_loop_over_people():
    for rng in generators():
        n = int(rng.integers(3, 60))
        who = rng.integers(0, max(2, n // 2), n)
        who[:2] = 0, 1
        y = np.round(rng.uniform(1, 5, n), 1)
        y[:2] = 1.0, 4.9
        predicted = y + rng.standard_normal(n)
        assert mae(y, predicted) == pytest.approx(mean_absolute_error(y, predicted))
        assert mape(y, predicted) == pytest.approx(mean_absolute_percentage_error(y, predicted))
        others = np.array([y[who != person].mean() for person in who])
        found = regression_scores(y, predicted, subjects=who)
        assert found.mean_mae == pytest.approx(mean_absolute_error(y, others))
        assert found.mean_mape == pytest.approx(mean_absolute_percentage_error(y, others))
        assert found.skill == pytest.approx(1 - found.mae / found.mean_mae)
        trained = regression_scores(y, predicted, mean=2.5)
        assert trained.mean_mae == pytest.approx(mean_absolute_error(y, np.full(n, 2.5)))
        assert regression_scores(y, predicted, mean=others) == regression_scores(y, predicted, mean=list(others))


def test_a_target_of_zero_has_an_mae_but_no_mape():
    found = regression_scores([0.0, 1.0, 2.0], [0.5, 1.0, 2.0])
    assert found.mape is None and found.mean_mape is None and found.mae == pytest.approx(1 / 6)
    with pytest.raises(DataError, match="row 0 is 0"):
        mape([0.0, 1.0], [0.0, 1.0])


def test_bad_input_is_refused():
    with pytest.raises(DataError, match="predictions: holds NaN"):
        mae([1.0, 2.0], [1.0, np.nan])
    with pytest.raises(DataError, match="no rows"):
        mae([], [])
    with pytest.raises(DataError, match="numbers of rows"):
        regression_scores([1.0, 2.0], [1.0])
    with pytest.raises(DataError, match="numbers of rows"):
        regression_scores([1.0, 2.0], [1.0, 2.0], mean=[1.0, 2.0, 3.0])
    with pytest.raises(DataError, match="one person only"):
        regression_scores([1.0, 2.0], [1.0, 2.0], subjects=["a", "a"])
    with pytest.raises(DataError, match="never change"):
        regression_scores([2.0, 2.0], [1.0, 2.0])
