"""Who owns which row, and bootstrap draws of whole people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from .arrays import Integers, as_array, missing


@dataclass(frozen=True)
class People:
    """The distinct people behind the rows of a table.

    Attributes:
        owner: (rows,) number of the person of each row.
        names: (people,) identifiers, sorted, so that draws do not depend on the order of the rows.
    """

    owner: Integers
    names: NDArray[np.generic]

    @classmethod
    def of(cls, subjects: ArrayLike) -> People:
        """Read them from a column of identifiers.

        Raises:
            DataError: a missing identifier, or no rows.

        Example:
            >>> People.of(["b", "a", "b"]).owner.tolist()
            [1, 0, 1]
        """
        column = as_array(subjects)
        if column.ndim != 1 or not len(column):
            raise DataError(f"must be one identifier per row, got shape {column.shape}", where="subjects")
        absent = missing(column)
        if column.dtype.kind in "OUS":
            absent |= np.where(absent, "", column.astype(object)) == ""
        if absent.any():
            raise DataError(
                f"{int(absent.sum())} row(s) without a subject (first: row {int(np.argmax(absent))})",
                where="subjects",
                remedy="give recordings of unknown people a subject each, and say so in the report",
            )
        names, owner = np.unique(column.astype(str) if column.dtype == object else column, return_inverse=True)
        return cls(owner.astype(np.int64), names)

    def __len__(self) -> int:
        return len(self.names)

    def draw(self, rng: np.random.Generator, count: int) -> NDArray[np.int32]:
        """(count, people) how often each person is in each draw."""
        size = len(self)
        chosen = rng.integers(0, size, size=(count, size)) + size * np.arange(count)[:, None]
        return np.bincount(chosen.ravel(), minlength=count * size).reshape(count, size).astype(np.int32)
