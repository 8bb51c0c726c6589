"""Checks that every probe makes before it fits anything."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import DataError, LeakageError
from ...metrics.arrays import Floats, Integers, numbers
from ...metrics.resampling import People

SPLITS = ("train", "validation", "test")


def split_rows(split: Sequence[str] | NDArray[Any], n: int) -> dict[str, Integers]:
    """Row numbers of each split.

    Raises:
        DataError: an unknown split name, an empty split, or another number of rows than features.
    """
    names = np.asarray(split).astype(str)
    if names.shape != (n,):
        raise DataError(f"{names.shape} entries for {n} rows", where="split")
    odd = sorted(set(names.tolist()) - set(SPLITS))
    if odd:
        raise DataError(
            f"unknown name(s) {odd}", where="split", remedy=f"use {', '.join(SPLITS)}; drop other rows first"
        )
    rows = {name: np.flatnonzero(names == name) for name in SPLITS}
    for name, found in rows.items():
        if not len(found):
            raise DataError(f"no row is {name}", where="split")
    return rows


def refuse_shared_people(people: People, rows: dict[str, Integers]) -> None:
    """Nobody may stand on two sides of the split.

    Raises:
        LeakageError: naming the first few people who do.
    """
    seen: dict[int, str] = {}
    shared: list[str] = []
    for name, found in rows.items():
        for person in np.unique(people.owner[found]).tolist():
            if seen.setdefault(person, name) != name:
                shared.append(f"{people.names[person]} ({seen[person]}, {name})")
    if shared:
        raise LeakageError(
            f"{len(shared)} people stand in two splits: {', '.join(shared[:3])}",
            where="split",
            remedy="split people, not recordings",
        )


def encode_labels(labels: Sequence[Hashable] | NDArray[Any], positive: Hashable | None) -> tuple[Integers, list[Any]]:
    """Class numbers and the class names in that order; of two classes, the positive one is number 1.

    Raises:
        DataError: missing labels, one class only, or two named classes without ``positive``.
    """
    values = np.asarray(labels)
    names, codes = np.unique(values.astype(str) if values.dtype == object else values, return_inverse=True)
    classes = names.tolist()
    if any(value != value or value in ("", "None", "nan") for value in classes):
        raise DataError("missing labels", where="labels", remedy="drop the rows without a label before probing")
    if len(classes) < 2:
        raise DataError(f"only one class: {classes}", where="labels")
    if positive is not None:
        if len(classes) != 2:
            raise DataError(f"{len(classes)} classes; a positive class makes sense for two", where="labels")
        if positive not in classes:
            raise DataError(f"positive class {positive!r} is not among {classes}", where="labels")
        if classes[0] == positive:
            return 1 - codes.astype(np.int64), classes[::-1]
    elif len(classes) == 2 and not set(classes) <= {0, 1}:
        raise DataError(
            f"which of {classes} is the positive class?", where="labels", remedy="pass positive=..., or label with 0/1"
        )
    return codes.astype(np.int64), classes


def features_of(features: ArrayLike, labels: NDArray[Any], name: str = "features") -> Floats:
    """(n, d) float64 features, one row per label.

    Raises:
        DataError: another shape, NaN, or unequal lengths.
    """
    x = numbers(features, name, dimensions=(2,))
    if len(x) != len(labels):
        raise DataError(f"{len(x)} rows for {len(labels)} labels", where=name)
    if x.shape[1] == 0:
        raise DataError("no columns", where=name)
    return x
