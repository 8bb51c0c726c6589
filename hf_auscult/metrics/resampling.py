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
        stratum: (people,) number of the stratum of each person; all 0 without strata.
    """

    owner: Integers
    names: NDArray[np.generic]
    stratum: Integers

    @classmethod
    def of(cls, subjects: ArrayLike, strata: ArrayLike | None = None) -> People:
        """Read them from a column of identifiers.

        Raises:
            DataError: a missing identifier, no rows, or a person who stands in two strata.

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
        stratum = np.zeros(len(names), dtype=np.int64)
        if strata is not None:
            _, of_row = np.unique(np.asarray(strata), return_inverse=True)
            if len(of_row) != len(column):
                raise DataError(f"{len(of_row)} strata for {len(column)} rows", where="strata")
            stratum[owner] = of_row
            split = np.flatnonzero(stratum[owner] != of_row)
            if len(split):
                raise DataError(
                    "stands in more than one stratum",
                    where=f"subject {names[owner[split[0]]]}",
                    remedy="stratify by a property of the person, not of the recording",
                )
        return cls(owner.astype(np.int64), names, stratum)

    def __len__(self) -> int:
        return len(self.names)

    def draw(self, rng: np.random.Generator, count: int) -> NDArray[np.int32]:
        """(count, people) how often each person is in each draw; people are drawn within their stratum."""
        weights = np.zeros((count, len(self)), dtype=np.int32)
        for stratum in np.unique(self.stratum):
            members = np.flatnonzero(self.stratum == stratum)
            size = len(members)
            chosen = rng.integers(0, size, size=(count, size)) + size * np.arange(count)[:, None]
            weights[:, members] = np.bincount(chosen.ravel(), minlength=count * size).reshape(count, size)
        return weights
