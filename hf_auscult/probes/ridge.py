"""Ridge regression on frozen features, one person left out at a time; every penalty at once, nothing random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DataError
from ..metrics.arrays import Floats, numbers
from ..metrics.resampling import People
from ._inputs import features_of
from .linear import _one_thread

PENALTIES: tuple[float, ...] = tuple(10.0**power for power in range(-2, 7))


@dataclass(frozen=True, eq=False)
class LeftOut:
    """Predictions of people that the regression never saw.

    Attributes:
        predicted: (n,) in the unit of the target.
        penalties: person -> penalty chosen among the others.
        baseline: (n,) mean of the others: what is known without listening.
    """

    predicted: Floats
    penalties: dict[str, float]
    baseline: Floats


def leave_one_subject_out(
    x: ArrayLike, y: ArrayLike, subjects: ArrayLike, *, penalties: tuple[float, ...] = PENALTIES
) -> LeftOut:
    """Predict every person by a ridge regression on all others.

    Columns are standardised and the target centred on the training people. The penalty is the one with the smallest
    mean absolute error over *their* people, each left out in turn: in closed form from the hat matrix, for all
    penalties from one decomposition. Equal errors choose the strongest.

    Args:
        x: (n, d) features.
        y: (n,) target.
        subjects: (n,) who was recorded.
        penalties: squared-norm penalties on standardised columns.

    Raises:
        DataError: fewer than three people, NaN, or unequal lengths.

    Example:
        >>> x = np.arange(8.0)[:, None]
        >>> found = leave_one_subject_out(x, 2 * x[:, 0] + 1, list("abcdefgh"))
        >>> bool(np.abs(found.predicted - (2 * x[:, 0] + 1)).max() < 0.1)
        True
    """
    target = numbers(y, "y")
    table = features_of(x, target, "x")
    people = People.of(subjects)
    if len(people) < 3:
        raise DataError(f"{len(people)} people", where="subjects", remedy="one left out needs at least three")
    predicted, baseline = np.empty(len(target)), np.empty(len(target))
    chosen: dict[str, float] = {}
    with _one_thread():
        for person, name in enumerate(people.names.tolist()):
            held = people.owner == person
            known, owner = target[~held], people.owner[~held]
            mean, scale = table[~held].mean(axis=0), table[~held].std(axis=0)
            scale = np.where(scale > 1e-12 * np.maximum(np.abs(mean), 1e-300), scale, np.inf)
            z, centre = (table[~held] - mean) / scale, known.mean()
            u, s, vt = np.linalg.svd(z, full_matrices=False)
            penalty = _best(u, s, known - centre, owner, penalties)
            weights = vt.T @ (s / (s**2 + penalty) * (u.T @ (known - centre)))
            predicted[held] = (table[held] - mean) / scale @ weights + centre
            baseline[held] = centre
            chosen[str(name)] = penalty
    return LeftOut(predicted, chosen, baseline)


def _best(u: Floats, s: Floats, y: Floats, owner: Floats, penalties: tuple[float, ...]) -> float:
    """Penalty with the smallest error over people left out; the intercept is part of the hat matrix."""
    n = len(y)
    groups = [np.flatnonzero(owner == who) for who in np.unique(owner)]
    errors = {}
    for penalty in sorted(penalties, reverse=True):
        shrunk = s**2 / (s**2 + penalty)
        residual = y - (u * shrunk) @ (u.T @ y)
        total = 0.0
        for rows in groups:
            hat = (u[rows] * shrunk) @ u[rows].T + 1 / n
            total += float(np.abs(np.linalg.solve(np.eye(len(rows)) - hat, residual[rows])).mean())
        errors[penalty] = total / len(groups)
    return min(errors, key=lambda penalty: (errors[penalty], -penalty))
