"""Does a probability of 0.3 come true three times in ten? Reliability bins, ECE and the Brier score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ..errors import ConfigurationError, DataError
from .arrays import Floats, Integers, binary, class_numbers, probabilities, same_length
from .resampling import People

Binning = Literal["equal_mass", "equal_width"]


@dataclass(frozen=True)
class Reliability:
    """Bins that hold at least one row; one entry per bin.

    Attributes:
        predicted: mean probability.
        observed: share that came true.
        count: rows.
        edges: borders of all bins asked for (bins + 1); a bin is open on its left and closed on its right.
    """

    predicted: Floats
    observed: Floats
    count: Integers
    edges: Floats

    @property
    def ece(self) -> float:
        """Mean of |observed - predicted| over rows."""
        return float((self.count * np.abs(self.observed - self.predicted)).sum() / self.count.sum())

    @property
    def largest(self) -> float:
        """Largest |observed - predicted| of a bin (maximum calibration error)."""
        return float(np.abs(self.observed - self.predicted).max())


def reliability(
    y: ArrayLike, probability: ArrayLike, *, bins: int = 10, binning: Binning = "equal_mass"
) -> Reliability:
    """Mean probability and observed share in bins.

    Equal probabilities always fall into one bin, so that the figure does not depend on the order of the rows; equal
    mass is therefore approximate where many are tied.

    Args:
        y: (n,) labels 0/1; or class numbers 0..C-1 with (n, C) probabilities.
        probability: (n,) of the positive class; or (n, C), of which the largest and whether it was right are compared
            (confidence and accuracy, Guo et al. 2017).
        bins: at least 1.
        binning: "equal_mass" (quantiles) or "equal_width" on [0, 1].

    Raises:
        DataError: probabilities outside [0, 1], NaN, no rows, or unequal lengths.
        ConfigurationError: fewer than 1 bin, or an unknown binning.

    Example:
        >>> reliability([0, 1, 1, 1], [0.2, 0.2, 0.8, 1.0], bins=2).observed.tolist()
        [0.5, 1.0]
    """
    came_true, confidence = _events(y, probability)
    if bins < 1:
        raise ConfigurationError(f"{bins} bins; at least 1 is needed", where="bins")
    grid = np.linspace(0.0, 1.0, bins + 1)
    if binning == "equal_mass":
        edges = np.quantile(confidence, grid)
    elif binning == "equal_width":
        edges = grid
    else:
        raise ConfigurationError(f"unknown binning {binning!r}", remedy="use 'equal_mass' or 'equal_width'")
    number = np.searchsorted(edges[1:-1], confidence, side="left")
    count = np.bincount(number, minlength=bins)
    kept = count > 0
    sums = (np.bincount(number, weights=column, minlength=bins)[kept] for column in (confidence, came_true))
    predicted, observed = (total / count[kept] for total in sums)
    return Reliability(predicted, observed, count[kept], edges)


def ece(y: ArrayLike, probability: ArrayLike, *, bins: int = 10, binning: Binning = "equal_mass") -> float:
    """Expected calibration error: mean distance of probability and observed share over bins.

    It is biased upwards in small sets (a perfectly calibrated model of 100 rows and 10 bins scores about 0.1): compare
    models at equal n and bins, or take :func:`debiased_ece`.

    Args:
        y: as in :func:`reliability`, like the rest.
        probability: (n,) or (n, C).
        bins: at least 1.
        binning: "equal_mass" or "equal_width".

    Raises:
        DataError: as :func:`reliability`.

    Source: Naeini et al., AAAI 2015; Guo et al., ICML 2017; equal mass: Nixon et al., 2019.

    Example:
        >>> round(ece([0, 1, 1, 1], [0.2, 0.2, 0.8, 1.0], bins=2), 3)
        0.2
    """
    return reliability(y, probability, bins=bins, binning=binning).ece


def debiased_ece(y: ArrayLike, probability: ArrayLike, *, subjects: ArrayLike | None = None, bins: int = 10) -> float:
    """Expected calibration error less what chance adds to it: less than half of its bias is left in a calibrated model.

    The squared distance of each equal-mass bin is lowered by the variance of its observed share, over people, and set
    to 0 where that leaves nothing. It has no interval: what bias is left depends on how far the probabilities are off.
    A jackknife over people with t covers .83 for 65 people and calibrated probabilities, .97 for too sharp ones; .90
    and .94 for 250; a percentile bootstrap never holds the 0 of calibrated ones.

    Args:
        y: as in :func:`reliability`.
        probability: (n,) or (n, C).
        subjects: (n,) who was recorded; left out, every row is a person.
        bins: at least 1.

    Raises:
        DataError: as :func:`reliability`.

    Source: after Bröcker, Climate Dynamics 39 (2012); Kumar et al., NeurIPS 2019, section 5.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> p = rng.uniform(size=200)
        >>> y = rng.uniform(size=200) < p
        >>> round(ece(y, p), 2), round(debiased_ece(y, p), 2)
        (0.05, 0.02)
    """
    came_true, confidence = _events(y, probability)
    edges = reliability(y, probability, bins=bins).edges
    owner = np.arange(len(came_true)) if subjects is None else People.of(subjects).owner
    same_length(labels=came_true, subjects=owner)
    number, total = np.searchsorted(edges[1:-1], confidence, side="left"), 0.0
    for place in np.unique(number):
        rows = number == place
        gap = came_true[rows] - confidence[rows]
        residual = came_true[rows] - came_true[rows].mean()
        _, of_person = np.unique(owner[rows], return_inverse=True)
        sums = np.bincount(of_person, weights=residual)
        people = len(sums)
        # One person says nothing of the spread between people: the whole distance may be chance.
        chance = people / (people - 1) * float((sums**2).sum()) / rows.sum() ** 2 if people > 1 else np.inf
        total += rows.mean() * np.sqrt(max(0.0, float(gap.mean()) ** 2 - chance))
    return float(total)


def brier(y: ArrayLike, probability: ArrayLike) -> float:
    """Mean squared distance of probability and truth; for (n, C) summed over the classes (0 to 2).

    Raises:
        DataError: as :func:`reliability`.

    Source: Brier, Monthly Weather Review 78 (1950).

    Example:
        >>> round(brier([0, 1], [0.2, 0.6]), 3)
        0.1
    """
    p = probabilities(probability)
    labels = binary(y) if p.ndim == 1 else class_numbers(y, p.shape[1])
    same_length(labels=labels, probabilities=p)
    truth = labels if p.ndim == 1 else np.eye(p.shape[1])[labels]
    return float(((p - truth) ** 2).sum() / len(p))


def _events(y: ArrayLike, probability: ArrayLike) -> tuple[Floats, Floats]:
    """Whether the event came true, and the probability it was given."""
    p = probabilities(probability)
    if p.ndim == 1:
        labels = binary(y)
        same_length(labels=labels, probabilities=p)
        return labels.astype(np.float64), p
    if p.shape[1] < 2:
        raise DataError("one column; give (n,) probabilities of the positive class", where="probabilities")
    labels = class_numbers(y, p.shape[1])
    same_length(labels=labels, probabilities=p)
    return (p.argmax(axis=1) == labels).astype(np.float64), p.max(axis=1)
