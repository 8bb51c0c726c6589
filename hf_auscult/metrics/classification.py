"""Scores of hard decisions, from one confusion table (numpy only: they run inside bootstrap loops)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from .arrays import Floats, Integers, same_length

Labels = Sequence[object] | NDArray[np.generic]


def accuracy(y: ArrayLike, predicted: ArrayLike) -> float:
    """Share of correct decisions.

    Raises:
        DataError: no rows or unequal lengths.

    Example:
        >>> accuracy([0, 1, 1, 1], [0, 1, 1, 0])
        0.75
    """
    truth, guess = _pair(y, predicted)
    return float(np.mean(truth == guess))


def balanced_accuracy(y: ArrayLike, predicted: ArrayLike) -> float:
    """Mean recall over the classes that occur in ``y``.

    Raises:
        DataError: no rows or unequal lengths.

    Example:
        >>> balanced_accuracy([0, 0, 0, 1], [0, 0, 0, 0])
        0.5
    """
    _, table, _ = confusion_counts(y, predicted)
    support = table.sum(axis=1)
    return float(np.mean(np.diag(table)[support > 0] / support[support > 0]))


def macro_f1(y: ArrayLike, predicted: ArrayLike, *, labels: Labels | None = None) -> float:
    """Unweighted mean of the classes' F1; a class with neither rows nor decisions counts 0 when named in ``labels``.

    Args:
        y: (n,) true classes.
        predicted: (n,) decided classes.
        labels: the classes to average over; default: those that occur in either. Name them when resampling, or a
            draw without a rare class is scored on fewer classes.

    Raises:
        DataError: no rows or unequal lengths.

    Example:
        >>> round(macro_f1([0, 0, 1, 1], [0, 1, 1, 1]), 4)
        0.7333
    """
    _, table, kept = confusion_counts(y, predicted, labels)
    return float(np.mean(_f1(table)[kept]))


def micro_f1(y: ArrayLike, predicted: ArrayLike, *, labels: Labels | None = None) -> float:
    """F1 of the pooled counts; equals accuracy unless ``labels`` leaves classes out (the normal class, say).

    Raises:
        DataError: no rows or unequal lengths.

    Example:
        >>> micro_f1([0, 1, 1, 1], [0, 1, 1, 0])
        0.75
    """
    _, table, kept = confusion_counts(y, predicted, labels)
    total = float(table.sum(axis=0)[kept].sum() + table.sum(axis=1)[kept].sum())
    return 2.0 * float(np.diag(table)[kept].sum()) / total if total else 0.0


def sensitivity(y: ArrayLike, predicted: ArrayLike, *, positive: object = 1) -> float:
    """Share of the positive rows that were decided positive (recall of the positive class).

    Raises:
        DataError: no positive rows, no rows at all, or unequal lengths.

    Example:
        >>> sensitivity([1, 1, 0, 0], [1, 0, 0, 0])
        0.5
    """
    truth, guess = _pair(y, predicted)
    return _share(guess == positive, truth == positive, f"no row is positive ({positive!r})")


def specificity(y: ArrayLike, predicted: ArrayLike, *, positive: object = 1) -> float:
    """Share of the negative rows that were decided negative.

    Raises:
        DataError: no negative rows, no rows at all, or unequal lengths.

    Example:
        >>> specificity([1, 1, 0, 0], [1, 0, 1, 0])
        0.5
    """
    truth, guess = _pair(y, predicted)
    return _share(guess != positive, truth != positive, f"every row is positive ({positive!r})")


def confusion_counts(
    y: ArrayLike, predicted: ArrayLike, labels: Labels | None = None
) -> tuple[NDArray[np.generic], Integers, NDArray[np.bool_]]:
    """Every class that occurs or is named, the (true, decided) counts over them, and which of them were asked for.

    Raises:
        DataError: no rows, unequal lengths, or a missing label (None, NaN).
    """
    truth, guess = _pair(y, predicted)
    asked = np.asarray(labels) if labels is not None else truth[:0]
    names, codes = np.unique(np.concatenate([truth, guess, asked]), return_inverse=True)
    n, size = len(truth), len(names)
    table = np.bincount(codes[:n] * size + codes[n : 2 * n], minlength=size * size).reshape(size, size)
    kept = np.isin(np.arange(size), codes[2 * n :]) if labels is not None else np.ones(size, dtype=np.bool_)
    return names, table, kept


def _pair(y: ArrayLike, predicted: ArrayLike) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    truth, guess = np.asarray(y), np.asarray(predicted)
    if truth.ndim != 1 or guess.ndim != 1:
        raise DataError(f"labels {truth.shape} and decisions {guess.shape} must be one-dimensional")
    if not same_length(labels=truth, predicted=guess):
        raise DataError("has no rows", where="labels")
    for name, column in (("labels", truth), ("predicted", guess)):
        if column.dtype.kind == "f":
            missing = np.isnan(column)
        elif column.dtype.kind == "O":
            missing = np.fromiter((value is None or value != value for value in column), np.bool_, len(column))
        else:
            continue
        if missing.any():
            raise DataError(
                f"{int(missing.sum())} row(s) without a class (first: row {int(np.argmax(missing))})",
                where=name,
                remedy="leave out recordings whose class is unknown, and say how many",
            )
    return truth, guess


def _f1(table: Integers) -> Floats:
    total = table.sum(axis=0) + table.sum(axis=1)
    scores: Floats = 2.0 * np.diag(table) / np.maximum(total, 1)
    return scores


def _share(hit: NDArray[np.bool_], among: NDArray[np.bool_], problem: str) -> float:
    if not among.any():
        raise DataError(problem, where="labels", remedy="check the filter or the split that made this set")
    return float(np.mean(hit[among]))
