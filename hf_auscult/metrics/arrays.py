"""What every metric asks of its inputs: equal lengths, finite numbers, 0/1 labels, one spelling of each class."""

from __future__ import annotations

import unicodedata
from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def as_array(values: Any) -> NDArray[Any]:
    """Anything array-like as numpy; tensors of any dtype or device, attached to a graph or not, are read, too.

    Example:
        >>> as_array([1, 2]).tolist()
        [1, 2]
    """
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        # numpy has no bfloat16.
        values = (values.double() if values.dtype.is_floating_point else values).numpy()
    return np.asarray(values)


def missing(column: NDArray[Any]) -> NDArray[np.bool_]:
    """(n,) which rows hold None, NaN or pandas' NA."""
    if column.dtype.kind == "f":
        return np.isnan(column)
    if column.dtype.kind not in "Omi":
        return np.zeros(len(column), dtype=np.bool_)
    import pandas as pd

    found: NDArray[np.bool_] = np.asarray(pd.isna(column))
    return found


def labels_of(values: ArrayLike, name: str) -> NDArray[Any]:
    """One row of labels of any kind.

    Raises:
        DataError: another shape, no rows, or a missing label (the first row is named).
    """
    column = as_array(values)
    if column.ndim != 1 or not len(column):
        empty = column.ndim == 1
        raise DataError(
            "has no rows: one label a recording is needed"
            if empty
            else f"must be one row of labels, got {column.shape}",
            where=name,
        )
    absent = missing(column)
    if absent.any():
        raise DataError(
            f"{int(absent.sum())} row(s) without a class (first: row {int(np.argmax(absent))})",
            where=name,
            remedy="leave out recordings whose class is unknown, and say how many",
        )
    return column


def numbers(values: ArrayLike, name: str, *, dimensions: tuple[int, ...] = (1,)) -> Floats:
    """float64 array of an allowed number of dimensions, refused when empty or not finite.

    Raises:
        DataError: wrong shape, no rows, or NaN / infinite entries (the first is named).
    """
    given = as_array(values)
    if given.dtype == object and given.ndim == 1:
        given = np.where(missing(given), np.nan, given)
    try:
        array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"holds something that is no number: {error}", where=name) from error
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
        DataError: a label other than 0 and 1, a missing one, or no labels.
    """
    array = labels_of(labels, name)
    odd = [value for value in dict.fromkeys(array.tolist()) if value not in (0, 1)]
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
        DataError: another value, a missing one, or no labels.
    """
    array = labels_of(labels, name)
    odd = [value for value in dict.fromkeys(array.tolist()) if value not in range(classes)]
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


def one_spelling_each(classes: Iterable[Hashable], name: str = "labels") -> None:
    """Refuse classes that differ in spelling alone: case, spaces, Unicode form, or 1 beside 1.0.

    Args:
        classes: distinct names.
        name: of their column, for the message.

    Raises:
        DataError: two or more spellings of one class, all of them named.

    Example:
        >>> one_spelling_each(["normal", "murmur", 1, 2])
        >>> one_spelling_each(["normal", "murmur", "MURMUR"])
        Traceback (most recent call last):
        hf_auscult.errors.DataError: labels: one class under several spellings: 'murmur', 'MURMUR'. To fix: ...
    """
    spellings: dict[str, list[Hashable]] = {}
    for value in classes:
        spellings.setdefault(_folded(value), []).append(value)
    several = [", ".join(map(_shown, same)) for same in spellings.values() if len(same) > 1]
    if several:
        raise DataError(
            f"one class under several spellings: {'; '.join(several)}",
            where=name,
            remedy="write each class in one way; if they do differ, give them names that differ in more",
        )


def _shown(value: Hashable) -> str:
    """The value and, where two of them may look the same, its letters by number."""
    plain = ascii(value)
    return repr(value) if plain == repr(value) else f"{value!r} ({plain})"


def _folded(value: Hashable) -> str:
    text = unicodedata.normalize("NFKC", str(value)).strip().casefold()
    try:
        return repr(float(text))
    except ValueError:
        return " ".join(text.split())
