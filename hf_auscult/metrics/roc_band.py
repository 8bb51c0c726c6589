"""A ROC curve with the band that other people would have given."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arrays import Floats, Integers, binary, numbers, same_length
from .intervals import Interval, person_interval, resample
from .ranking import RocPoints, auroc, roc_points
from .resampling import People


@dataclass(frozen=True)
class RocBand:
    """Sensitivity over a grid of false-positive rates.

    Attributes:
        points: the curve of the data, every threshold.
        false_positive_rate: (grid,) from 0 to 1.
        low: (grid,) lower bound of the sensitivity at that rate.
        high: (grid,) upper bound; the band is pointwise, not around the whole curve.
        auroc: with its interval.
    """

    points: RocPoints
    false_positive_rate: Floats
    low: Floats
    high: Floats
    auroc: Interval


def roc_band(
    y: ArrayLike,
    score: ArrayLike,
    *,
    subjects: ArrayLike,
    grid: int = 101,
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> RocBand:
    """ROC curve with a pointwise band from resamples of people.

    Args:
        y: (n,) labels 0/1.
        score: (n,) scores, higher means more positive.
        subjects: (n,) who was recorded.
        grid: points of the band.
        draws: resamples of people.
        seed: of the resampling.
        level: coverage at each point.

    Raises:
        DataError: one class only, fewer than 4 people, NaN, no rows, or unequal lengths.

    Example:
        >>> band = roc_band([0, 0, 0, 1, 1, 1], [1, 2, 5, 4, 6, 7], subjects=list("abcdef"), grid=3, draws=200)
        >>> band.high.tolist(), bool((band.low <= band.high).all())
        ([1.0, 1.0, 1.0], True)
    """
    interval = person_interval(auroc, y, score, subjects=subjects, level=level)
    labels, column = binary(y), numbers(score, "scores")
    people = People.of(subjects)
    same_length(labels=labels, scores=column, subjects=people.owner)
    rates = np.linspace(0.0, 1.0, grid)
    curves, _ = resample(partial(_sensitivities, labels, column, people.owner, rates), people, draws, seed)
    low, high = np.quantile(curves, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return RocBand(roc_points(labels, column), rates, low, high, interval)


def _sensitivities(y: Integers, score: Floats, owner: Integers, rates: Floats, weights: NDArray[np.int32]) -> Floats:
    """(draws, grid) sensitivity of each draw at each rate, straight lines between thresholds; NaN without a class."""
    order = np.argsort(-score, kind="stable")
    last = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    of, is_positive = owner[order], y[order] == 1
    out = np.full((len(weights), len(rates)), np.nan)
    for draw, counts in enumerate(weights):
        rows = counts[of]
        total = np.cumsum(rows)
        hits = np.cumsum(np.where(is_positive, rows, 0))
        ill, healthy = int(hits[-1]), int(total[-1] - hits[-1])
        if not ill or not healthy:
            continue
        reach = hits[last]
        rate = (total[last] - reach) / healthy
        # At a jump np.interp takes its upper end.
        out[draw] = np.interp(rates, np.append(0.0, rate), np.append(0.0, reach / ill))
    return out
