"""Exact search, and FAISS with the very same neighbours."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.evaluation.zero_shot.neighbours import nearest


def _rows(n, d, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d))


def test_it_is_the_obvious_loop():
    queries, keys = _rows(30, 8), _rows(50, 8, 1)
    found = nearest(queries, keys, 5)
    for query, rows, similarity in zip(queries, found.rows, found.similarity, strict=True):
        cosines = keys @ query / np.linalg.norm(keys, axis=1) / np.linalg.norm(query)
        assert rows.tolist() == np.argsort(-cosines).tolist()[:5]
        assert similarity == pytest.approx(cosines[rows])


def test_equal_texts_are_found_once_and_equal_cosines_in_order():
    keys = np.array([[1.0, 0], [0, 1], [2, 0], [1, 0], [0, 3]])
    assert nearest([[1.0, 0.0]], keys, 3).rows.tolist() == [[0, 2, 3]]
    found = nearest([[1.0, 0.0]], keys, 3, ids=["a", "b", "a", "c", "d"])
    assert found.rows.tolist() == [[0, 3, 1]]
    with pytest.raises(ConfigurationError, match="5 of 4 distinct"):
        nearest([[1.0, 0.0]], keys, 5, ids=["a", "b", "a", "c", "d"])


def test_refusals(monkeypatch):
    with pytest.raises(DataError, match="3 wide, the queries 2"):
        nearest(_rows(1, 2), _rows(4, 3), 1)
    with pytest.raises(DataError, match="2 ids for 4"):
        nearest(_rows(1, 3), _rows(4, 3), 1, ids=["a", "b"])
    with pytest.raises(ConfigurationError, match="no search 'annoy'"):
        nearest(_rows(1, 3), _rows(4, 3), 1, search="annoy")
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(ConfigurationError, match=r"FAISS is not installed.*search='exact'"):
        nearest(_rows(1, 3), _rows(4, 3), 1, search="faiss")


class _Single:
    """The part of FAISS that is used, in single precision and with its arbitrary order of ties."""

    def __init__(self, width):
        self.width, self.asked = width, []

    def add(self, rows):
        assert rows.dtype == np.float32 and rows.shape[1] == self.width
        self.rows = rows

    def search(self, queries, k):
        self.asked.append(k)
        cosines = queries.astype(np.float32) @ self.rows.T
        order = np.argsort(-cosines[:, ::-1], axis=1, kind="stable")[:, :k]  # the last of equal ones first
        rows = cosines.shape[1] - 1 - order
        return np.take_along_axis(cosines, rows, axis=1), rows


def _crowded(seed):
    """Keys of which many lie closer together than single precision tells apart, and copies."""
    rng = np.random.default_rng(seed)
    centre = rng.standard_normal(6)
    near = centre + 1e-6 * rng.standard_normal((60, 6))
    return rng.permutation(np.concatenate([near, near[:10], rng.standard_normal((30, 6))])), centre[None] + 0.1


@pytest.mark.parametrize("seed", range(5))
def test_candidates_are_compared_again_until_nothing_can_be_missing(monkeypatch, seed):
    import types

    made = []

    def index(width):
        made.append(_Single(width))
        return made[-1]

    monkeypatch.setitem(sys.modules, "faiss", types.SimpleNamespace(IndexFlatIP=index))
    keys, queries = _crowded(seed)
    exact = nearest(queries, keys, 5)
    assert np.array_equal(nearest(queries, keys, 5, search="faiss").rows, exact.rows)
    assert made[0].asked[-1] > 50  # the first 26 candidates are all alike in single precision
    queries, keys = _rows(20, 8, seed), _rows(200, 8, seed + 9)
    assert np.array_equal(nearest(queries, keys, 5, search="faiss").rows, nearest(queries, keys, 5).rows)
    assert made[1].asked == [26]


@pytest.mark.parametrize("seed", range(3))
def test_faiss_itself_gives_the_same_neighbours(seed):
    pytest.importorskip("faiss", reason="faiss is not installed: pip install 'hf-auscult[faiss]'")
    keys, queries = _crowded(seed)
    for asked, table in ((queries, keys), (_rows(40, 16, seed), _rows(500, 16, seed + 1))):
        found = nearest(asked, table, 5, search="faiss")
        exact = nearest(asked, table, 5)
        assert np.array_equal(found.rows, exact.rows)
        assert np.allclose(found.similarity, exact.similarity)
