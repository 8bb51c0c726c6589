"""What every metric asks of its inputs: equal lengths, finite numbers, 0/1 labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def numbers(values: ArrayLike, name: str, *, dimensions: tuple[int, ...] = (1,)) -> Floats:
    """float64 array of an allowed number of dimensions, refused when empty or not finite.

    Raises:
        DataError: wrong shape, no rows, or NaN / infinite entries (the first is named).
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim not in dimensions:
        wanted = " or ".join(str(d) for d in dimensions)
        raise DataError(f"has {array.ndim} dimension(s), expected {wanted}", where=name)
    if array.shape[0] == 0:
        raise DataError("has no rows", where=name)
    if not np.isfinite(array).all():
        row = int(np.argwhere(~np.isfinite(array))[0][0])
        raise DataError(
            f"holds NaN or infinite numbers (first in row {row})",
            where=name,
            remedy="find the recording of that row; a model that returns NaN cannot be scored",
        )
    return array


def binary(labels: ArrayLike, name: str = "labels") -> Integers:
    """0/1 labels as int64; booleans count as 0/1, anything else is refused.

    Raises:
        DataError: a label other than 0 and 1, or no labels.
    """
    array = np.asarray(labels)
    if array.ndim != 1 or not len(array):
        raise DataError(f"must be one row of labels, got shape {array.shape}", where=name)
    odd = [value for value in np.unique(array).tolist() if value not in (0, 1)]
    if odd:
        raise DataError(
            f"holds {odd[:3]}, expected only 0 and 1",
            where=name,
            remedy="encode the positive class as 1, or give (n, classes) scores for more than two classes",
        )
    return array.astype(np.int64)


def probabilities(values: ArrayLike, name: str = "probabilities", *, dimensions: tuple[int, ...] = (1, 2)) -> Floats:
    """Numbers in [0, 1], (n,) for the positive class or (n, classes) whose rows sum to 1.

    Raises:
        DataError: outside [0, 1], a row that does not sum to 1 (to 1e-3, so that float16 passes), NaN, or no rows.
    """
    array = numbers(values, name, dimensions=dimensions)
    if array.min() < 0 or array.max() > 1:
        raise DataError(
            f"range from {array.min():.3g} to {array.max():.3g}, expected [0, 1]",
            where=name,
            remedy="apply the sigmoid or the softmax to logits first",
        )
    if array.ndim == 2:
        off = np.abs(array.sum(axis=1) - 1)
        if off.max() > 1e-3:
            row = int(np.argmax(off))
            raise DataError(f"row {row} sums to {array[row].sum():.4g}, expected 1", where=name)
    return array


def class_numbers(labels: ArrayLike, classes: int, name: str = "labels") -> Integers:
    """Class numbers 0..classes-1 as int64.

    Raises:
        DataError: another value, or no labels.
    """
    array = np.asarray(labels)
    if array.ndim != 1 or not len(array):
        raise DataError(f"must be one row of labels, got shape {array.shape}", where=name)
    odd = [value for value in np.unique(array).tolist() if value not in range(classes)]
    if odd:
        raise DataError(
            f"holds {odd[:3]}, expected class numbers 0..{classes - 1}",
            where=name,
            remedy="number the classes in the order of the columns",
        )
    return array.astype(np.int64)


def same_length(**arrays: NDArray[np.generic]) -> int:
    """The common number of rows.

    Raises:
        DataError: the arrays differ in length (all lengths are named).
    """
    sizes = {name: len(array) for name, array in arrays.items()}
    if len(set(sizes.values())) != 1:
        raise DataError(f"different numbers of rows: {sizes}", remedy="give one row per recording in each")
    return next(iter(sizes.values()))
