"""Which people train, validate and test a probe: a fixed split, one person left out, or grouped folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import DataError
from ...metrics.arrays import Integers
from ...metrics.resampling import People

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Fold:
    """Row numbers of one fit and its test; validation rows are None where there are none."""

    train: Integers
    test: Integers
    validation: Integers | None = None

    @property
    def parts(self) -> tuple[Integers, ...]:
        """Training, validation and test rows, those that exist."""
        return tuple(part for part in (self.train, self.validation, self.test) if part is not None)


def fold_of_split(split: Sequence[Any] | NDArray[Any], rows: int) -> Fold:
    """Rows of a fixed split into "train", "validation" (optional) and "test".

    Raises:
        DataError: an unknown split name, nobody in train or test, or another number of rows.
    """
    names = np.asarray(split).astype(str)
    if names.shape != (rows,):
        raise DataError(f"{names.shape} entries for {rows} rows", where="split")
    unknown = sorted(set(names.tolist()) - set(SPLITS))
    if unknown:
        raise DataError(
            f"unknown name(s) {unknown}", where="split", remedy=f"use {', '.join(SPLITS)}; drop other rows first"
        )
    train, validation, test = (np.flatnonzero(names == name) for name in SPLITS)
    for name, part in (("train", train), ("test", test)):
        if not len(part):
            raise DataError(f"no row is {name}", where="split")
    return Fold(train, test, validation if len(validation) else None)


def check_folds(folds: Sequence[Fold], rows: int) -> None:
    """Refuse folds that test a row twice, train on what they test, or leave a part empty.

    Raises:
        DataError: naming the fold.
    """
    tested = np.concatenate([fold.test for fold in folds])
    if len(np.unique(tested)) != len(tested):
        raise DataError("a row is tested twice", where="folds")
    for number, fold in enumerate(folds):
        if min(len(part) for part in fold.parts) == 0:
            raise DataError("no rows on one side", where=f"fold {number}")
        every = np.concatenate(fold.parts)
        if len(np.unique(every)) != len(every) or every.min() < 0 or every.max() >= rows:
            raise DataError("a row stands on two sides, or does not exist", where=f"fold {number}")


def shared_people(people: People, folds: Sequence[Fold]) -> list[str]:
    """Names of the people who stand in two parts of a fold, sorted."""
    shared: set[int] = set()
    for fold in folds:
        parts = [set(people.owner[part].tolist()) for part in fold.parts]
        for number, part in enumerate(parts):
            for other in parts[number + 1 :]:
                shared |= part & other
    return [str(people.names[person]) for person in sorted(shared)]


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
    fold_of_person = np.empty(len(people), dtype=np.int64)
    fold_of_person[np.argsort(stratum, kind="stable")] = np.arange(len(people)) % min(folds, len(people))
    fold_of_row = fold_of_person[people.owner]
    return tuple(
        Fold(np.flatnonzero(fold_of_row != k), np.flatnonzero(fold_of_row == k))
        for k in range(fold_of_person.max() + 1)
    )
