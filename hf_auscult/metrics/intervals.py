"""Intervals that resample people, never recordings: two recordings of one person are not two findings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from .arrays import Floats, same_length
from .ranking import auroc, auroc_draws, auroc_over_runs, auroc_over_runs_draws
from .resampling import People
from .tables import estimate

Statistic = Callable[..., float]
_OfDraws = Callable[[NDArray[np.int32]], Floats]

FEWEST_PEOPLE = 4
# Statistics with a form that scores all draws at once; every other one is called once per draw.
_VECTORISED: dict[Statistic, Callable[..., Floats]] = {
    auroc: auroc_draws,
    auroc_over_runs: auroc_over_runs_draws,
}


@dataclass(frozen=True)
class Interval:
    """A figure with its patient-bootstrap interval.

    Attributes:
        value: the statistic on the data as they are.
        low: lower percentile bound.
        high: upper percentile bound.
        subjects: number of people behind it.
        positives: number of people with at least one positive row; None without 0/1 labels.
        draws: resamples the bounds rest on (all of them defined).
        redrawn: further resamples in which the statistic was undefined and which were drawn again.
        level: coverage.
        p_value: two-sided bootstrap p-value of "no difference"; only for differences.

    Example:
        >>> str(Interval(0.7421, 0.609, 0.8551, subjects=58, positives=20, draws=2000))
        '.742 [.61, .86]'
    """

    value: float
    low: float
    high: float
    subjects: int
    positives: int | None
    draws: int
    redrawn: int = 0
    level: float = 0.95
    p_value: float | None = None

    def __str__(self) -> str:
        return estimate(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON."""
        return asdict(self)


def patient_bootstrap(
    statistic: Statistic,
    *arrays: ArrayLike,
    subjects: ArrayLike,
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
    strata: ArrayLike | None = None,
) -> Interval:
    """Percentile interval of a statistic over resamples of whole people, with replacement.

    AUROC (:func:`~hf_auscult.metrics.auroc`, :func:`~hf_auscult.metrics.auroc_over_runs`) of all draws is computed at
    once; any other statistic is called once per draw. A draw on which it is undefined (NaN or DataError: one class
    only) is drawn again from the same generator and counted in ``redrawn``.

    Args:
        statistic: function of the arrays, row-aligned, returning a float.
        *arrays: each with one row per recording; when there are several and the first holds 0/1 labels, it fills
            ``positives``.
        subjects: (n,) who was recorded.
        draws: number of resamples.
        seed: of the generator; equal seeds give equal intervals, whatever the statistic.
        level: coverage.
        strata: (n,) optional property of the person; draws keep the number of people of each.

    Raises:
        DataError: fewer than 4 people, more than half of the draws undefined, missing subjects, unequal lengths, or
            the statistic itself undefined on the data.

    Example:
        >>> print(patient_bootstrap(auroc, [0, 0, 0, 1, 1, 1], [1, 2, 5, 4, 6, 7], subjects=list("abcdef")))
        .889 [.50, 1.00]
    """
    people = _people(subjects, strata, arrays)
    columns = [np.asarray(array) for array in arrays]
    value = float(statistic(*columns))
    values, redrawn = resample(_of_draws(statistic, columns, people), people, draws, seed)
    low, high = percentiles(values, level)
    return Interval(value, low, high, len(people), _positives(columns, people), draws, redrawn, level)


