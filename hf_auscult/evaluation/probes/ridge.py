"""Ridge regression with its penalty chosen by leaving people out, in closed form for all penalties at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ...errors import ConfigurationError, DataError
from ...metrics.arrays import Floats
from ...metrics.resampling import People


@dataclass(frozen=True)
class RidgeFit:
    """A fitted ridge regression.

    Attributes:
        penalty: chosen strength (large = strong); of equal ones the strongest.
        errors: strength -> mean over people of the mean absolute error when the person is left out.
        mean: of the columns.
        scale: of the columns.
        weights: on standardised columns.
        centre: predicted where every column is at its mean.
    """

    penalty: float
    errors: dict[float, float]
    mean: Floats
    scale: Floats
    weights: Floats
    centre: float

    def predict(self, x: Floats) -> Floats:
        """(m,) values of (m, d) features.

        Raises:
            DataError: another number of columns than in training.
        """
        if x.shape[1] != len(self.mean):
            raise DataError(f"{x.shape[1]} columns, the probe was fitted on {len(self.mean)}", where="features")
        values: Floats = ((x - self.mean) / self.scale) @ self.weights + self.centre
        return values


def fit_ridge(x: Floats, y: Floats, subjects: ArrayLike, penalties: Sequence[float]) -> RidgeFit:
    """Standardise, fit, and choose the penalty by leaving out one person at a time.

    With hat matrix H of all rows, the residuals of person G's rows in a fit without them are
    ``(I - H_GG)^-1 e_G``: exact, but for the columns' scale, which stays that of all training rows.

    Args:
        x: (n, d) features.
        y: (n,) values.
        subjects: (n,) who was recorded.
        penalties: strengths to choose from.

    Raises:
        ConfigurationError: no penalties, or one that is not above 0.
        DataError: fewer than two people.

    Example:
        >>> x = np.arange(6.0)[:, None]
        >>> fit = fit_ridge(x, 2 * x[:, 0] + 1, list("abcdef"), (1e-6, 100.0))
        >>> fit.penalty, fit.predict(np.array([[10.0]])).round(3).item()
        (1e-06, 21.0)
    """
    if not penalties or min(penalties) <= 0:
        raise ConfigurationError(f"{tuple(penalties)}: give at least one, all above 0", where="ridge_penalties")
    people = People.of(subjects)
    if len(people) < 2:
        raise DataError("one person; the penalty is chosen by leaving people out", where="subjects")
    mean, scale, centre = x.mean(axis=0), x.std(axis=0), float(y.mean())
    scale[scale <= 1e-12 * np.maximum(np.abs(mean), 1e-300)] = np.inf
    left, singular, right = np.linalg.svd((x - mean) / scale, full_matrices=False)
    grid = np.array(sorted(penalties, reverse=True))
    shrink = singular**2 / (singular**2 + grid[:, None])
    along = left.T @ (y - centre)
    residual = (y - centre) - (shrink * along) @ left.T

    errors = np.zeros(len(grid))
    for person in range(len(people)):
        rows = np.flatnonzero(people.owner == person)
        part = left[rows]
        hat = (part * shrink[:, None, :]) @ part.T + 1 / len(y)
        held = np.linalg.solve(np.eye(len(rows)) - hat, residual[:, rows, None])
        errors += np.abs(held[:, :, 0]).mean(axis=1) / len(people)
    best = int(errors.argmin())
    safe = np.where(singular > 1e-12 * max(float(singular[0]), 1e-300), singular, np.inf)
    weights = right.T @ (shrink[best] * along / safe)
    return RidgeFit(
        float(grid[best]), dict(zip(grid.tolist(), errors.tolist(), strict=True)), mean, scale, weights, centre
    )
