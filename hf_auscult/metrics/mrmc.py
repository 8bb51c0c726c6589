"""Several readers on the same people: Obuchowski-Rockette analysis of random readers and random cases."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from ..files import Serialisable
from .arrays import Floats, numbers
from .resampling import People


@dataclass(frozen=True)
class ReaderMean(Serialisable):
    """Mean of a figure over readers, for readers and people like these.

    Attributes:
        value: mean over the readers.
        low: lower bound.
        high: upper bound.
        standard_error: of the mean, over readers and people.
        degrees: Hillis's degrees of freedom.
        p_value: two-sided, of a mean of 0: for differences.
        reader_variance: mean square between readers, MS(R).
        covariance: mean covariance of two readers' figures over people, Cov2.
        readers: their number.
    """

    value: float
    low: float
    high: float
    standard_error: float
    degrees: float
    p_value: float
    reader_variance: float
    covariance: float
    readers: int


def reader_mean(figures: ArrayLike, covariances: ArrayLike, *, level: float = 0.95) -> ReaderMean:
    """Obuchowski and Rockette's mean over readers with Hillis's degrees of freedom.

    With ``figures`` as differences between each reader and a model that read the same people, it is the comparison of a
    model with readers.

    Args:
        figures: (readers,) of each.
        covariances: (readers, readers) of them over people, see :func:`person_covariances`.
        level: of the interval.

    Raises:
        DataError: fewer than two readers, NaN, other shapes, or no variance at all.

    Source: Obuchowski & Rockette, Commun. Stat. Simul. 24 (1995); Hillis, Stat. Med. 26 (2007), section 5.

    Example:
        >>> found = reader_mean([0.9, 0.8, 0.85], np.full((3, 3), 4e-4) + np.eye(3) * 6e-4)
        >>> f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"
        '0.85 [0.76, 0.94]'
    """
    from scipy.stats import t

    theta, covariance = numbers(figures, "figures"), numbers(covariances, "covariances", dimensions=(2,))
    readers = len(theta)
    if readers < 2 or covariance.shape != (readers, readers):
        raise DataError(
            f"{readers} readers with covariances of shape {covariance.shape}",
            where="figures",
            remedy="give two readers or more",
        )
    between = float(theta.var(ddof=1))
    shared = float(covariance[~np.eye(readers, dtype=bool)].mean())
    total = between + max(readers * shared, 0.0)
    if not total > 0:
        raise DataError("neither readers nor people differ: no error can be estimated", where="figures")
    degrees = total**2 / (between**2 / (readers - 1)) if between > 0 else math.inf
    value, error = float(theta.mean()), math.sqrt(total / readers)
    reach = float(t.ppf(0.5 + level / 2, degrees)) * error
    return ReaderMean(
        value=value,
        low=value - reach,
        high=value + reach,
        standard_error=error,
        degrees=degrees,
        p_value=float(2 * t.sf(abs(value) / error, degrees)),
        reader_variance=between,
        covariance=shared,
        readers=readers,
    )


def person_covariances(
    figures: Callable[[NDArray[np.int64]], Floats], subjects: ArrayLike
) -> tuple[Floats, NDArray[np.float64]]:
    """Figures of all rows, and their covariances over people by the jackknife.

    Args:
        figures: row numbers -> (readers,) figures.
        subjects: (n,) who was recorded.

    Raises:
        DataError: a figure that is undefined without one of the people.
    """
    people = People.of(subjects)
    count = len(people)
    without = np.stack([figures(np.flatnonzero(people.owner != person)) for person in range(count)])
    centred = without - without.mean(axis=0)
    return figures(np.arange(len(people.owner))), (count - 1) / count * centred.T @ centred
