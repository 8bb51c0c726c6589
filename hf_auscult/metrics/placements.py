"""What each person contributes to an AUROC: DeLong's placements, summed over the person's recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from .arrays import Floats, Integers
from .bounds import PRIOR_CORRELATION, effective_people, expected_worth, joined_degrees, variance_between
from .ranking import one_versus_rest


@dataclass(frozen=True)
class Placements:
    """An AUROC (a mean over classes and runs, too) and the contributions of people to its error.

    Attributes:
        value: the AUROC.
        positive: (people,) summed, centred placements of a person's positive recordings, over their number.
        negative: (people,) the same of the negative recordings.
        people: people with a positive and with a negative recording; of several classes the pair with the rarest.
        worth: how many independent positive and negative recordings people's recordings are expected to be worth, of
            every class.
        effective: the same people, counted for less where some have many more recordings than others.
        runs: of each run, where it is a mean over several.
        factors: what makes the runs differ, (runs,) levels of each factor.
    """

    value: float
    positive: Floats
    negative: Floats
    people: tuple[int, int]
    worth: tuple[tuple[float, float], ...]
    effective: tuple[float, float]
    runs: tuple[Placements, ...] = ()
    factors: tuple[ArrayLike, ...] = ()

    @property
    def rarer(self) -> int:
        """People of the rarer class."""
        return min(self.people)

    def minus(self, other: Placements) -> Placements:
        """The difference of two AUROCs of the same recordings, over as many runs (or one of them over a single run).

        Raises:
            DataError: other numbers of runs.
        """
        return Placements(
            self.value - other.value,
            self.positive - other.positive,
            self.negative - other.negative,
            self.people,
            self.worth,
            self.effective,
            self._runs_minus(other),
            self.factors or other.factors,
        )

    def _runs_minus(self, other: Placements) -> tuple[Placements, ...]:
        own, others = self.runs or (self,), other.runs or (other,)
        if 1 < len(own) != len(others) > 1:
            raise DataError(f"{len(own)} and {len(others)} runs cannot be compared", where="scores")
        count = max(len(own), len(others))
        if count == 1:
            return ()
        pairs = zip(own * (count // len(own)), others * (count // len(others)), strict=True)
        return tuple(one.minus(another) for one, another in pairs)

    @property
    def parts(self) -> tuple[float, float]:
        """Variance from the positive people and from the negative ones."""
        m, n = self.effective
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
    def between_runs(self) -> tuple[float, float]:
        """Variance of the mean over runs as a sample of them, summed over crossed factors, and its degrees of freedom.

        A factor's levels are what its runs have in common on average.
        """
        parts = []
        for factor in self.factors or [range(len(self.runs))]:
            of_level: dict[Any, list[Placements]] = {}
            for level, run in zip(np.asarray(factor).tolist(), self.runs, strict=True):
                of_level.setdefault(level, []).append(run)
            levels = [_mean(runs) for runs in of_level.values()]
            values, variances = [level.value for level in levels], [level.variance for level in levels]
            parts.append(variance_between(values, variances, self.variance))
        return sum(variance for variance, _ in parts), joined_degrees(*parts)

    @property
    def degrees(self) -> float:
        """Welch and Satterthwaite's degrees of freedom of :attr:`variance`."""
        (m, n), (first, second) = self.effective, self.parts
        below = first**2 / max(m - 1, 1) + second**2 / max(n - 1, 1)
        return (first + second) ** 2 / below if below > 0 else 1.0


def placements(y: NDArray[np.generic], score: Floats, owner: Integers) -> Placements:
    """Contributions to :func:`~hf_auscult.metrics.auroc` (``score`` of (n,) or (n, C)).

    Raises:
        DataError: one class only.

    Source: DeLong et al., Biometrics 44 (1988); Obuchowski, Biometrics 53 (1997).
    """
    return _mean([_of_class(labels, column, owner) for labels, column in one_versus_rest(y, score)])


def placements_over_runs(
    y: NDArray[np.generic], scores: Floats, owner: Integers, factors: Sequence[ArrayLike] = ()
) -> Placements:
    """Contributions to :func:`~hf_auscult.metrics.auroc_over_runs`."""
    runs = [placements(y, scores[:, run], owner) for run in range(scores.shape[1])]
    if len(runs) == 1:
        return runs[0]
    return replace(_mean(runs), runs=tuple(runs), factors=tuple(factors))


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
    rows = [np.bincount(owner[mine], minlength=total).astype(np.float64) for mine in (positive, ~positive)]
    worth = [expected_worth(counts) for counts in rows]
    # What a person's scores have in common cancels where the person has recordings of both classes. Three quarters of
    # what theory expects of it is taken off: with all of it the interval is too short, with none too long.
    common = 1.5 * PRIOR_CORRELATION * float(rows[0] @ rows[1]) / (positive.sum() * (~positive).sum())
    gain = max(1 - common / (1 / worth[0] + 1 / worth[1]), 0.1)
    return Placements(
        value=value,
        positive=sums[0],
        negative=sums[1],
        people=(int((rows[0] > 0).sum()), int((rows[1] > 0).sum())),
        worth=((worth[0] / gain, worth[1] / gain),),
        effective=(effective_people(rows[0]), effective_people(rows[1])),
    )


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
        tuple(dict.fromkeys(pair for part in parts for pair in part.worth)),
        min((part.effective for part in parts), key=min),
    )
