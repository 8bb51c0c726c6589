"""Who is tested with whom: leave one person out, and grouped folds for choosing a penalty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ...errors import DataError
from ...metrics.arrays import Integers
from ...metrics.resampling import People


@dataclass(frozen=True)
class Fold:
    """Row numbers of one fit and its test; ``validation`` may be left to the protocol."""

    train: Integers
    test: Integers
    validation: Integers | None = None


def leave_one_subject_out(subjects: ArrayLike) -> tuple[Fold, ...]:
    """One fold per person, in the order in which people first appear (the published loops' order).

    Args:
        subjects: (n,) who was recorded.

    Raises:
        DataError: fewer than three people, or missing identifiers.

    Example:
        >>> [fold.test.tolist() for fold in leave_one_subject_out(["b", "a", "b", "c"])]
        [[0, 2], [1], [3]]
    """
    people = People.of(subjects)
    if len(people) < 3:
        raise DataError(f"{len(people)} people; leaving one out needs at least 3", where="subjects")
    first = np.unique(people.owner, return_index=True)[1]
    return tuple(
        Fold(np.flatnonzero(people.owner != person), np.flatnonzero(people.owner == person))
        for person in np.argsort(first)
    )


def grouped_folds(subjects: ArrayLike, table: Integers, folds: int = 5) -> tuple[Fold, ...]:
    """Folds of whole people that share out the rarer classes evenly; no randomness, no influence of row order.

    Args:
        subjects: (n,) who was recorded.
        table: (n, classes) 0/1, what each row carries.
        folds: at most this many; fewer when there are fewer people.

    Raises:
        DataError: fewer than two people.

    Example:
        >>> y = np.array([[1], [1], [0], [0], [0], [0]])
        >>> [fold.test.tolist() for fold in grouped_folds(list("abcdef"), y, folds=2)]
        [[0, 2, 4], [1, 3, 5]]
    """
    people = People.of(subjects)
    if len(people) < 2:
        raise DataError("one person; grouped folds need at least two", where="subjects")
    carried = np.zeros((len(people), table.shape[1]), dtype=np.int64)
    np.maximum.at(carried, people.owner, table)
    rarity = np.argsort(carried.sum(axis=0), kind="stable")
    stratum = np.where(carried.any(axis=1), carried[:, rarity].argmax(axis=1), table.shape[1])
    part = np.empty(len(people), dtype=np.int64)
    part[np.argsort(stratum, kind="stable")] = np.arange(len(people)) % min(folds, len(people))
    mine = part[people.owner]
    return tuple(Fold(np.flatnonzero(mine != k), np.flatnonzero(mine == k)) for k in range(part.max() + 1))
