"""How many directions an embedding uses, and how similar two embeddings are (float64, numpy)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DataError
from .arrays import Floats, numbers

FEWEST_ROWS = 4  # the unbiased HSIC divides by n - 3


def effective_rank(x: ArrayLike, *, center: bool = False) -> float:
    """exp(entropy of the normalised singular values): 1 for a collapsed embedding, at most min(n, d).

    Args:
        x: (n, d) embeddings.
        center: subtract the column means first. Without it a large common mean counts as one direction that outweighs
            the others.

    Raises:
        DataError: NaN, no rows, or nothing but zeros (after centring): no direction at all.

    Source: Roy & Vetterli, EUSIPCO 2007; RankMe (arXiv:2210.02885).

    Example:
        >>> round(effective_rank([[1, 0, 0], [0, 1, 0], [0, 0, 1]]), 6)
        3.0
    """
    rows = numbers(x, "embeddings", dimensions=(2,))
    # Constant columns must become exactly zero, else the rounding of the mean passes for directions.
    rows = np.where(np.ptp(rows, axis=0) == 0, 0.0, rows - rows.mean(axis=0)) if center else rows
    values = np.linalg.svd(rows, compute_uv=False)
    if values[0] == 0:
        raise DataError(
            "every row is the same" if center else "every entry is zero",
            where="embeddings",
            remedy="the encoder has collapsed; check the loss and the learning rate",
        )
    share = values[values > 0] / values.sum()
    return float(np.exp(-(share * np.log(share)).sum()))


def cka(x: ArrayLike, y: ArrayLike) -> float:
    """Linear CKA with the plug-in HSIC, as most papers print it: 1 for a rotation, but far above 0 for unrelated rows.

    It grows with d / n (0.95 for independent normal rows at n = 24, d = 512). Compare models with
    :func:`debiased_cka`; this one is here to stand beside published figures.

    Args:
        x: (n, d) embeddings.
        y: (n, e) embeddings of the same rows.

    Raises:
        DataError: fewer than 2 rows, unequal numbers of rows, NaN, or a side whose rows are all the same.

    Source: Kornblith et al., ICML 2019.

    Example:
        >>> rows = np.random.default_rng(0).standard_normal((50, 8))
        >>> round(cka(rows, 3 * rows[:, ::-1]), 6)
        1.0
    """
    left, right = numbers(x, "x", dimensions=(2,)), numbers(y, "y", dimensions=(2,))
    if len(left) != len(right):
        raise DataError(f"{len(left)} and {len(right)} rows; CKA compares the same rows")
    sides = [rows - rows.mean(axis=0) for rows in (left, right)]
    for name, rows, given in zip(("x", "y"), sides, (left, right), strict=True):
        if np.abs(rows).max() <= 1e-12 * np.abs(given).max():
            raise DataError("does not vary between rows; CKA is undefined", where=name)
    a, b = sides
    own = np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b)
    return float(np.linalg.norm(a.T @ b) ** 2 / own)


def debiased_cka(x: ArrayLike, y: ArrayLike) -> float:
    """Linear CKA with the unbiased HSIC estimator: about 0 for unrelated rows at any n and d, 1 for a rotation.

    The plug-in estimator (:func:`cka`) gives 0.95 for independent normal rows at n = 24, d = 512; this one is centred
    on 0 (and may fall below it). Invariant to rotation, isotropic scaling and shifts of either side; sensitive to the
    pairing of rows.

    Args:
        x: (n, d) embeddings.
        y: (n, e) embeddings of the same rows.

    Raises:
        DataError: fewer than 4 rows, unequal numbers of rows, NaN, or a side whose own unbiased HSIC is not positive
            (constant rows: no similarity is defined).

    Source: Song et al., JMLR 13 (2012), eq. 5; Kornblith et al., ICML 2019.

    Example:
        >>> rows = np.random.default_rng(0).standard_normal((50, 8))
        >>> round(debiased_cka(rows, 3 * rows[:, ::-1]), 6)
        1.0
    """
    left, right = numbers(x, "x", dimensions=(2,)), numbers(y, "y", dimensions=(2,))
    if len(left) != len(right):
        raise DataError(f"{len(left)} and {len(right)} rows; CKA compares the same rows")
    if len(left) < FEWEST_ROWS:
        raise DataError(f"{len(left)} rows; the unbiased estimator needs at least {FEWEST_ROWS}")
    gram_x, gram_y = _hollow_gram(left), _hollow_gram(right)
    own_x, own_y = _unbiased_hsic(gram_x, gram_x), _unbiased_hsic(gram_y, gram_y)
    for name, own in (("x", own_x), ("y", own_y)):
        if own <= 0:
            raise DataError("does not vary between rows; CKA is undefined", where=name)
    return _unbiased_hsic(gram_x, gram_y) / float(np.sqrt(own_x * own_y))


def within_groups_debiased_cka(x: ArrayLike, y: ArrayLike, groups: Sequence[str] | ArrayLike) -> dict[str, float]:
    """Debiased CKA inside each group (dataset); deliberately no pooled figure.

    Pooled over datasets, CKA measures whether both sides can tell the datasets apart: 0.87 pooled against 0.01-0.05
    within, measured on two real corpora.

    Args:
        x: (n, d) embeddings.
        y: (n, e) embeddings of the same rows.
        groups: (n,) dataset of each row.

    Returns:
        group -> CKA, groups sorted by name.

    Raises:
        DataError: as :func:`debiased_cka`, naming the group.

    Example:
        >>> rows = np.random.default_rng(0).standard_normal((20, 8))
        >>> sorted(within_groups_debiased_cka(rows, rows, ["a"] * 10 + ["b"] * 10))
        ['a', 'b']
    """
    left, right = numbers(x, "x", dimensions=(2,)), numbers(y, "y", dimensions=(2,))
    labels = np.asarray(groups).astype(str)
    if not len(left) == len(right) == len(labels):
        raise DataError(f"{len(left)}, {len(right)} and {len(labels)} rows differ", where="groups")
    out: dict[str, float] = {}
    for group in np.unique(labels):
        rows = labels == group
        try:
            out[str(group)] = debiased_cka(left[rows], right[rows])
        except DataError as error:
            raise DataError(
                error.problem, where=f"group {group}", remedy="leave this group out, and say so beside the figures"
            ) from error
    return out


def _hollow_gram(x: Floats) -> Floats:
    """Gram matrix without its diagonal. Centring changes nothing in exact arithmetic; it keeps the digits."""
    rows = x - x.mean(axis=0)
    gram: Floats = rows @ rows.T
    if np.abs(rows).max() <= 1e-12 * np.abs(x).max():  # constant up to rounding
        gram[:] = 0.0
    np.fill_diagonal(gram, 0.0)
    return gram


def _unbiased_hsic(k: Floats, l: Floats) -> float:  # noqa: E741 - the names of the paper
    n = len(k)
    row_k, row_l = k.sum(axis=1), l.sum(axis=1)
    trace = float(np.einsum("ij,ij->", k, l))
    corner = float(row_k.sum() * row_l.sum()) / ((n - 1) * (n - 2))
    cross = 2.0 * float(row_k @ row_l) / (n - 2)
    return (trace + corner - cross) / (n * (n - 3))
