"""What each person contributes to an AUROC: DeLong's placements, summed over the person's recordings."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .arrays import Floats, Integers
from .ranking import one_versus_rest


@dataclass(frozen=True)
class Placements:
    """An AUROC (a mean over classes and runs, too) and the contributions of people to its error.

    Attributes:
        value: the AUROC.
        positive: (people,) summed, centred placements of a person's positive recordings, over their number.
        negative: (people,) the same of the negative recordings.
        people: people with a positive and with a negative recording; of several classes the pair with the rarest.
        counts: that pair of every class.
        rows_per_person: recordings a person has in one class, on average.
    """

    value: float
    positive: Floats
    negative: Floats
    people: tuple[int, int]
    counts: tuple[tuple[int, int], ...]
    rows_per_person: float

    @property
    def rarer(self) -> int:
        """People of the rarer class."""
        return min(self.people)

    def minus(self, other: Placements) -> Placements:
        """The difference of two AUROCs of the same recordings."""
        return Placements(
            self.value - other.value,
            self.positive - other.positive,
            self.negative - other.negative,
            self.people,
            self.counts,
            self.rows_per_person,
        )

    @property
    def parts(self) -> tuple[float, float]:
        """Variance from the positive people and from the negative ones."""
        m, n = self.people
        return (
            m / max(m - 1, 1) * float(self.positive @ self.positive),
            n / max(n - 1, 1) * float(self.negative @ self.negative),
        )

    @property
    def variance(self) -> float:
        """Obuchowski's clustered variance; with one recording a person, DeLong's."""
        total = len(self.positive)
        cross = 2 * total / max(total - 1, 1) * float(self.positive @ self.negative)
        found = sum(self.parts) + cross
        return found if found > 1e-14 else 0.0  # placements are shares of counts: less is rounding

    @property
    def degrees(self) -> float:
        """Welch and Satterthwaite's degrees of freedom of :attr:`variance`."""
        (m, n), (first, second) = self.people, self.parts
        below = first**2 / max(m - 1, 1) + second**2 / max(n - 1, 1)
        return (first + second) ** 2 / below if below > 0 else 1.0


def placements(y: NDArray[np.generic], score: Floats, owner: Integers) -> Placements:
    """Contributions to :func:`~hf_auscult.metrics.auroc` (``score`` of (n,) or (n, C)).

    Raises:
        DataError: one class only.

    Source: DeLong et al., Biometrics 44 (1988); Obuchowski, Biometrics 53 (1997).
    """
    return _mean([_of_class(labels, column, owner) for labels, column in one_versus_rest(y, score)])


def placements_over_runs(y: NDArray[np.generic], scores: Floats, owner: Integers) -> Placements:
    """Contributions to :func:`~hf_auscult.metrics.auroc_over_runs`."""
    return _mean([placements(y, scores[:, run], owner) for run in range(scores.shape[1])])


def _of_class(labels: Integers, score: Floats, owner: Integers) -> Placements:
    positive, total = labels == 1, int(owner.max()) + 1
    if positive.all() or not positive.any():
        raise DataError("AUROC needs rows of every class", where="labels")
    share = np.where(positive, _above(score, score[~positive]), 1 - _above(score, score[positive]))
    value = float(share[positive].mean())
    sums = [
        np.bincount(owner[mine], weights=share[mine] - value, minlength=total) / mine.sum()
        for mine in (positive, ~positive)
    ]
    people = (len(np.unique(owner[positive])), len(np.unique(owner[~positive])))
    return Placements(value, sums[0], sums[1], people, (people,), len(labels) / sum(people))


def exchange_contributions(
    y: NDArray[np.generic], first: Floats, second: Floats, owner: Integers, *, runs: bool
) -> Floats:
    """(people,) the difference of two AUROCs as a sum over people whose signs turn when their scores are exchanged.

    Which pairs are ordered rightly after any exchange is linear in those signs, so this is exact. Scores become ranks
    first, so that systems of different scales can be exchanged.
    """
    from scipy.stats import rankdata

    # Mean AUROCs differ by the mean over all pairs of runs, whose numbers may differ.
    pairs = list(product(np.moveaxis(first, 1, 0), np.moveaxis(second, 1, 0))) if runs else [(first, second)]
    parts = []
    for one, other in pairs:
        tables = (one_versus_rest(y, np.asarray(rankdata(scores, axis=0), np.float64)) for scores in (one, other))
        for (labels, a), (_, b) in zip(*tables, strict=True):
            positive = labels == 1
            gain = np.where(
                positive,
                sum(_above(a, c[~positive]) - _above(b, c[~positive]) for c in (a, b)) / positive.sum(),
                sum(_above(b, c[positive]) - _above(a, c[positive]) for c in (a, b)) / (~positive).sum(),
            )
            parts.append(np.bincount(owner, weights=gain / 2))
    mean: Floats = np.mean(parts, axis=0)
    return mean


def _above(score: Floats, others: Floats) -> Floats:
    """Share of the others that each score exceeds, ties counted one half."""
    ordered = np.sort(others)
    share: Floats = (np.searchsorted(ordered, score) + np.searchsorted(ordered, score, "right")) / (2 * len(ordered))
    return share


def _mean(parts: list[Placements]) -> Placements:
    if len(parts) == 1:
        return parts[0]
    return Placements(
        float(np.mean([part.value for part in parts])),
        np.mean([part.positive for part in parts], axis=0),
        np.mean([part.negative for part in parts], axis=0),
        min((part.people for part in parts), key=min),
        tuple(dict.fromkeys(pair for part in parts for pair in part.counts)),
        float(np.mean([part.rows_per_person for part in parts])),
    )
