"""Figures that bear an interval or a gallery, against slow independent versions on 200 random cases."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from hf_auscult.errors import DataError
from hf_auscult.metrics import auroc, bidirectional_retrieval, cka, debiased_cka, person_interval

from .cases import binary_cases, generators


def _sklearn_auroc(y, score):
    if len(set(y)) < 2:
        raise DataError("one class")
    return float(roc_auc_score(y, score))


def test_auroc_and_its_interval():
    compared = 0
    for seed, (y, p) in enumerate(binary_cases()):
        who = np.arange(len(y)) // (1 + seed % 3)
        if len(set(who)) < 4 or min(len(set(who[y == 1])), len(set(who[y == 0]))) < 3:
            continue
        compared += 1
        fast, slow = (
            person_interval(figure, y, p, subjects=who, draws=20, seed=seed, family="bootstrap")
            for figure in (auroc, _sklearn_auroc)
        )
        assert (fast.value, fast.low, fast.high) == pytest.approx((slow.value, slow.low, slow.high))
        assert fast.redrawn == slow.redrawn
    assert compared > 150


def _recall_at(similarity, right, k):
    """Chance that a right candidate is among the first k: all orders of the tied ones are equally likely."""
    best = max(s for s, fits in zip(similarity, right, strict=True) if fits)
    ahead = sum(s > best + 1e-9 for s in similarity)
    tied = [fits for s, fits in zip(similarity, right, strict=True) if abs(s - best) <= 1e-9]
    places = min(max(k - ahead, 0), len(tied))
    wrong = len(tied) - sum(tied)
    return 1 - comb(wrong, places) / comb(len(tied), places)


def test_retrieval_with_ties_and_shared_texts():
    for rng in generators():
        n = int(rng.integers(2, 20))
        identity = rng.integers(0, n, n)
        vectors = rng.integers(-1, 2, (n, 3)).astype(float)  # few distinct directions: many exact ties
        audio, text = rng.integers(-1, 2, (n, 3)).astype(float), vectors[identity]
        found = bidirectional_retrieval(audio, text, text_ids=identity, similarity="dot", ks=(1, 3))
        texts = np.unique(identity)
        similarity = audio @ vectors[texts].T
        for k in (1, 3):
            forward = [_recall_at(similarity[i], texts == identity[i], k) for i in range(n)]
            back = [_recall_at(similarity[:, j], identity == texts[j], k) for j in range(len(texts))]
            assert found.audio_to_text[f"R@{k}"] == pytest.approx(np.mean(forward))
            assert found.text_to_audio[f"R@{k}"] == pytest.approx(np.mean(back))


def _hsic_with_matrices(k, m):
    """Song et al. 2012, eq. 5, with the matrices as printed."""
    n = len(k)
    k, m, one = k - np.diag(np.diag(k)), m - np.diag(np.diag(m)), np.ones(n)
    inner = np.trace(k @ m) + (one @ k @ one) * (one @ m @ one) / ((n - 1) * (n - 2)) - 2 / (n - 2) * one @ k @ m @ one
    return inner / (n * (n - 3))


def test_cka_both_ways():
    for rng in generators():
        n = int(rng.integers(5, 40))
        x = rng.standard_normal((n, int(rng.integers(2, 12))))
        y = x @ rng.standard_normal((x.shape[1], 4)) + rng.standard_normal((n, 4)) + 5
        gram_x, gram_y = x @ x.T, y @ y.T
        centre = np.eye(n) - 1 / n
        hsic = [np.trace(a @ centre @ b @ centre) for a, b in ((gram_x, gram_y), (gram_x, gram_x), (gram_y, gram_y))]
        assert cka(x, y) == pytest.approx(hsic[0] / np.sqrt(hsic[1] * hsic[2]))
        own = _hsic_with_matrices(gram_x, gram_x) * _hsic_with_matrices(gram_y, gram_y)
        assert debiased_cka(x, y) == pytest.approx(_hsic_with_matrices(gram_x, gram_y) / np.sqrt(own), abs=1e-8)


def test_plug_in_cka_flatters_where_the_debiased_one_does_not():
    rng = np.random.default_rng(0)
    pairs = [rng.standard_normal((2, 24, 512)) for _ in range(20)]
    assert np.mean([cka(*pair) for pair in pairs]) == pytest.approx(0.95, abs=0.01)
    assert np.mean([debiased_cka(*pair) for pair in pairs]) == pytest.approx(0, abs=0.02)


def test_cka_refuses_bad_input():
    rows = np.eye(3)
    with pytest.raises(DataError, match="y: does not vary"):
        cka(rows, np.ones((3, 2)))
    with pytest.raises(DataError, match="3 and 2 rows"):
        cka(rows, rows[:2])
    with pytest.raises(DataError, match="NaN"):
        cka(rows * np.nan, rows)
    with pytest.raises(DataError, match="no rows"):
        cka(rows[:0], rows[:0])
