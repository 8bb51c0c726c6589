"""Scores of hard decisions: accuracy, F1, precision and recall, by class and averaged, as scikit-learn defines them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from .arrays import Floats, Integers, labels_of, one_spelling_each, same_length

Labels = Sequence[object] | NDArray[np.generic]


@dataclass(frozen=True)
class ClassScores:
    """Scores of each class and their averages; a class without rows or without decisions scores 0.

    Attributes:
        labels: the classes, in the order asked for (sorted when none was).
        precision: (C,) share of the decisions that were right.
        recall: (C,) share of the class that was found.
        f1: (C,) harmonic mean of the two.
        support: (C,) rows of the class.
        micro_f1: F1 of the pooled counts.
    """

    labels: tuple[Any, ...]
    precision: Floats
    recall: Floats
    f1: Floats
    support: Integers
    micro_f1: float

    @property
    def macro_f1(self) -> float:
        """Unweighted mean of :attr:`f1`."""
        return float(self.f1.mean())

    def to_dict(self) -> dict[str, Any]:
        """Averages, and one entry per class, ready for JSON."""
        columns = {"precision": self.precision, "recall": self.recall, "f1": self.f1, "support": self.support}
        return {
            "macro_f1": self.macro_f1,
            "micro_f1": self.micro_f1,
            "macro_precision": float(self.precision.mean()),
            "macro_recall": float(self.recall.mean()),
            "per_class": {
                str(label): {name: values[place].item() for name, values in columns.items()}
                for place, label in enumerate(self.labels)
            },
        }


def class_scores(y: ArrayLike, predicted: ArrayLike, *, labels: Labels | None = None) -> ClassScores:
    """Scores of every class when each recording has one (scikit-learn's ``precision_recall_fscore_support``).

    Args:
        y: (n,) true classes.
        predicted: (n,) decided classes.
        labels: the classes to score, in this order; default: those that occur in either, so that a class that is
            decided but never true counts with an F1 of 0.

    Raises:
        DataError: no rows, unequal lengths, a missing label, a class named twice or under several spellings.

    Example:
        >>> scores = class_scores(["n", "n", "w", "c"], ["n", "w", "w", "n"])
        >>> dict(zip(scores.labels, scores.f1.round(3).tolist())), round(scores.macro_f1, 3)
        ({'c': 0.0, 'n': 0.5, 'w': 0.667}, 0.389)
    """
    names, table, kept = confusion_counts(y, predicted, labels)
    asked = names[kept] if labels is None else np.asarray(labels)
    if len(np.unique(asked)) != len(asked):
        raise DataError("a class is named twice", where="labels")
    wanted = np.searchsorted(names, asked)
    right, decided, support = np.diag(table)[wanted], table.sum(axis=0)[wanted], table.sum(axis=1)[wanted]
    return ClassScores(
        labels=tuple(asked.tolist()),
        precision=_ratio(right, decided),
        recall=_ratio(right, support),
        f1=_ratio(2 * right, decided + support),
        support=support,
        micro_f1=float(_ratio(2 * right.sum(), decided.sum() + support.sum())),
    )


def macro_f1(y: ArrayLike, predicted: ArrayLike, *, labels: Labels | None = None) -> float:
    """Unweighted mean of the classes' F1; arguments and errors as :func:`class_scores`.

    Example:
        >>> round(macro_f1([0, 0, 1, 1], [0, 1, 1, 1]), 4)
        0.7333
    """
    return class_scores(y, predicted, labels=labels).macro_f1


def micro_f1(y: ArrayLike, predicted: ArrayLike, *, labels: Labels | None = None) -> float:
    """F1 of the pooled counts; equals accuracy unless ``labels`` leaves classes out (the normal class, say).

    Example:
        >>> micro_f1([0, 1, 1, 1], [0, 1, 1, 0])
        0.75
    """
    return class_scores(y, predicted, labels=labels).micro_f1


def accuracy(y: ArrayLike, predicted: ArrayLike) -> float:
    """Share of correct decisions.

    Raises:
        DataError: no rows, unequal lengths, a missing label, or one class under several spellings.

    Example:
        >>> accuracy([0, 1, 1, 1], [0, 1, 1, 0])
        0.75
    """
    truth, guess = _pair(y, predicted)
    return float(np.mean(truth == guess))


def sensitivity(y: ArrayLike, predicted: ArrayLike, *, positive: object = 1) -> float:
    """Share of the positive rows that were decided positive (recall of the positive class).

    Raises:
        DataError: no positive rows, no rows at all, unequal lengths, or one class under several spellings.

    Example:
        >>> sensitivity([1, 1, 0, 0], [1, 0, 0, 0])
        0.5
    """
    truth, guess = _pair(y, predicted)
    return _share(guess == positive, truth == positive, f"no row is positive ({positive!r})")


def specificity(y: ArrayLike, predicted: ArrayLike, *, positive: object = 1) -> float:
    """Share of the negative rows that were decided negative.

    Raises:
        DataError: no negative rows, no rows at all, unequal lengths, or one class under several spellings.

    Example:
        >>> specificity([1, 1, 0, 0], [1, 0, 1, 0])
        0.5
    """
    truth, guess = _pair(y, predicted)
    return _share(guess != positive, truth != positive, f"every row is positive ({positive!r})")


def confusion_counts(
    y: ArrayLike, predicted: ArrayLike, labels: Labels | None = None
) -> tuple[NDArray[np.generic], Integers, NDArray[np.bool_]]:
    """Every class that occurs or is named, the (true, decided) counts over them, and which of them were asked for.

    Raises:
        DataError: no rows, unequal lengths, a missing label (None, NaN), or one class under several spellings.
    """
    truth, guess = _pair(y, predicted)
    asked = np.asarray(labels) if labels is not None else truth[:0]
    try:
        names, codes = np.unique(np.concatenate([truth, guess, asked]), return_inverse=True)
    except TypeError as error:
        raise DataError(f"mix kinds that have no order: {error}", where="labels", remedy="use text for all") from error
    n, size = len(truth), len(names)
    table = np.bincount(codes[:n] * size + codes[n : 2 * n], minlength=size * size).reshape(size, size)
    kept = np.isin(np.arange(size), codes[2 * n :]) if labels is not None else np.ones(size, dtype=np.bool_)
    return names, table, kept


def _pair(y: ArrayLike, predicted: ArrayLike) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    truth, guess = labels_of(y, "labels"), labels_of(predicted, "predicted")
    same_length(labels=truth, predicted=guess)
    if {truth.dtype.kind, guess.dtype.kind} - set("biuf"):  # numbers that are not equal are not one class
        one_spelling_each(dict.fromkeys([*truth.tolist(), *guess.tolist()]))
    return truth, guess


def _ratio(part: Any, whole: Any) -> Floats:
    """Quotients; 0 where there is nothing to divide by."""
    quotients: Floats = np.divide(part, whole, out=np.zeros(np.shape(part)), where=np.asarray(whole) > 0)
    return quotients


def _share(hit: NDArray[np.bool_], among: NDArray[np.bool_], problem: str) -> float:
    if not among.any():
        raise DataError(problem, where="labels", remedy="check the filter or the split that made this set")
    return float(np.mean(hit[among]))
