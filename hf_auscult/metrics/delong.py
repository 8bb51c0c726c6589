"""Analytic variance of the AUROC (DeLong), also for several recordings of one person (Obuchowski)."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DataError
from .arrays import Floats, binary, numbers, same_length
from .resampling import People


@dataclass(frozen=True)
class DeLong:
    """AUROC (or a difference of two), its variance, normal interval, and p-value against ``null``."""

    value: float
    variance: float
    low: float
    high: float
    p_value: float
    null: float


def delong(y: ArrayLike, score: ArrayLike, *, subjects: ArrayLike | None = None, level: float = 0.95) -> DeLong:
    """AUROC with DeLong's variance; without resampling, O(n log n).

    Args:
        y: (n,) labels 0/1.
        score: (n,) scores.
        subjects: (n,) who was recorded. Given, the variance sums each person's recordings first (Obuchowski 1997);
            left out, every recording counts as independent, which understates the variance when people repeat.
        level: coverage of the normal interval, clipped to [0, 1].

    Raises:
        DataError: one class only, fewer than two people of a class, NaN, or unequal lengths.

    Source: DeLong et al., Biometrics 44 (1988); Obuchowski, Biometrics 53 (1997).

    Example:
        >>> result = delong([0, 0, 0, 1, 1, 1], [0.1, 0.2, 0.6, 0.4, 0.8, 0.9])
        >>> round(result.value, 4), round(result.variance, 4)
        (0.8889, 0.0247)
    """
    value, parts = _parts(y, score, subjects)
    return _normal(value, float(_covariance(parts, parts)), level, null=0.5, bounds=(0.0, 1.0))


def delong_difference(
    y: ArrayLike, a: ArrayLike, b: ArrayLike, *, subjects: ArrayLike | None = None, level: float = 0.95
) -> DeLong:
    """AUROC of ``a`` minus AUROC of ``b`` on the same recordings, with the paired variance and two-sided p-value.

    Raises:
        DataError: as :func:`delong`.

    Example:
        >>> delong_difference([0, 0, 1, 1], [1, 2, 3, 4], [1, 2, 3, 4]).value
        0.0
    """
    value_a, parts_a = _parts(y, a, subjects)
    value_b, parts_b = _parts(y, b, subjects)
    variance = _covariance(parts_a, parts_a) + _covariance(parts_b, parts_b) - 2 * _covariance(parts_a, parts_b)
    return _normal(value_a - value_b, max(0.0, float(variance)), level, null=0.0, bounds=(-1.0, 1.0))


@dataclass(frozen=True)
class _Parts:
    """Per person: summed, centred structural components of the positives and of the negatives."""

    positive: Floats
    negative: Floats
    rows: tuple[int, int]
    people: tuple[int, int, int]


def _parts(y: ArrayLike, score: ArrayLike, subjects: ArrayLike | None) -> tuple[float, _Parts]:
    labels, column = binary(y), numbers(score, "scores")
    n = same_length(labels=labels, scores=column)
    owner = np.arange(n) if subjects is None else People.of(subjects).owner
    same_length(labels=labels, subjects=owner)
    is_positive = labels == 1
    people = len(np.unique(owner))
    counts = (len(np.unique(owner[is_positive])), len(np.unique(owner[~is_positive])), people)
    if min(counts[:2]) < 2:
        raise DataError(
            f"{counts[0]} positive and {counts[1]} negative people; the variance needs two of each", where="labels"
        )
    component = np.empty(n)
    for mine, others in ((is_positive, ~is_positive), (~is_positive, is_positive)):
        ordered = np.sort(column[others])
        below, upto = (np.searchsorted(ordered, column[mine], side=side) for side in ("left", "right"))
        component[mine] = (below + upto) / (2 * len(ordered))
    component[~is_positive] = 1 - component[~is_positive]
    value = float(component[is_positive].mean())
    centred = component - value
    positive, negative = (
        np.bincount(owner[mask], weights=centred[mask], minlength=people).astype(np.float64)
        for mask in (is_positive, ~is_positive)
    )
    return value, _Parts(positive, negative, (int(is_positive.sum()), int((~is_positive).sum())), counts)


def _covariance(a: _Parts, b: _Parts) -> float:
    """Obuchowski's covariance; with one recording per person its cross terms vanish and DeLong's is left."""
    m, n = a.rows
    positive, negative, people = a.people
    s10 = positive / ((positive - 1) * m) * (a.positive @ b.positive)
    s01 = negative / ((negative - 1) * n) * (a.negative @ b.negative)
    s11 = people / (people - 1) * (a.positive @ b.negative + a.negative @ b.positive)
    return float(s10 / m + s01 / n + s11 / (m * n))


def _normal(value: float, variance: float, level: float, *, null: float, bounds: tuple[float, float]) -> DeLong:
    error = variance**0.5
    reach = NormalDist().inv_cdf(0.5 + level / 2) * error
    certain = 1.0 if value == null else 0.0
    p_value = 2 * (1 - NormalDist().cdf(abs(value - null) / error)) if error > 0 else certain
    low, high = max(bounds[0], value - reach), min(bounds[1], value + reach)
    return DeLong(value, variance, low, high, p_value, null)