def paired_difference(
    statistic: Statistic,
    a: ArrayLike,
    b: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    subjects: ArrayLike,
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
    strata: ArrayLike | None = None,
) -> Interval:
    """Statistic of ``a`` minus that of ``b``, both on the same resamples of people.

    Args:
        statistic: called as ``statistic(labels, a)``, or ``statistic(a)`` without labels.
        a: scores (or per-row figures) of the first system.
        b: those of the second, same rows.
        labels: (n,) labels.
        subjects: as in :func:`patient_bootstrap`, like the rest.
        draws: number of resamples.
        seed: of the generator.
        level: coverage.
        strata: optional property of the person.

    Returns:
        The interval of the difference, with the two-sided bootstrap ``p_value`` (at least 2 / (draws + 1)).

    Raises:
        DataError: as :func:`patient_bootstrap`.

    Example:
        >>> y, who = [0, 0, 0, 1, 1, 1], list("abcdef")
        >>> paired_difference(auroc, [1, 2, 5, 4, 6, 7], [1, 2, 5, 4, 6, 7], labels=y, subjects=who).p_value
        1.0
    """
    shared = [] if labels is None else [labels]
    people = _people(subjects, strata, (*shared, a, b))
    systems = [[np.asarray(array) for array in (*shared, scores)] for scores in (a, b)]
    value = float(statistic(*systems[0])) - float(statistic(*systems[1]))
    first, second = (_of_draws(statistic, columns, people) for columns in systems)
    values, redrawn = resample(lambda weights: first(weights) - second(weights), people, draws, seed)
    low, high = percentiles(values, level)
    tail = min(int((values <= 0).sum()), int((values >= 0).sum()))
    p_value = min(1.0, 2 * (1 + tail) / (draws + 1))
    positives = _positives(systems[0], people) if shared else None
    return Interval(value, low, high, len(people), positives, draws, redrawn, level, p_value)


def _people(subjects: ArrayLike, strata: ArrayLike | None, arrays: tuple[ArrayLike, ...]) -> People:
    people = People.of(subjects, strata)
    same_length(subjects=people.owner, **{f"array {i}": np.asarray(array) for i, array in enumerate(arrays)})
    if len(people) < FEWEST_PEOPLE:
        raise DataError(
            f"{len(people)} people; an interval over people needs at least {FEWEST_PEOPLE}",
            where="subjects",
            remedy="report the figure without an interval, and the number of people beside it",
        )
    return people


def _of_draws(statistic: Statistic, columns: list[NDArray[Any]], people: People) -> _OfDraws:
    vectorised = _VECTORISED.get(statistic) or getattr(statistic, "draws", None)
    if vectorised is not None:
        return partial(_all_at_once, vectorised, columns, people)
    return partial(_one_by_one, statistic, columns, people)


def _all_at_once(
    vectorised: Callable[..., Floats], columns: list[NDArray[Any]], people: People, weights: NDArray[np.int32]
) -> Floats:
    return vectorised(*columns, weights, people.owner)


def _one_by_one(
    statistic: Statistic, columns: list[NDArray[Any]], people: People, weights: NDArray[np.int32]
) -> Floats:
    out = np.full(len(weights), np.nan)
    every = np.arange(len(people.owner))
    for draw, counts in enumerate(weights):
        rows = np.repeat(every, counts[people.owner])
        try:
            out[draw] = statistic(*(column[rows] for column in columns))
        except DataError:
            continue  # stays NaN: counted and drawn again by the caller
    return out


def resample(of_draws: _OfDraws, people: People, draws: int, seed: int) -> tuple[Floats, int]:
    """Values of ``draws`` resamples of people, (draws,) or (draws, ...), and how many undefined ones were redrawn.

    A draw with any entry that is not finite is undefined.
    """
    if draws < 1:
        raise DataError(f"{draws} draws; at least 1 is needed", where="draws")
    rng = np.random.default_rng(seed)
    kept: list[Floats] = []
    have = undefined = 0
    while have < draws:
        values = of_draws(people.draw(rng, draws - have))
        fine = np.isfinite(values).reshape(len(values), -1).all(axis=1)
        kept.append(values[fine])
        have += int(fine.sum())
        undefined += int((~fine).sum())
        if undefined > have:
            raise DataError(
                f"the statistic is undefined in {undefined} of {undefined + have} resamples",
                where=f"{len(people)} people",
                remedy="too few people carry the rarer class; report counts, or resample within strata of the label",
            )
    return np.concatenate(kept), undefined


def percentiles(values: Floats, level: float) -> tuple[float, float]:
    """Bounds of the central share ``level`` of the draws."""
    if not 0 < level < 1:
        raise DataError(f"is {level}, expected between 0 and 1", where="level")
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _positives(columns: list[NDArray[Any]], people: People) -> int | None:
    if len(columns) < 2:  # a single column of 0/1 hits is not a column of labels
        return None
    first = columns[0]
    if first.ndim != 1 or first.dtype.kind not in "biuf" or not np.isin(first, (0, 1)).all():
        return None
    return len(np.unique(people.owner[first == 1]))
