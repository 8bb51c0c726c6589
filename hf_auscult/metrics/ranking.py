"""Area under the ROC curve: one recording set, many resamples at once, several classes, several runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from .arrays import Floats, Integers, as_array, binary, class_numbers, numbers, same_length

_CELLS = 2_000_000  # draws x rows held at once: 16 MB per temporary array


class RocPoints(NamedTuple):
    """One ROC curve from (0, 0) to (1, 1); ``thresholds[0]`` is infinite."""

    false_positive_rate: Floats
    true_positive_rate: Floats
    thresholds: Floats


def weighted_auroc(y: Integers, score: Floats, weights: NDArray[np.generic], owner: Integers | None = None) -> Floats:
    """AUROC of many reweightings of the same rows, as a Mann-Whitney count with ties as one half.

    Args:
        y: (n,) 0/1 labels.
        score: (n,) scores, higher means more positive.
        weights: (draws, n), or (draws, people) when ``owner`` says whose row each is; counts of a bootstrap draw.
        owner: (n,) column of ``weights`` that each row takes its weight from.

    Returns:
        (draws,) AUROC; NaN where one of the classes has no weight. Exact for whole-number weights.
    """
    owner = np.arange(len(y)) if owner is None else owner
    positive, negative = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    negative = negative[np.argsort(score[negative], kind="stable")]
    below = np.searchsorted(score[negative], score[positive], side="left")
    upto = np.searchsorted(score[negative], score[positive], side="right")
    out = np.empty(len(weights))
    step = max(1, _CELLS // max(1, len(y)))
    for start in range(0, len(weights), step):
        block = weights[start : start + step]
        gain = block[:, owner[positive]].astype(np.float64)
        passed = np.zeros((len(block), len(negative) + 1))
        np.cumsum(block[:, owner[negative]], axis=1, out=passed[:, 1:])
        wins = np.einsum("dp,dp->d", gain, passed[:, below]) + np.einsum("dp,dp->d", gain, passed[:, upto])
        with np.errstate(invalid="ignore", divide="ignore"):
            out[start : start + step] = wins / (2.0 * gain.sum(axis=1) * passed[:, -1])
    return out


def auroc(y: ArrayLike, score: ArrayLike) -> float:
    """Area under the ROC curve; macro one-versus-rest average for several classes.

    Args:
        y: (n,) labels 0/1; or class numbers 0..C-1 with (n, C) scores; or an (n, C) 0/1 table, one column per class
            (people who carry several labels).
        score: (n,), or (n, C) in the order of the classes. (n, 2) with 0/1 labels reads the second column.

    Raises:
        DataError: one class only, a class of the table without both kinds of rows, NaN, or unequal lengths.

    Example:
        >>> auroc([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.9])
        0.875
    """
    value = auroc_draws(y, score, np.ones((1, len(as_array(y))), dtype=np.int64))[0]
    return _defined(value, y)


def auroc_over_runs(y: ArrayLike, scores: ArrayLike, *, factors: Sequence[ArrayLike] = ()) -> float:
    """Mean AUROC over runs (seeds, or sub-samples of labels) that scored the same recordings.

    Args:
        y: as in :func:`auroc`.
        scores: (n, runs), or (n, runs, C) for several classes.
        factors: what makes the runs differ, (runs,) levels of each factor (the seed, the draw of labelled people);
            read by intervals alone, ``person_interval(partial(auroc_over_runs, factors=...), ...)``.

    Raises:
        DataError: as :func:`auroc`.

    Example:
        >>> auroc_over_runs([0, 1, 1], [[0.1, 0.9], [0.8, 0.1], [0.9, 0.2]])
        0.5
    """
    value = auroc_over_runs_draws(y, scores, np.ones((1, len(as_array(y))), dtype=np.int64))[0]
    return _defined(value, y)


def auroc_draws(y: ArrayLike, score: ArrayLike, weights: NDArray[np.generic], owner: Integers | None = None) -> Floats:
    """:func:`auroc` of every row of ``weights``, (draws,), NaN where undefined; see :func:`weighted_auroc`."""
    tables = one_versus_rest(as_array(y), numbers(score, "scores", dimensions=(1, 2)))
    values = np.stack([weighted_auroc(labels, column, weights, owner) for labels, column in tables])
    mean: Floats = values.mean(axis=0)
    return mean


def auroc_over_runs_draws(
    y: ArrayLike,
    scores: ArrayLike,
    weights: NDArray[np.generic],
    owner: Integers | None = None,
    *,
    factors: Sequence[ArrayLike] = (),
) -> Floats:
    """:func:`auroc_over_runs` of every row of ``weights``, (draws,), NaN where undefined."""
    runs = numbers(scores, "scores", dimensions=(2, 3))
    values = np.stack([auroc_draws(y, runs[:, run], weights, owner) for run in range(runs.shape[1])])
    mean: Floats = values.mean(axis=0)
    return mean


def roc_points(y: ArrayLike, score: ArrayLike) -> RocPoints:
    """ROC curve of binary scores, every threshold kept (nothing is thinned out).

    Raises:
        DataError: one class only, labels other than 0/1, NaN, or unequal lengths.

    Example:
        >>> roc_points([0, 1], [0.2, 0.7]).true_positive_rate.tolist()
        [0.0, 1.0, 1.0]
    """
    from sklearn.metrics import roc_curve

    labels, column = binary(y), numbers(score, "scores")
    same_length(labels=labels, scores=column)
    if len(np.unique(labels)) < 2:
        raise _single_class(labels)
    return RocPoints(*roc_curve(labels, column, drop_intermediate=False))


def one_versus_rest(y: NDArray[np.generic], score: Floats) -> list[tuple[Integers, Floats]]:
    """(n,) 0/1 labels and scores of each class that :func:`auroc` averages over."""
    same_length(labels=y, scores=score)
    if score.ndim == 2 and score.shape[1] == 1:
        score = score[:, 0]
    if score.ndim == 1:
        return [(binary(y), score)]
    classes = score.shape[1]
    if y.ndim == 2:
        if y.shape != score.shape:
            raise DataError(f"label table {y.shape} and scores {score.shape} differ", where="labels")
        return [(binary(y[:, c], f"labels[:, {c}]"), score[:, c]) for c in range(classes)]
    if classes == 2:
        return [(binary(y), score[:, 1])]
    y = class_numbers(y, classes)
    return [((y == c).astype(np.int64), score[:, c]) for c in range(classes)]


def _defined(value: float, y: ArrayLike) -> float:
    if np.isnan(value):
        raise _single_class(as_array(y))
    return float(value)


def _single_class(y: NDArray[np.generic]) -> DataError:
    seen = np.unique(y).tolist() if y.ndim == 1 else [f"column sums {y.sum(axis=0).tolist()} of {len(y)} rows"]
    return DataError(
        f"AUROC needs rows of every class, got {seen}",
        where="labels",
        remedy="check the filter or the split that made this set; one class cannot be ranked against nothing",
    )
