from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.metrics import selective_auroc

from .cases import binary_cases


def test_agrees_with_sklearn_on_the_kept_rows():
    compared = 0
    for y, p in binary_cases():
        n = len(y)
        sure = np.abs(p - 0.5)
        border = sorted(sure, reverse=True)[int(np.ceil(0.8 * n)) - 1]
        kept = sure >= border
        if len(set(y[kept])) < 2:
            with pytest.raises(DataError, match="most confident rows are all of class"):
                selective_auroc(y, p)
            continue
        compared += 1
        found = selective_auroc(y, p)
        assert found.auroc == pytest.approx(roc_auc_score(y[kept], p[kept]))
        assert found.auroc_all == pytest.approx(roc_auc_score(y, p))
        assert found.kept == kept.sum() and found.retained >= 0.8 - 1e-12 and found.kept_positives == y[kept].sum()
        order = np.random.default_rng(0).permutation(n)
        assert selective_auroc(y[order], p[order]) == found
    assert compared > 180


def test_own_confidence_and_logits():
    y, score = [0, 0, 1, 1, 1], [-3.0, 0.2, -0.1, 2.0, 3.0]
    assert selective_auroc(y, score, keep=0.6, centre=0).kept == 3
    found = selective_auroc(y, score, keep=0.6, confidence=[1, 5, 5, 5, 1])
    assert (found.kept, found.auroc) == (3, 0.5)


def test_bad_input_is_refused():
    with pytest.raises(DataError, match="every class"):
        selective_auroc([1, 1], [0.1, 0.2])
    with pytest.raises(DataError, match="NaN"):
        selective_auroc([0, 1], [0.1, np.nan])
    with pytest.raises(DataError, match="no rows"):
        selective_auroc([], [])
    with pytest.raises(DataError, match="numbers of rows"):
        selective_auroc([0, 1], [0.1, 0.2], confidence=[1.0])
    with pytest.raises(ConfigurationError, match="keep"):
        selective_auroc([0, 1], [0.1, 0.2], keep=0)
