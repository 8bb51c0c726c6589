"""Coverage and size of prediction sets, overall and where it matters: inside subgroups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arrays import same_length
from .conformal import SetSizes, covered
from .intervals import Interval, mean_hits, person_interval
from .resampling import People
from .subgroups import FEWEST_CASES, group_rows


@dataclass(frozen=True)
class GroupCoverage:
    """Coverage of one group, or the reason why it is not printed."""

    group: str
    people: int
    rows: int
    coverage: Interval | None
    sizes: SetSizes | None
    refused: str | None


@dataclass(frozen=True)
class CoverageReport:
    """Coverage of the sets of test people.

    Attributes:
        coverage: share of rows whose set holds the truth, with its interval over people.
        everything: share of people *all* of whose rows are covered.
        sizes: of the sets.
        groups: by group, when groups were given.
    """

    coverage: Interval
    everything: float
    sizes: SetSizes
    groups: tuple[GroupCoverage, ...]


def conformal_coverage(
    y: ArrayLike,
    sets: ArrayLike,
    *,
    subjects: ArrayLike,
    groups: ArrayLike | None = None,
    level: float = 0.95,
) -> CoverageReport:
    """Coverage and size of the sets, overall and per subgroup of at least 20 people.

    Args:
        y: (n,) class numbers of test recordings.
        sets: (n, C) table of :meth:`Conformal.sets`.
        subjects: (n,) who was recorded.
        groups: (n,) subgroup of each row (age group, sex, site); missing ones ("" or None) are left out of ``groups``.
        level: of the intervals (not the coverage promised).

    Raises:
        DataError: fewer than 4 people, class numbers beyond the columns, no rows, or unequal lengths.

    Example:
        >>> sets = np.array([[1, 0], [1, 1], [0, 1], [1, 0]])
        >>> report = conformal_coverage([0, 1, 1, 1], sets, subjects=list("abcd"))
        >>> report.coverage.value, report.sizes.mean
        (0.75, 1.25)
    """
    hit = covered(y, sets)
    table = np.asarray(sets).astype(np.bool_)
    who = np.asarray(subjects)
    people = People.of(who)
    same_length(labels=hit, subjects=people.owner)

    def interval(rows: NDArray[Any]) -> Interval:
        return person_interval(mean_hits, hit[rows], subjects=who[rows], level=level)

    parts = []
    for group, rows in group_rows(groups, len(hit)).items() if groups is not None else ():
        count = len(np.unique(people.owner[rows]))
        enough = count >= FEWEST_CASES
        reason = None if enough else f"{count} people; fewer than {FEWEST_CASES} give no dependable coverage"
        parts.append(
            GroupCoverage(
                group,
                count,
                len(rows),
                interval(rows) if enough else None,
                SetSizes.of(table[rows]) if enough else None,
                reason,
            )
        )
    missed = np.bincount(people.owner, weights=1 - hit)
    everyone = np.arange(len(hit))
    return CoverageReport(interval(everyone), float((missed == 0).mean()), SetSizes.of(table), tuple(parts))
