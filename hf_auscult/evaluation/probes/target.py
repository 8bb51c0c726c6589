"""What is predicted: classes, several labels at once, or a value."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import DataError
from ...metrics.arrays import Floats, Integers, numbers
from ._inputs import encode_labels
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
        kind: Kind,
        positive: Hashable | None = None,
        classes: Sequence[Any] | None = None,
    ) -> Target:
        """Check and encode.

        Args:
            target: (n,) classes, (n, labels) 0/1, or (n,) values.
            kind: which of the three.
            positive: the positive one of two classes other than 0/1.
            classes: names of the columns of a table of labels.

        Raises:
            DataError: another shape, missing entries, one class only, or a table with other entries than 0 and 1.
        """
        if kind == "regression":
            values = numbers(target, "target", dimensions=(1,))
            return cls(kind, np.zeros((len(values), 0), dtype=np.int64), values, ())
        if kind == "classification":
            codes, names = encode_labels(np.asarray(target), positive)
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
