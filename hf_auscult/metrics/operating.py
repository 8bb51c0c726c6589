"""What one threshold does: sensitivity, specificity and predictive values, and how to choose it beforehand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..errors import ConfigurationError, DataError
from ..files import Serialisable
from .arrays import binary, numbers, same_length
from .ranking import roc_points


@dataclass(frozen=True)
class OperatingPoint(Serialisable):
    """Counts at a threshold and the shares they make; a share of nothing is None, never 0."""

    threshold: float
    true_positive: int
    false_positive: int
    true_negative: int
    false_negative: int

    computed = ("sensitivity", "specificity", "positive_predictive_value", "negative_predictive_value", "accuracy")

    @property
    def sensitivity(self) -> float | None:
        """Positives that were found."""
        return _share(self.true_positive, self.false_negative)

    @property
    def specificity(self) -> float | None:
        """Negatives that were left alone."""
        return _share(self.true_negative, self.false_positive)

    @property
    def positive_predictive_value(self) -> float | None:
        """Alarms that were right, at the prevalence of this set."""
        return _share(self.true_positive, self.false_positive)

    @property
    def negative_predictive_value(self) -> float | None:
        """All-clears that were right, at the prevalence of this set."""
        return _share(self.true_negative, self.false_negative)

    @property
    def accuracy(self) -> float:
        """Share of right decisions."""
        right = self.true_positive + self.true_negative
        return right / (right + self.false_positive + self.false_negative)


def operating_point(y: ArrayLike, score: ArrayLike, threshold: float) -> OperatingPoint:
    """Decide ``score >= threshold`` and count.

    Args:
        y: (n,) labels 0/1.
        score: (n,) scores, higher means more positive.
        threshold: chosen on other people than these, for instance with :func:`choose_threshold`.

    Raises:
        DataError: one class only, NaN, no rows, or unequal lengths.

    Example:
        >>> point = operating_point([0, 0, 1, 1], [0.1, 0.6, 0.6, 0.9], 0.6)
        >>> point.sensitivity, point.specificity
        (1.0, 0.5)
    """
    labels, column = binary(y), numbers(score, "scores")
    same_length(labels=labels, scores=column)
    if np.isnan(threshold):
        raise DataError("is NaN", where="threshold")
    if len(np.unique(labels)) < 2:
        raise DataError(
            f"every label is {labels[0]}: sensitivity or specificity is undefined",
            where="labels",
            remedy="check the filter or the split that made this set",
        )
    alarm, ill = column >= threshold, labels == 1
    counts = ((alarm & ill), (alarm & ~ill), (~alarm & ~ill), (~alarm & ill))
    return OperatingPoint(float(threshold), *(int(count.sum()) for count in counts))


def choose_threshold(y: ArrayLike, score: ArrayLike, *, sensitivity: float | None = None) -> float:
    """Threshold from validation people: the best Youden index, or the highest that keeps a wanted sensitivity.

    Ties of the Youden index go to the higher threshold (fewer alarms).

    Args:
        y: (n,) labels 0/1 of validation recordings.
        score: (n,) their scores.
        sensitivity: at least this, in (0, 1]; None for Youden's index.

    Raises:
        DataError: one class only, NaN, or unequal lengths.
        ConfigurationError: a sensitivity outside (0, 1].

    Example:
        >>> choose_threshold([0, 0, 1, 1], [0.1, 0.6, 0.5, 0.9], sensitivity=1.0)
        0.5
    """
    points = roc_points(y, score)
    if sensitivity is None:
        return float(points.thresholds[int(np.argmax(points.true_positive_rate - points.false_positive_rate))])
    if not 0 < sensitivity <= 1:
        raise ConfigurationError(f"is {sensitivity}, expected a share in (0, 1]", where="sensitivity")
    return float(points.thresholds[int(np.argmax(points.true_positive_rate >= sensitivity - 1e-12))])


def _share(part: int, rest: int) -> float | None:
    return part / (part + rest) if part + rest else None
