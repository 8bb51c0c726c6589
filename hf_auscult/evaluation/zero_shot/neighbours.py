"""The reports nearest to a recording: exact search, with FAISS where it is installed and wanted."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from ...errors import ConfigurationError, DataError
from ...metrics.arrays import Floats, Integers, numbers
from ...metrics.retrieval import unit_rows

Search = Literal["exact", "faiss"]

_BLOCK = 1024  # queries scored at once
_SPARE = 16  # candidates that FAISS gives beyond the wanted ones, for a start
_SINGLE = 1e-5  # single precision can be wrong by less than this about a cosine


@dataclass(frozen=True)
class Neighbours:
    """What every query found, best first.

    Args:
        rows: (n, k) rows of the keys.
        similarity: (n, k) cosines.
    """

    rows: Integers
    similarity: Floats


def nearest(
    queries: ArrayLike,
    keys: ArrayLike,
    k: int,
    *,
    ids: Sequence[Hashable] | None = None,
    search: Search = "exact",
) -> Neighbours:
    """Find the k distinct keys with the highest cosine; equal ones in the order of the rows.

    FAISS (``IndexFlatIP``) is exact too, in single precision: its candidates are compared again in double precision,
    and more are fetched until no other key can belong among them, so both ways give the same neighbours.

    Args:
        queries: (n, d).
        keys: (m, d).
        k: neighbours of a query.
        ids: (m,) text or hash; of keys with equal ids only the first is found.
        search: ``exact`` with numpy, or ``faiss``.

    Raises:
        DataError: NaN, other widths or lengths.
        ConfigurationError: ``k`` below 1 or above the number of distinct keys, an unknown search, or FAISS is missing.

    Example:
        >>> nearest([[0.1, 0.9]], [[0, 1], [0, 2], [1, 0]], 2, ids=["a", "a", "b"]).rows.tolist()
        [[0, 2]]
    """
    clips = unit_rows(numbers(queries, "queries", dimensions=(2,)))
    table = numbers(keys, "keys", dimensions=(2,))
    if table.shape[1] != clips.shape[1]:
        raise DataError(f"{table.shape[1]} wide, the queries {clips.shape[1]}", where="keys")
    first = _first_rows(ids, len(table))
    if not 1 <= k <= len(first):
        raise ConfigurationError(f"{k} of {len(first)} distinct reports", where="top_k")
    check_search(search)
    table = unit_rows(table[first])
    index = _index(table) if search == "faiss" else None
    rows = np.empty((len(clips), k), np.int64)
    similarity = np.empty((len(clips), k))
    for start in range(0, len(clips), _BLOCK):
        part = slice(start, min(start + _BLOCK, len(clips)))
        places = _exact(clips[part], table, k) if index is None else _with_index(index, clips[part], table, k)
        rows[part] = first[places]
        similarity[part] = np.einsum("nd,nkd->nk", clips[part], table[places])
    return Neighbours(rows, similarity)


def _exact(clips: Floats, table: Floats, k: int) -> Integers:
    return np.argsort(-_cosines(clips, table), axis=1, kind="stable")[:, :k]


def _cosines(clips: Floats, table: Floats) -> Floats:
    """Rounded, so that equal keys tie in whatever order a product was summed."""
    return np.round(clips @ table.T, 12)


def check_search(search: str) -> None:
    """Refuse a search that cannot be had.

    Raises:
        ConfigurationError: it is unknown, or FAISS is not installed.
    """
    if search not in get_args(Search):
        raise ConfigurationError(f"no search {search!r}", remedy=f"use {' or '.join(get_args(Search))}")
    if search == "faiss":
        try:
            import faiss  # noqa: F401
        except ModuleNotFoundError as error:
            remedy = "pip install 'hf-auscult[faiss]', or use search='exact'"
            raise ConfigurationError("FAISS is not installed", where="search", remedy=remedy) from error


def _index(table: Floats) -> Any:
    import faiss

    index = faiss.IndexFlatIP(table.shape[1])
    index.add(np.ascontiguousarray(table, np.float32))
    return index


def _with_index(index: Any, clips: Floats, table: Floats, k: int) -> Integers:
    """Fetch more than ``k`` candidates until the worst of them is clearly behind the k-th of every query."""
    asked = np.ascontiguousarray(clips, np.float32)
    wanted = k
    while True:
        wanted = min(len(table), 2 * wanted + _SPARE)
        single, found = index.search(asked, wanted)
        if wanted == len(table) or (single[:, k - 1] - single[:, -1] > 2 * _SINGLE).all():
            break
    places = np.empty((len(clips), k), np.int64)
    for number, candidates in enumerate(np.sort(found, axis=1)):
        places[number] = candidates[_exact(clips[number : number + 1], table[candidates], k)[0]]
    return places


def _first_rows(ids: Sequence[Hashable] | None, n: int) -> Integers:
    if ids is None:
        return np.arange(n)
    if len(ids) != n:
        raise DataError(f"{len(ids)} ids for {n} reports", where="report_ids")
    seen: dict[Hashable, int] = {}
    for row, value in enumerate(ids):
        seen.setdefault(value, row)
    return np.array(list(seen.values()), dtype=np.int64)
