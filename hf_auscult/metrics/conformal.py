"""Prediction sets that hold the truth with a promised probability, for people who were not seen before."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ConfigurationError, DataError
from .arrays import Floats, class_numbers, numbers, probabilities, same_length
from .resampling import People

Method = Literal["lac", "aps"]
PerPerson = Literal["worst", "drawn"]


@dataclass(frozen=True)
class Conformal:
    """A threshold from validation people.

    Attributes:
        method: "lac" or "aps".
        threshold: largest score that a class may have to be in the set.
        coverage: the share promised.
        people: validation people (rows, where nobody repeats) the threshold rests on.
        per_person: how one score was taken from a person of several recordings; None where nobody repeats.
    """

    method: Method
    threshold: float
    coverage: float
    people: int
    per_person: PerPerson | None

    def sets(self, probability: ArrayLike) -> NDArray[np.bool_]:
        """(n, C) which classes are in the set of each row; a set may be empty (nothing is plausible enough)."""
        inside: NDArray[np.bool_] = _scores(probabilities(probability, dimensions=(2,)), self.method) <= self.threshold
        return inside


def fit_conformal(
    y: ArrayLike,
    probability: ArrayLike,
    *,
    coverage: float = 0.9,
    method: Method = "lac",
    subjects: ArrayLike | None = None,
    per_person: PerPerson = "worst",
    seed: int = 0,
) -> Conformal:
    """Split-conformal threshold.

    The promise (at least ``coverage``, on average over validation sets) holds for people exchangeable with the
    validation people, overall, not inside every subgroup: look at :func:`conformal_coverage` by group.

    Recordings of one person are not exchangeable with those of others, so a person gives one score: the "worst" (then
    *all* recordings of a new person are covered together with the promised probability, and single ones more often) or
    one "drawn" at random (the promise for a random recording of a new person; smaller sets).

    Args:
        y: (n,) class numbers of validation recordings.
        probability: (n, C), or (n,) of the positive class of two.
        coverage: in (0, 1).
        method: "lac" (1 - probability of the class; smallest sets) or "aps" (summed probability of all classes at
            least as likely, not randomised: steadier coverage over easy and hard rows, larger sets).
        subjects: (n,) who was recorded; left out, every row is a person.
        per_person: see above.
        seed: of "drawn".

    Raises:
        DataError: too few people for the coverage, probabilities that are none, NaN, no rows, or unequal lengths.
        ConfigurationError: an unknown method, or a coverage outside (0, 1).

    Source: Sadinle et al., JASA 114 (2019) (LAC); Romano et al., NeurIPS 2020 (APS); Dunn et al., JASA 118 (2023)
    (one score per person).

    Example:
        >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]])
        >>> round(fit_conformal([0, 0, 1, 0], p, coverage=0.6).threshold, 3)
        0.3
    """
    if not 0 < coverage < 1:
        raise ConfigurationError(f"is {coverage}, expected a share in (0, 1)", where="coverage")
    p = two_columns(probability)
    labels = class_numbers(y, p.shape[1])
    n = same_length(labels=labels, probabilities=p)
    score = _scores(p, method)[np.arange(n), labels]
    repeated = False
    if subjects is not None:
        people = People.of(subjects)
        same_length(labels=labels, subjects=people.owner)
        repeated = len(people) < n
        score = _one_each(score, people, per_person, seed)
    place = math.ceil((len(score) + 1) * coverage - 1e-9)
    if place > len(score):
        raise DataError(
            f"{len(score)} people cannot promise {coverage:.0%} coverage",
            where="validation",
            remedy=f"use at least {math.ceil(coverage / (1 - coverage) - 1e-9)} people, or promise less",
        )
    return Conformal(method, float(np.sort(score)[place - 1]), coverage, len(score), per_person if repeated else None)


@dataclass(frozen=True)
class SetSizes:
    """How many classes the sets hold.

    Attributes:
        mean: classes per set.
        empty: share of sets without a class.
        single: share of sets with one class (a decision).
        full: share of sets with every class (no information).
    """

    mean: float
    empty: float
    single: float
    full: float

    @classmethod
    def of(cls, sets: NDArray[np.bool_]) -> SetSizes:
        """Count them."""
        size = sets.sum(axis=1)
        shares = (float((size == wanted).mean()) for wanted in (0, 1, sets.shape[1]))
        return cls(float(size.mean()), *shares)


def covered(y: ArrayLike, sets: ArrayLike) -> Floats:
    """(n,) 1.0 where the set of a row holds its class, else 0.0; its mean is the coverage.

    Raises:
        DataError: a class number beyond the columns, no rows, or unequal lengths.
    """
    table = _table(sets)
    labels = class_numbers(y, table.shape[1])
    n = same_length(labels=labels, sets=table)
    return table[np.arange(n), labels].astype(np.float64)


def two_columns(probability: ArrayLike) -> Floats:
    """(n, C) probabilities; (n,) of the positive class become two columns."""
    p = probabilities(probability)
    return np.column_stack([1 - p, p]) if p.ndim == 1 else p


def _table(sets: ArrayLike) -> NDArray[np.bool_]:
    table: NDArray[Any] = np.asarray(sets)
    if table.ndim != 2 or not len(table) or not np.isin(table, (0, 1)).all():
        raise DataError(f"must be an (n, classes) table of 0 and 1, got shape {table.shape}", where="sets")
    return table.astype(np.bool_)


def _scores(p: Floats, method: str) -> Floats:
    """(n, C) how implausible each class is; equal probabilities get equal scores, whatever the column."""
    if method == "lac":
        return 1 - p
    if method != "aps":
        raise ConfigurationError(f"unknown method {method!r}", remedy="use 'lac' or 'aps'")
    order = np.sort(p, axis=1)[:, ::-1]
    mass = np.cumsum(order, axis=1).round(12)  # sums to 1 within rounding, and which side must not decide a set
    at_least = (p[:, :, None] <= order[:, None, :]).sum(axis=2)  # classes as likely or likelier
    return np.take_along_axis(mass, at_least - 1, axis=1)


def _one_each(score: Floats, people: People, per_person: str, seed: int) -> Floats:
    if per_person == "worst":
        worst = np.full(len(people), -np.inf)
        np.maximum.at(worst, people.owner, score)
        return worst
    if per_person != "drawn":
        raise ConfigurationError(f"unknown per_person {per_person!r}", remedy="use 'worst' or 'drawn'")
    place = np.random.default_rng(seed).permutation(len(score))
    _, first = np.unique(people.owner[place], return_index=True)
    return numbers(score[place][first], "scores")
