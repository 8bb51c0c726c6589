from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.evaluation.probes import fit_ridge

PENALTIES = (1.0, 100.0, 1e4)


@pytest.mark.parametrize("columns", [5, 200])
def test_errors_and_fit_are_those_of_refitting_without_each_person(columns):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, columns)) * rng.uniform(0.5, 20, columns)
    y = x[:, 0] + rng.standard_normal(60) + 40
    who = rng.integers(0, 17, 60)
    fit = fit_ridge(x, y, who, PENALTIES)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    for penalty in PENALTIES:
        errors = []
        for person in np.unique(who):
            out = who == person
            errors.append(np.abs(Ridge(alpha=penalty).fit(z[~out], y[~out]).predict(z[out]) - y[out]).mean())
        assert fit.errors[penalty] == pytest.approx(np.mean(errors), rel=1e-8)
    assert fit.penalty == min(fit.errors, key=fit.errors.__getitem__)
    assert fit.predict(x) == pytest.approx(Ridge(alpha=fit.penalty).fit(z, y).predict(z), rel=1e-8)


def test_bad_input_is_named():
    x, y = np.eye(4), np.arange(4.0)
    with pytest.raises(ConfigurationError, match="above 0"):
        fit_ridge(x, y, list("abcd"), (0.0,))
    with pytest.raises(DataError, match="one person"):
        fit_ridge(x, y, list("aaaa"), (1.0,))
    with pytest.raises(DataError, match="columns"):
        fit_ridge(x, y, list("abcd"), (1.0,)).predict(np.eye(3))
