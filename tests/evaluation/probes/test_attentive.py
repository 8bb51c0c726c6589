from __future__ import annotations

import numpy as np
import pytest

from hf_auscult.errors import DataError
from hf_auscult.evaluation.probes import ProbeSettings, fit_attentive, run_probe
from hf_auscult.metrics import auroc


def _marked(n=160, tokens=8, seed=0):
    """The class shows in one token per recording, marked by its second column; averaging dilutes it."""
    rng = np.random.default_rng(seed)
    y = np.tile([0, 1], n // 2)
    x = rng.standard_normal((n, tokens, 6))
    x[:, :, 0] *= 3
    where = rng.integers(0, tokens, n)
    x[np.arange(n), where, 0] = 3 * (2 * y - 1)
    x[np.arange(n), where, 1] += 8
    return x, y, where


def test_the_query_finds_the_token_that_matters():
    x, y, _ = _marked()
    held, y_held, where_held = _marked(seed=1)
    fit = fit_attentive(x, y[:, None], "sigmoid", 1.0)
    assert auroc(y_held, fit.predict(held)[:, 0]) > 0.95
    assert (fit.attention(held).argmax(axis=1) == where_held).mean() > 0.9
    assert np.array_equal(fit.query, fit_attentive(x, y[:, None], "sigmoid", 1.0).query)


def test_absent_tokens_do_not_exist():
    x, y, _ = _marked(tokens=4)
    longer = np.concatenate([x, np.full((160, 3, 6), np.nan)], axis=1)
    fit, same = (fit_attentive(tokens, y[:, None], "sigmoid", 0.1) for tokens in (x, longer))
    assert same.predict(longer) == pytest.approx(fit.predict(x), abs=1e-6)
    assert not same.attention(longer)[:, 4:].any()
    longer[3] = np.nan
    with pytest.raises(DataError, match="recording 3 has no token"):
        fit_attentive(longer, y[:, None], "sigmoid", 0.1)
    with pytest.raises(DataError, match="columns"):
        fit.predict(x[:, :, :2])
    with pytest.raises(DataError, match="shape"):
        fit_attentive(x[:, 0], y[:, None], "sigmoid", 0.1)


def test_it_is_an_option_of_the_default_protocol_and_beats_averaging_here():
    x, y, _ = _marked(n=300)
    split = np.repeat(["train", "test"], 150)
    settings = ProbeSettings(penalties=(0.01, 1.0), folds=3, pooling="attentive")
    outcome = run_probe(x, y, np.arange(300), split, settings)
    plain = run_probe(x.mean(axis=1), y, np.arange(300), split)
    truth = y[outcome.test_rows]
    assert auroc(truth, outcome.mean_scores) > 0.95 > auroc(truth, plain.mean_scores) + 0.1
    three = np.where(np.arange(300) % 5 == 0, 2, y)
    split = np.repeat(["train", "validation", "test"], 100)
    outcome = run_probe(x, three, np.arange(300), split, settings)
    assert outcome.mean_scores.sum(axis=1) == pytest.approx(1.0)
