"""Errors of predicted quantities, always beside those of a predictor that has heard nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DataError
from ..files import Serialisable
from .arrays import Floats, numbers, same_length
from .resampling import People


@dataclass(frozen=True)
class RegressionScores(Serialisable):
    """Errors of a model and of the mean predictor on the same rows.

    Attributes:
        mae: mean absolute error, in the unit of the target.
        mape: mean absolute error as a share of the truth (0.1 is 10 %); None when a target is 0.
        mean_mae: MAE of the mean predictor.
        mean_mape: MAPE of the mean predictor.
        skill: 1 - mae / mean_mae: 0 says the model knows no more than the mean, below 0 that it knows less.
        n: rows.
    """

    mae: float
    mape: float | None
    mean_mae: float
    mean_mape: float | None
    skill: float
    n: int


def mae(y: ArrayLike, predicted: ArrayLike) -> float:
    """Mean absolute error.

    Raises:
        DataError: NaN, no rows, or unequal lengths.

    Example:
        >>> mae([1.0, 2.0], [1.5, 1.0])
        0.75
    """
    truth, guess = _pair(y, predicted)
    return float(np.abs(truth - guess).mean())


def mape(y: ArrayLike, predicted: ArrayLike) -> float:
    """Mean absolute error as a share of the truth (not times 100).

    Raises:
        DataError: a target of 0, NaN, no rows, or unequal lengths.

    Example:
        >>> mape([2.0, 4.0], [1.0, 4.0])
        0.25
    """
    truth, guess = _pair(y, predicted)
    if (truth == 0).any():
        raise DataError(
            f"row {int(np.argmax(truth == 0))} is 0: a share of it is undefined",
            where="targets",
            remedy="report the MAE of this quantity",
        )
    return float((np.abs(truth - guess) / np.abs(truth)).mean())


def regression_scores(
    y: ArrayLike, predicted: ArrayLike, *, mean: ArrayLike | None = None, subjects: ArrayLike | None = None
) -> RegressionScores:
    """MAE and MAPE of a model beside those of the mean predictor.

    Args:
        y: (n,) targets.
        predicted: (n,) predictions.
        mean: what the mean predictor says: one number (mean of the training targets) or (n,) (that of each row's fold).
            Left out, it is the mean over everybody else in ``y``, as in leave-one-subject-out: a person's own
            targets never enter it.
        subjects: (n,) who was measured; only read without ``mean``, where left out every row is a person.

    Raises:
        DataError: NaN, no rows, unequal lengths, one person only, or a mean predictor without error.

    Example:
        >>> regression_scores([1.0, 2.0, 3.0], [1.0, 2.0, 4.0]).mean_mae
        1.0
    """
    truth, guess = _pair(y, predicted)
    n = len(truth)
    if mean is None:
        known = _others(truth, subjects)
    else:
        known = numbers(np.full(n, mean) if np.ndim(mean) == 0 else mean, "mean")
        same_length(targets=truth, mean=known)
    relative = bool((truth != 0).all())
    own, reference = mae(truth, guess), mae(truth, known)
    if reference == 0:
        raise DataError("never change: the mean predictor makes no error", where="targets")
    return RegressionScores(
        own,
        mape(truth, guess) if relative else None,
        reference,
        mape(truth, known) if relative else None,
        1 - own / reference,
        n,
    )


def _pair(y: ArrayLike, predicted: ArrayLike) -> tuple[Floats, Floats]:
    truth, guess = numbers(y, "targets"), numbers(predicted, "predictions")
    same_length(targets=truth, predictions=guess)
    return truth, guess


def _others(truth: Floats, subjects: ArrayLike | None) -> Floats:
    owner = np.arange(len(truth)) if subjects is None else People.of(subjects).owner
    same_length(targets=truth, subjects=owner)
    total, count = np.bincount(owner, weights=truth), np.bincount(owner)
    if len(count) < 2:
        raise DataError("one person only: there is nobody else to take the mean of", where="subjects")
    rest: Floats = (truth.sum() - total)[owner] / (len(truth) - count)[owner]
    return rest
