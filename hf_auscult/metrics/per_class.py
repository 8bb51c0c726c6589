"""Precision, recall and F1 of every class, for one label per recording and for several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DataError
from .arrays import Floats, Integers
from .classification import Labels, confusion_counts


@dataclass(frozen=True)
class ClassScores:
    """Scores of each class and their averages.

    Attributes:
        labels: the classes, in the order asked for (sorted when none was).
        true_positive: (C,) rows of the class that were decided so.
        decided: (C,) rows decided to be of the class.
        support: (C,) rows of the class.

    A class without rows or without decisions has precision, recall or F1 of 0, as in the published tables.
    """

    labels: tuple[Any, ...]
    true_positive: Integers
    decided: Integers
    support: Integers

    @property
    def precision(self) -> Floats:
        """(C,) share of the decisions that were right."""
        return _ratio(self.true_positive, self.decided)

    @property
    def recall(self) -> Floats:
        """(C,) share of the class that was found."""
        return _ratio(self.true_positive, self.support)

    @property
    def f1(self) -> Floats:
        """(C,) harmonic mean of precision and recall."""
        return _ratio(2 * self.true_positive, self.decided + self.support)

    @property
    def macro_f1(self) -> float:
        """Unweighted mean of :attr:`f1`."""
        return float(self.f1.mean())

    @property
    def macro_precision(self) -> float:
        """Unweighted mean of :attr:`precision`."""
        return float(self.precision.mean())

    @property
    def macro_recall(self) -> float:
        """Unweighted mean of :attr:`recall`."""
        return float(self.recall.mean())

    @property
    def micro_f1(self) -> float:
        """F1 of the pooled counts."""
        return float(_ratio(2 * self.true_positive.sum(), self.decided.sum() + self.support.sum()))

    def to_dict(self) -> dict[str, Any]:
        """Averages, and one entry per class, ready for JSON."""
        per_class = {
            str(label): {"precision": float(p), "recall": float(r), "f1": float(f), "support": int(n)}
            for label, p, r, f, n in zip(
                self.labels, self.precision, self.recall, self.f1, self.support.tolist(), strict=True
            )
        }
        averages = ("macro_f1", "micro_f1", "macro_precision", "macro_recall")
        return {**{name: getattr(self, name) for name in averages}, "per_class": per_class}


def class_scores(y: ArrayLike, predicted: ArrayLike, *, labels: Labels | None = None) -> ClassScores:
    """Scores of every class when each recording has one.

    Args:
        y: (n,) true classes.
        predicted: (n,) decided classes.
        labels: the classes to score, in this order; default: those that occur in either.

    Raises:
        DataError: no rows, unequal lengths, a missing label, or a class named twice.

    Example:
        >>> scores = class_scores(["n", "n", "w", "c"], ["n", "w", "w", "n"])
        >>> dict(zip(scores.labels, scores.f1.round(3).tolist())), round(scores.macro_f1, 3)
        ({'c': 0.0, 'n': 0.5, 'w': 0.667}, 0.389)
    """
    names, table, kept = confusion_counts(y, predicted, labels)
    order = np.flatnonzero(kept)
    if labels is not None:
        order = np.searchsorted(names, np.asarray(labels))
        if len(np.unique(order)) != len(order):
            raise DataError("a class is named twice", where="labels")
    columns = (np.diag(table), table.sum(axis=0), table.sum(axis=1))
    return ClassScores(tuple(names[order].tolist()), *(column[order] for column in columns))


def multilabel_scores(y: ArrayLike, predicted: ArrayLike, *, labels: Sequence[str]) -> ClassScores:
    """Scores of every class when a recording may have several or none; micro F1 pools all cells.

    Args:
        y: (n, C) 0/1 table of the truth.
        predicted: (n, C) 0/1 table of the decisions.
        labels: name of each column.

    Raises:
        DataError: other shapes, other values than 0 and 1, or no rows.

    Example:
        >>> multilabel_scores([[1, 0], [1, 1]], [[1, 1], [0, 1]], labels=["asthma", "copd"]).f1.round(3).tolist()
        [0.667, 0.667]
    """
    truth, guess = np.asarray(y), np.asarray(predicted)
    if truth.ndim != 2 or truth.shape != guess.shape or truth.shape[1] != len(labels):
        raise DataError(f"tables {truth.shape} and {guess.shape} for {len(labels)} labels", where="labels")
    if not len(truth):
        raise DataError("has no rows", where="labels")
    for name, table in (("labels", truth), ("predicted", guess)):
        if not np.isin(table, (0, 1)).all():
            raise DataError("holds other values than 0 and 1", where=name, remedy="threshold the probabilities first")
    hit = (truth == 1) & (guess == 1)
    columns = ((table == 1).sum(axis=0).astype(np.int64) for table in (guess, truth))
    return ClassScores(tuple(labels), hit.sum(axis=0).astype(np.int64), *columns)


def _ratio(part: Any, whole: Any) -> Floats:
    return np.asarray(part / np.maximum(whole, 1), dtype=np.float64)
