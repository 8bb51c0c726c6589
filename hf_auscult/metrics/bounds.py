"""Bounds from the contributions of whole people; chosen by simulation (tests/metrics/coverage_simulation.py).

Every method starts from the variance between people and shrinks it towards what theory expects of so many people,
because a variance estimated from a handful of people is itself a guess (and zero where all are right).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arrays import Floats

Bounds = tuple[float, float]

# Weight of the expected variance, in people. With less, the AUROC's coverage drops below .93 at 6 positives of 65
# people and at 25 of 250; with more, it exceeds .98 for 12 people with 4 recordings each.
PRIOR_PEOPLE = 8.0
# Correlation within a person that the expected variance assumes, and of shares, whose exact bounds may be too long.
# The observed variance takes over as people are added.
PRIOR_CORRELATION, PRIOR_CORRELATION_OF_SHARES = 0.5, 0.6


def effective_people(rows: Floats) -> float:
    """Equally often recorded people that people with so many recordings are worth if a person's are all alike.

    Example:
        >>> effective_people(np.array([4.0, 4.0])), round(effective_people(np.array([7.0, 1.0])), 2)
        (2.0, 1.28)
    """
    return float(rows.sum() ** 2 / (rows**2).sum())


def expected_worth(rows: Floats) -> float:
    """Independent recordings that the recordings of people, so many each, are expected to be worth.

    Example:
        >>> expected_worth(np.ones(5)), expected_worth(np.full(5, 4.0))
        (5.0, 8.0)
    """
    total = float(rows.sum())
    return total**2 / (total + PRIOR_CORRELATION * (float((rows**2).sum()) - total))


def shrunk(ratio: float | None, degrees: float) -> float:
    """Observed variance over the expected one, pulled towards 1; 1 where nothing was observed."""
    if ratio is None:
        return 1.0
    degrees = max(degrees, 0.0)
    return (degrees * ratio + PRIOR_PEOPLE) / (degrees + PRIOR_PEOPLE)


def joined_degrees(*parts: tuple[float, float]) -> float:
    """Satterthwaite's degrees of freedom of a sum of variances, each given with its own.

    Example:
        >>> joined_degrees((1.0, math.inf), (0.0, 2.0)), joined_degrees((1.0, math.inf), (1.0, 2.0))
        (inf, 8.0)
    """
    below = sum(variance**2 / degrees for variance, degrees in parts)
    return sum(variance for variance, _ in parts) ** 2 / below if below > 0 else math.inf


def variance_between(runs: ArrayLike, variances: ArrayLike, variance: float) -> tuple[float, float]:
    """Variance of a mean over runs as a sample of them, and its degrees of freedom; 0 of a single run.

    People answer differently to each run, and this part of the spread between runs is in the variance over people
    already. How large it is shows in the runs' own variances over people: it is what a mean over runs averages out, and
    is taken off, down to a half of the spread. With nothing taken off, differences of equal ways of training cover .99;
    with all of it, three seeds that do differ cover .89; without the variance between runs, .88.

    Args:
        runs: (runs,) figure of each.
        variances: (runs,) variance of each over people.
        variance: of their mean over people.

    Example:
        >>> variance_between([0.5, 0.75], [0.01, 0.01], 0.01), variance_between([0.5, 0.75], [0.04, 0.04], 0.02)
        ((0.015625, 1.0), (0.0078125, 0.25))
    """
    values, count = np.asarray(runs, dtype=np.float64), np.size(runs)
    if count < 2:
        return 0.0, math.inf
    shared = max(float(np.asarray(variances, dtype=np.float64).mean()) - variance, 0.0) / (count - 1)
    whole = float(values.var()) / (count - 1)
    if whole <= 1e-14:  # less is rounding
        return 0.0, math.inf
    between = max(whole - shared, whole / 2)
    return between, (count - 1) * (between / whole) ** 2  # as uncertain as the whole is


def score_bounds(value: float, variance: Callable[[float], float], level: float, degrees: float = math.inf) -> Bounds:
    """All values in [0, 1] from which the estimate is within t's reach, given the variance at each of them.

    Unlike ``value ± z * error`` it never collapses at 0 or 1 (Wilson 1927; for the AUROC Newcombe 2006, method 5).

    Example:
        >>> low, high = score_bounds(1.0, lambda share: share * (1 - share) / 10, 0.95)
        >>> round(low, 3), high
        (0.722, 1.0)
    """
    from scipy.optimize import brentq

    z = t_quantile(0.5 + level / 2, degrees)

    def outside(end: float) -> float:
        """Above 0 where the estimate is out of reach."""
        return (value - end) ** 2 - z * z * variance(end)

    low, high = (
        # The first step leaves the estimate itself, where 0 and 1 have no variance.
        end if abs(value - end) < 1e-9 or outside(end) <= 0 else brentq(outside, value + (end - value) * 1e-9, end)
        for end in (0.0, 1.0)
    )
    return float(low), float(high)


def ranking_variance(value: float, positive: float, negative: float) -> float:
    """Variance of an AUROC with so many people of each class (Hanley & McNeil 1982 in Newcombe's symmetric form).

    Source: R. G. Newcombe, Statistics in Medicine 25 (2006), 559-573.
    """
    rest = (positive + negative) / 2 - 1
    spread = 1 + rest * (1 - value) / (2 - value) + rest * value / (1 + value)
    return value * (1 - value) * spread / (positive * negative)


def share_bounds(hits: Floats, among: Floats, level: float, of_runs: float = 0.0) -> Bounds:
    """Clopper-Pearson bounds of a share, with the number of independent rows that people's rows are worth.

    Args:
        hits: (people,) rows that count, summed over each person.
        among: (people,) rows of each person; those without any are left out.
        level: coverage.
        of_runs: variance between runs, of a mean over several.

    Example:
        >>> low, high = share_bounds(np.ones(4), np.ones(4), 0.95)
        >>> round(low, 2), high
        (0.4, 1.0)
    """
    from scipy.special import betaincinv

    hits, among = hits[among > 0], among[among > 0]
    people, rows = len(among), float(among.sum())
    share = min(max(float(hits.sum()) / rows, 0.0), 1.0)
    most = float((among**2).sum()) / rows  # rows of a person that are worth one: all of them alike
    alone = share * (1 - share) / rows
    expected = 1 + (most - 1) * PRIOR_CORRELATION_OF_SHARES
    ratio = None
    if alone > 1e-15 and people > 1:
        between = people / (people - 1) * float((((hits - share * among) / rows) ** 2).sum())
        ratio = between / alone / expected
    # The spread between people is known as well as there are people of the rarer kind: with a miss, or with a hit.
    rarer = min(int((hits > 0).sum()), int((hits < among).sum()))
    effect = min(max(shrunk(ratio, rarer - 1) * expected, 1.0), most)
    effect += of_runs / alone if alone > 1e-15 else 0.0
    count = rows / effect
    found, tail = share * count, (1 - level) / 2
    low = 0.0 if found < 1e-9 else float(betaincinv(found, count - found + 1, tail))
    high = 1.0 if count - found < 1e-9 else float(betaincinv(found + 1, count - found, 1 - tail))
    return low, high


def error_bounds(
    value: float, variance: float, people: float, level: float, between: tuple[float, float] = (0.0, math.inf)
) -> Bounds:
    """Bounds of a mean error (or any positive figure): t on the logarithm, widened by 1.5 / people.

    Errors are skewed, so that the symmetric t covers .92 for 12 people; the logarithm gives .94 and the widening .96.

    Args:
        value: the mean error.
        variance: of it, between people.
        people: effective ones, see :func:`effective_people`.
        level: coverage.
        between: variance between runs and its degrees of freedom, of a mean over several.
    """
    degrees = joined_degrees((variance, max(people - 1, 1.0)), between)
    error = math.sqrt(variance + between[0])
    reach = t_quantile(0.5 + level / 2, degrees) * (1 + 1.5 / people) * error / value
    return value * math.exp(-reach), value * math.exp(reach)


def t_quantile(share: float, degrees: float) -> float:
    """Quantile of Student's t, of the normal distribution where the degrees of freedom are infinite.

    Example:
        >>> round(t_quantile(0.975, 4.0), 3), round(t_quantile(0.975, math.inf), 3)
        (2.776, 1.96)
    """
    from scipy.special import stdtrit  # a fifth of the time of scipy.stats.t

    return NormalDist().inv_cdf(share) if math.isinf(degrees) else float(stdtrit(degrees, share))


def t_bounds(value: float, variance: float, degrees: float, level: float) -> Bounds:
    """``value`` ± t times its standard error."""
    reach = t_quantile(0.5 + level / 2, max(degrees, 1.0)) * math.sqrt(variance)
    return value - reach, value + reach


def t_p_value(value: float, variance: float, degrees: float) -> float:
    """Two-sided p-value of "zero"."""
    from scipy.special import stdtr  # a fifth of the time of scipy.stats.t

    return float(2 * stdtr(max(degrees, 1.0), -abs(value) / math.sqrt(variance)))


def jackknife_variance(without: NDArray[np.float64]) -> float:
    """Variance of a statistic from its values without each of the people."""
    people = len(without)
    return float((people - 1) / people * ((without - without.mean()) ** 2).sum())
