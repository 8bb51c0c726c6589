"""Bounds from the contributions of whole people; chosen by simulation (tests/metrics/coverage_simulation.py).

Every method starts from the variance between people and shrinks it towards what theory expects of so many people,
because a variance estimated from a handful of people is itself a guess (and zero where all are right).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from .arrays import Floats

Bounds = tuple[float, float]

# Weight of the expected variance, in people: with 4 the AUROC's coverage lies between .93 and .98 from 12 to 250
# people; with less it drops to .91 at 6 positives of 65 people, with more it exceeds .98 at 4 recordings a person.
PRIOR_PEOPLE = 4.0
# Correlation within a person that the expected variance assumes: a little above the simulated .5, since too long an
# interval does less harm than too short a one. The observed variance takes over as people are added.
PRIOR_CORRELATION = 0.6


def expected_design(rows_per_person: float) -> float:
    """Variance of a mean over people's rows, as a share of that with one row a person.

    Example:
        >>> expected_design(1.0), round(expected_design(4.0), 3)
        (1.0, 0.7)
    """
    return (1 + (rows_per_person - 1) * PRIOR_CORRELATION) / rows_per_person


def shrunk(observed: float | None, expected: float, degrees: float) -> float:
    """Observed variance ratio pulled towards the expected one; the expected one where nothing was observed."""
    if observed is None:
        return expected
    return (max(degrees, 0.0) * observed + PRIOR_PEOPLE * expected) / (max(degrees, 0.0) + PRIOR_PEOPLE)


def score_bounds(
    value: float, variance: Callable[[float], float], level: float, degrees: float | None = None
) -> Bounds:
    """All values in [0, 1] from which the estimate is within its reach, given the variance at each of them.

    With ``degrees`` the reach is that of Student's t and not of the normal distribution.

    Unlike ``value ± z * error`` it never collapses at 0 or 1 (Wilson 1927; for the AUROC Newcombe 2006, method 5).

    Example:
        >>> low, high = score_bounds(1.0, lambda share: share * (1 - share) / 10, 0.95)
        >>> round(low, 3), high
        (0.722, 1.0)
    """
    from scipy.stats import t

    z = NormalDist().inv_cdf(0.5 + level / 2) if degrees is None else float(t.ppf(0.5 + level / 2, degrees))
    ends = []
    for outside in (0.0, 1.0):
        near, far = value, outside
        for _ in range(50):  # halves the distance each time: exact to rounding
            middle = (near + far) / 2
            if (value - middle) ** 2 <= z * z * variance(middle):
                near = middle
            else:
                far = middle
        ends.append(near)
    # Both ends of the unit interval have no variance, so bisection ends a rounding error before them.
    return (0.0 if ends[0] < 1e-12 else ends[0]), (1.0 if ends[1] > 1 - 1e-12 else ends[1])


def ranking_variance(value: float, positive: float, negative: float) -> float:
    """Variance of an AUROC with so many people of each class (Hanley & McNeil 1982 in Newcombe's symmetric form).

    Source: R. G. Newcombe, Statistics in Medicine 25 (2006), 559-573.
    """
    rest = (positive + negative) / 2 - 1
    spread = 1 + rest * (1 - value) / (2 - value) + rest * value / (1 + value)
    return value * (1 - value) * spread / (positive * negative)


def share_bounds(hits: Floats, among: Floats, level: float) -> Bounds:
    """Clopper-Pearson bounds of a share, with the number of independent rows that people's rows are worth.

    Args:
        hits: (people,) rows that count, summed over each person.
        among: (people,) rows of each person; those without any are left out.
        level: coverage.

    Example:
        >>> low, high = share_bounds(np.ones(4), np.ones(4), 0.95)
        >>> round(low, 2), high
        (0.4, 1.0)
    """
    from scipy.stats import beta

    hits, among = hits[among > 0], among[among > 0]
    people, rows = len(among), float(among.sum())
    share = min(max(float(hits.sum()) / rows, 0.0), 1.0)
    most = float((among**2).sum()) / rows  # rows of a person that are worth one: all of them alike
    alone = share * (1 - share) / rows
    observed = None
    if alone > 1e-15 and people > 1:
        between = people / (people - 1) * float((((hits - share * among) / rows) ** 2).sum())
        observed = between / alone
    # The spread between people is known as well as there are people of the rarer kind: with a miss, or with a hit.
    rarer = min(int((hits > 0).sum()), int((hits < among).sum()))
    effect = min(max(shrunk(observed, most * expected_design(most), rarer - 1), 1.0), most)
    count = rows / effect
    found, tail = share * count, (1 - level) / 2
    low = 0.0 if found < 1e-9 else float(beta.ppf(tail, found, count - found + 1))
    high = 1.0 if count - found < 1e-9 else float(beta.ppf(1 - tail, found + 1, count - found))
    return low, high


def error_bounds(value: float, variance: float, people: int, level: float) -> Bounds:
    """Bounds of a mean error (or any positive figure): t on the logarithm, widened by 1 / people.

    Errors are skewed, so that the symmetric t covers .92 for 12 people; the logarithm gives .94 and the widening .96,
    and .95 for Laplace errors.
    """
    from scipy.stats import t

    reach = float(t.ppf(0.5 + level / 2, people - 1)) * (1 + 1 / people) * math.sqrt(variance) / value
    return value * math.exp(-reach), value * math.exp(reach)


def t_bounds(value: float, variance: float, degrees: float, level: float) -> Bounds:
    """``value`` ± t times its standard error."""
    from scipy.stats import t

    reach = float(t.ppf(0.5 + level / 2, max(degrees, 1.0))) * math.sqrt(variance)
    return value - reach, value + reach


def t_p_value(value: float, variance: float, degrees: float) -> float:
    """Two-sided p-value of "zero"."""
    from scipy.stats import t

    return float(2 * t.sf(abs(value) / math.sqrt(variance), max(degrees, 1.0)))


def jackknife_variance(without: NDArray[np.float64]) -> float:
    """Variance of a statistic from its values without each of the people."""
    people = len(without)
    return float((people - 1) / people * ((without - without.mean()) ** 2).sum())
