"""Analytic variance of the AUROC (DeLong), also for several recordings of one person (Obuchowski)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from .arrays import Floats, Integers, as_array, binary, numbers, same_length
from .bounds import t_bounds, t_p_value
from .intervals import Interval, paired_difference
from .placements import placements
from .ranking import auroc
from .resampling import People


@dataclass(frozen=True)
class DeLong:
    """AUROC, its variance, interval and p-value against ``null``.

    ``low`` and ``high`` are None where the variance is 0: nobody is misplaced, and nothing can be said of its spread.
    """

    value: float
    variance: float
    low: float | None
    high: float | None
    p_value: float
    null: float


def delong(y: ArrayLike, score: ArrayLike, *, subjects: ArrayLike | None = None, level: float = 0.95) -> DeLong:
    """AUROC with DeLong's variance and a t interval on the logit; without resampling, O(n log n).

    :func:`~hf_auscult.metrics.person_interval` covers better with few people; this one stands beside published ones.

    Args:
        y: (n,) labels 0/1.
        score: (n,) scores.
        subjects: (n,) who was recorded. Given, the variance sums each person's recordings first (Obuchowski 1997);
            left out, every recording counts as independent, which understates the variance when people repeat.
        level: coverage.

    Returns:
        With the p-value of "no better or worse than chance": of t where the variance is positive and both classes have
        at least 5 people, else of Mann and Whitney's test of people's mean placements (exact for few people).

    Raises:
        DataError: one class only, fewer than two people of a class, NaN, or unequal lengths.

    Source: DeLong et al., Biometrics 44 (1988); Obuchowski, Biometrics 53 (1997).

    Example:
        >>> result = delong([0, 0, 0, 1, 1, 1], [0.1, 0.2, 0.6, 0.4, 0.8, 0.9])
        >>> round(result.value, 4), round(result.variance, 4)
        (0.8889, 0.0247)
    """
    labels, column = binary(y), numbers(score, "scores")
    people = People.of(np.arange(len(labels)) if subjects is None else subjects)
    same_length(labels=labels, scores=column, subjects=people.owner)
    found = placements(labels, column, people.owner)
    if found.rarer < 2:
        counts = f"{found.people[0]} positive and {found.people[1]} negative people"
        raise DataError(f"{counts}; the variance needs two of each", where="labels")
    low = high = None
    if found.variance > 0 and 0 < found.value < 1:
        logit, slope = math.log(found.value / (1 - found.value)), found.value * (1 - found.value)
        ends = t_bounds(logit, found.variance / slope**2, found.degrees, level)
        low, high = (1 / (1 + math.exp(-end)) for end in ends)
    if found.variance > 0 and found.rarer >= 5:
        p_value = t_p_value(found.value - 0.5, found.variance, found.degrees)
    else:
        p_value = _rank_p_value(labels, column, people.owner)
    return DeLong(found.value, found.variance, low, high, p_value, 0.5)


def delong_difference(
    y: ArrayLike, a: ArrayLike, b: ArrayLike, *, subjects: ArrayLike | None = None, level: float = 0.95
) -> Interval:
    """AUROC of ``a`` minus AUROC of ``b``: :func:`~hf_auscult.metrics.paired_difference` in DeLong's argument order.

    Example:
        >>> delong_difference([0, 0, 1, 1], [1, 2, 3, 4], [1, 2, 3, 4]).p_value
        1.0
    """
    who = np.arange(len(as_array(y))) if subjects is None else subjects
    return paired_difference(auroc, a, b, labels=y, subjects=who, level=level)


def _rank_p_value(labels: Integers, score: Floats, owner: NDArray[np.int64]) -> float:
    """Of Mann and Whitney's test: a person is one value, the mean rank of the recordings of one class."""
    from scipy.stats import mannwhitneyu, rankdata

    rank = rankdata(score)
    sides = []
    for kind in (1, 0):
        rows = labels == kind
        sums, count = (np.bincount(owner[rows], weights=w) for w in (rank[rows], np.ones(rows.sum())))
        sides.append(sums[count > 0] / count[count > 0])
    return float(mannwhitneyu(*sides, method="auto").pvalue)  # exact up to 8 people a class without ties
