from __future__ import annotations

import numpy as np
import pytest

from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.evaluation.probes import pool_scores


def test_windows_are_pooled_over_their_recording():
    scores = np.array([[0.2, 0.8], [0.4, 0.6], [0.9, 0.1]])
    units, pooled = pool_scores(scores, ["b", "b", "a"])
    assert units == ("a", "b") and pooled == pytest.approx(np.array([[0.9, 0.1], [0.3, 0.7]]))
    _, odds = pool_scores(scores, ["b", "b", "a"], "log_odds")
    product = (0.8 / 0.2 * 0.6 / 0.4) ** 0.5
    assert odds[1, 1] == pytest.approx(product / (1 + product))
    assert odds.sum(axis=1) == pytest.approx(1.0)
    assert np.isfinite(pool_scores(np.array([0.0, 1.0]), [1, 1], "log_odds")[1]).all()


def test_bad_input_is_named():
    with pytest.raises(ConfigurationError, match="log_odds"):
        pool_scores(np.ones(2), [1, 1], "median")
    with pytest.raises(ConfigurationError, match="outside"):
        pool_scores(np.array([1.5, 2.0]), [1, 1], "log_odds")
    with pytest.raises(DataError):
        pool_scores(np.ones(3), [1, 1])
