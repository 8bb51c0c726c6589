"""A number with its interval over people, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike

from ..errors import DataError
from ..metrics.intervals import Interval, Statistic, person_interval


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are made: so many resamples of people, from this seed."""

    draws: int = 2000
    seed: int = 0


@dataclass(frozen=True)
class Estimate:
    """A value, its interval, and why either is missing.

    Attributes:
        value: None where the statistic is undefined on the test set.
        interval: None where too few people allow none.
        problem: why something is missing.
        left_out: classes (of several) that nobody or everybody in the test set carries, not part of the mean.
    """

    value: float | None
    interval: Interval | None
    problem: str | None = None
    left_out: tuple[Any, ...] = ()

    @property
    def low(self) -> float | None:
        """Lower bound; None without an interval."""
        return self.interval.low if self.interval is not None else None

    @property
    def high(self) -> float | None:
        """Upper bound; None without an interval."""
        return self.interval.high if self.interval is not None else None

    def __str__(self) -> str:
        if self.interval is not None:
            return str(self.interval)
        return f"{self.value:.3f} ({self.problem})" if self.value is not None else f"undefined ({self.problem})"


def estimate(
    statistic: Statistic,
    *arrays: ArrayLike,
    subjects: ArrayLike,
    bootstrap: Bootstrap,
    left_out: tuple[Any, ...] = (),
) -> Estimate:
    """A statistic with its interval over people; what cannot be computed carries the reason.

    Args:
        statistic: function of the arrays.
        *arrays: a row per recording each.
        subjects: (n,) who was recorded.
        bootstrap: resamples of people.
        left_out: classes that the statistic leaves out.

    Example:
        >>> import numpy as np
        >>> str(estimate(lambda x: float(np.mean(x)), [1.0, 2.0], subjects=["a", "b"], bootstrap=Bootstrap(10)))[:7]
        '1.500 ('
    """
    try:
        value = float(statistic(*arrays))
    except DataError as error:
        return Estimate(None, None, str(error), left_out)
    try:
        interval = person_interval(statistic, *arrays, subjects=subjects, draws=bootstrap.draws, seed=bootstrap.seed)
    except DataError as error:
        return Estimate(value, None, str(error), left_out)
    if interval.low is None:
        return Estimate(value, None, interval.reason, left_out)
    return Estimate(value, interval, left_out=left_out)
