"""What is predicted: classes, several labels at once, or a value."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import DataError
from ...metrics.arrays import Floats, Integers, numbers
from .published import Kind


@dataclass(frozen=True)
class Target:
    """A checked target.

    Attributes:
        kind: what it is.
        table: (n, classes) 0/1; (n, 0) for regression.
        values: (n,) for regression; empty otherwise.
        classes: of two exclusive ones, the second is the positive one.
    """

    kind: Kind
    table: Integers
    values: Floats
    classes: tuple[Any, ...]

    @classmethod
    def of(
        cls,
        target: ArrayLike,
        kind: Kind = "classification",
        positive: Hashable | None = None,
        classes: Sequence[Any] | None = None,
    ) -> Target:
        """Check and encode.

        Args:
            target: (n,) classes, (n, labels) 0/1, or (n,) values.
            kind: which of the three.
            positive: the positive one of two classes other than 0/1.
            classes: names of the columns of a table of labels, or of the class numbers that the target then holds.

        Raises:
            DataError: another shape, missing entries, one class only, or a table with other entries than 0 and 1.
        """
        if kind == "regression":
            values = numbers(target, "target", dimensions=(1,))
            return cls(kind, np.zeros((len(values), 0), dtype=np.int64), values, ())
        if kind == "classification":
            if classes is None:
                codes, names = encode_labels(np.asarray(target), positive)
            else:
                codes, names = np.asarray(target), list(classes)
            return cls(kind, (codes[:, None] == np.arange(len(names))).astype(np.int64), np.empty(0), tuple(names))
        table: NDArray[Any] = numbers(target, "target", dimensions=(2,))
        if not np.isin(table, (0, 1)).all():
            raise DataError("a table of labels holds 0 and 1 only", where="target")
        labels = tuple(classes) if classes is not None else tuple(range(table.shape[1]))
        if len(labels) != table.shape[1]:
            raise DataError(f"{len(labels)} names for {table.shape[1]} columns", where="classes")
        return cls(kind, table.astype(np.int64), np.empty(0), labels)

    def __len__(self) -> int:
        return len(self.values) if self.kind == "regression" else len(self.table)

    def taught_by(self, rows: Integers) -> tuple[Target, Integers]:
        """The target with those classes alone that ``rows`` can teach, and their columns.

        A class that no row carries cannot be learned; of several labels, neither can one that every row carries.

        Raises:
            DataError: nothing can be learned from these rows.
        """
        carried = self.table[rows].sum(axis=0)
        kept = np.flatnonzero((carried > 0) & (carried < len(rows)))
        if len(kept) < (2 if self.kind == "classification" else 1):
            names = [name for name, size in zip(self.classes, carried, strict=True) if size]
            raise DataError(f"only one class in train: {names}", where="target")
        return replace(self, table=self.table[:, kept], classes=tuple(self.classes[column] for column in kept)), kept

    def check_train(self, rows: Integers) -> None:
        """Every class must occur among the training rows, and every label must be absent from some.

        Raises:
            DataError: naming those that do not.
        """
        carried = self.table[rows].sum(axis=0)
        lacking = [name for name, size in zip(self.classes, carried, strict=True) if size == 0]
        if lacking:
            raise DataError(f"class(es) {lacking} never occur in train", where="target")
        full = [name for name, size in zip(self.classes, carried, strict=True) if size == len(rows)]
        if full:
            raise DataError(f"every training row carries {full}", where="target")


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
