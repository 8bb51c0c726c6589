from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from hf_auscult.errors import DataError
from hf_auscult.metrics import auroc, auroc_over_runs, roc_points, weighted_auroc


def _tied_scores(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    y[:2] = 0, 1
    return y, np.round(rng.standard_normal(n) + 0.5 * y, 1)


@settings(max_examples=50, deadline=None)
@given(n=st.integers(3, 80), seed=st.integers(0, 10_000))
def test_agrees_with_sklearn_with_many_ties(n, seed):
    y, score = _tied_scores(n, seed)
    assert auroc(y, score) == pytest.approx(roc_auc_score(y, score), abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(3, 60), seed=st.integers(0, 10_000))
def test_symmetries(n, seed):
    y, score = _tied_scores(n, seed)
    value = auroc(y, score)
    shuffle = np.random.default_rng(seed).permutation(n)
    assert auroc(y[shuffle], score[shuffle]) == value
    assert auroc(y, np.exp(score)) == value
    assert auroc(1 - y, score) == pytest.approx(1 - value)
    assert auroc(1 - y, -score) == pytest.approx(value)


def test_constant_score_is_one_half_exactly():
    assert auroc([0, 1, 1, 0, 1], [3.0] * 5) == 0.5


@settings(max_examples=30, deadline=None)
@given(n=st.integers(3, 40), seed=st.integers(0, 10_000))
def test_whole_number_weights_are_repeated_rows(n, seed):
    y, score = _tied_scores(n, seed)
    weights = np.random.default_rng(seed).integers(0, 4, (6, n))
    fast = weighted_auroc(y, score, weights)
    for value, counts in zip(fast, weights, strict=True):
        rows = np.repeat(np.arange(n), counts)
        if len(np.unique(y[rows])) < 2:
            assert np.isnan(value)
        else:
            assert value == pytest.approx(roc_auc_score(y[rows], score[rows]), abs=1e-12)


def test_weights_of_people_reach_their_rows_across_blocks(monkeypatch):
    import hf_auscult.metrics.ranking as module

    rng = np.random.default_rng(0)
    y, score = _tied_scores(200, 1)
    owner, weights = rng.integers(0, 30, 200), rng.integers(0, 3, (50, 30))
    whole = weighted_auroc(y, score, weights[:, owner])
    monkeypatch.setattr(module, "_CELLS", 1_000)
    assert np.array_equal(weighted_auroc(y, score, weights, owner), whole)


def test_several_classes_are_the_macro_one_versus_rest_mean():
    rng = np.random.default_rng(3)
    y = rng.integers(0, 4, 300)
    logits = rng.standard_normal((300, 4)) + np.eye(4)[y]
    probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = roc_auc_score(y, probability, multi_class="ovr", average="macro")
    assert auroc(y, probability) == pytest.approx(expected, abs=1e-12)
    assert auroc(np.eye(4, dtype=int)[y], probability) == pytest.approx(expected, abs=1e-12)


def test_two_columns_read_the_second():
    y, score = _tied_scores(50, 5)
    assert auroc(y, np.stack([1 - score, score], axis=1)) == auroc(y, score)


def test_runs_are_averaged():
    y, score = _tied_scores(60, 2)
    other = np.random.default_rng(0).standard_normal(60)
    expected = (roc_auc_score(y, score) + roc_auc_score(y, other)) / 2
    assert auroc_over_runs(y, np.stack([score, other], axis=1)) == pytest.approx(expected, abs=1e-12)


def test_roc_points_are_sklearns_and_integrate_to_the_auroc():
    y, score = _tied_scores(80, 4)
    points = roc_points(y, score)
    for ours, theirs in zip(points, roc_curve(y, score, drop_intermediate=False), strict=True):
        assert np.array_equal(ours, theirs)
    assert np.trapezoid(points.true_positive_rate, points.false_positive_rate) == pytest.approx(auroc(y, score))


@pytest.mark.parametrize("y", [[1, 1, 1], [0, 0, 0]])
def test_one_class_is_refused(y):
    with pytest.raises(DataError, match="every class"):
        auroc(y, [0.1, 0.2, 0.3])
    with pytest.raises(DataError, match="every class"):
        roc_points(y, [0.1, 0.2, 0.3])


@pytest.mark.parametrize(
    ("y", "score", "message"),
    [
        ([0, 1, 2], [0.1, 0.2, 0.3], "only 0 and 1"),
        ([0, 1], [0.1, float("nan")], "NaN"),
        ([0, 1], [0.1, 0.2, 0.3], "numbers of rows"),
        ([0, 1, 5], np.eye(3), "class numbers"),
        ([0, 1, 1], np.eye(3), "every class"),
        ([], [], "no rows"),
    ],
)
def test_bad_input_is_named(y, score, message):
    with pytest.raises(DataError, match=message):
        auroc(y, score)
