from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, precision_score, recall_score

from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.metrics import choose_threshold, operating_point

from .cases import binary_cases


def test_agrees_with_sklearn():
    for y, p in binary_cases():
        for threshold in (0.5, float(p[0])):  # the second is an exact tie
            point, decided = operating_point(y, p, threshold), (p >= threshold).astype(int)
            counts = (point.true_negative, point.false_positive, point.false_negative, point.true_positive)
            assert counts == tuple(confusion_matrix(y, decided, labels=[0, 1]).ravel())
            assert point.sensitivity == pytest.approx(recall_score(y, decided))
            assert point.specificity == pytest.approx(recall_score(y, decided, pos_label=0))
            assert point.accuracy == pytest.approx(accuracy_score(y, decided))
            if decided.any():
                assert point.positive_predictive_value == pytest.approx(precision_score(y, decided))
            if not decided.all():
                assert point.negative_predictive_value == pytest.approx(precision_score(y, decided, pos_label=0))


def test_the_chosen_threshold_is_the_best_one():
    for y, p in binary_cases():
        candidates = [operating_point(y, p, threshold) for threshold in [*np.unique(p), np.inf]]
        best = max(point.sensitivity + point.specificity for point in candidates)
        found = operating_point(y, p, choose_threshold(y, p))
        assert found.sensitivity + found.specificity == pytest.approx(best)
        wanted = operating_point(y, p, choose_threshold(y, p, sensitivity=0.9))
        reach = [point.specificity for point in candidates if point.sensitivity >= 0.9]
        assert wanted.sensitivity >= 0.9 and wanted.specificity == pytest.approx(max(reach))


def test_a_share_of_nothing_is_none():
    point = operating_point([0, 1], [0.1, 0.2], 0.9)
    assert point.positive_predictive_value is None and point.to_dict()["negative_predictive_value"] == 0.5


def test_bad_input_is_refused():
    with pytest.raises(DataError, match="every label is 1"):
        operating_point([1, 1], [0.1, 0.2], 0.5)
    with pytest.raises(DataError, match="NaN"):
        operating_point([0, 1], [np.nan, 0.2], 0.5)
    with pytest.raises(DataError, match="threshold: is NaN"):
        operating_point([0, 1], [0.1, 0.2], float("nan"))
    with pytest.raises(DataError):
        operating_point([], [], 0.5)
    with pytest.raises(DataError, match="numbers of rows"):
        operating_point([0, 1], [0.1], 0.5)
    with pytest.raises(ConfigurationError, match="share"):
        choose_threshold([0, 1], [0.1, 0.2], sensitivity=1.5)
