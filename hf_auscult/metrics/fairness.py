"""Sensitivity, specificity, accuracy and AUROC by age group and sex, gaps between groups, and refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DataError
from .arrays import Integers, binary, numbers, same_length
from .classification import accuracy, sensitivity, specificity
from .intervals import FEWEST_PEOPLE, Interval, Statistic, independent_difference, person_interval
from .multiplicity import holm
from .ranking import auroc
from .resampling import People
from .subgroups import FEWEST_CASES, group_rows

Figure = Literal["sensitivity", "specificity", "accuracy", "auroc"]
FIGURES: dict[Figure, Statistic] = {
    "sensitivity": sensitivity,
    "specificity": specificity,
    "accuracy": accuracy,
    "auroc": auroc,
}


@dataclass(frozen=True)
class GroupFigure:
    """One figure of one group: an interval, or the reason for its absence.

    ``positives`` and ``negatives`` count people with such a recording.
    """

    attribute: str
    group: str
    figure: Figure
    people: int
    positives: int
    negatives: int
    interval: Interval | None
    refused: str | None


@dataclass(frozen=True)
class Gap:
    """Widest difference between two printed groups of an attribute.

    ``interval.p_value`` is Holm-adjusted over all pairs of groups of the attribute, because the widest was picked.
    """

    attribute: str
    figure: Figure
    higher: str
    lower: str
    interval: Interval


@dataclass(frozen=True)
class FairnessReport:
    """Every figure of every group (by attribute, then figure), and the widest gap where two groups are printed."""

    groups: tuple[GroupFigure, ...]
    gaps: tuple[Gap, ...]


def fairness_report(
    y: ArrayLike,
    score: ArrayLike,
    attributes: Mapping[str, ArrayLike],
    *,
    subjects: ArrayLike,
    threshold: float,
    level: float = 0.95,
) -> FairnessReport:
    """Figures by subgroup with intervals over people, and the widest gap between two groups.

    Sensitivity needs 20 positive people, specificity 20 negative ones, accuracy and AUROC both; else the figure is
    refused with its reason.

    Args:
        y: (n,) labels 0/1.
        score: (n,) scores, higher means more positive.
        attributes: name ("sex", "age") -> (n,) group of each row; missing groups ("" or None) stand in none.
        subjects: (n,) who was recorded.
        threshold: decision threshold, chosen on other people.
        level: of the intervals.

    Raises:
        DataError: fewer than 4 people, NaN, no rows, unequal lengths, or no attributes.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> y = np.arange(200) % 2
        >>> report = fairness_report(y, y + rng.standard_normal(200), {"sex": ["f", "f", "f", "m"] * 50},
        ...                          subjects=np.arange(200), threshold=0.5)
        >>> [f"{g.group} {g.figure} {g.interval or g.refused}" for g in report.groups][:2]
        ['f sensitivity .740 [.60, .85]', 'm sensitivity .720 [.58, .84]']
    """
    labels, column = binary(y), numbers(score, "scores")
    people = People.of(subjects)
    n = same_length(labels=labels, scores=column, subjects=people.owner)
    if len(people) < FEWEST_PEOPLE:
        raise DataError(f"{len(people)} people; an interval needs at least {FEWEST_PEOPLE}", where="subjects")
    if not attributes:
        raise DataError("no attributes to group by", where="attributes")
    decided = (column >= threshold).astype(np.int64)
    groups: list[GroupFigure] = []
    gaps: list[Gap] = []
    for attribute, values in attributes.items():
        members = group_rows(values, n)
        for figure, statistic in FIGURES.items():
            cells = [_cell(attribute, group, figure, rows, labels, people) for group, rows in members.items()]
            for place, cell in enumerate(cells):
                if cell.refused is None:
                    rows = members[cell.group]
                    scored = (column if figure == "auroc" else decided)[rows]
                    found = person_interval(statistic, labels[rows], scored, subjects=people.owner[rows], level=level)
                    cells[place] = replace(cell, interval=found)
            printed = [cell for cell in cells if cell.interval is not None]
            if len(printed) > 1:
                gaps.append(_widest(printed))
            groups += cells
    return FairnessReport(tuple(groups), tuple(gaps))


def _cell(attribute: str, group: str, figure: Figure, rows: Integers, labels: Integers, people: People) -> GroupFigure:
    owner = people.owner[rows]
    positive, negative = (len(np.unique(owner[labels[rows] == kind])) for kind in (1, 0))
    needed = {"sensitivity": ((positive, "positive"),), "specificity": ((negative, "negative"),)}.get(
        figure, ((positive, "positive"), (negative, "negative"))
    )
    short = [f"{count} {kind} people" for count, kind in needed if count < FEWEST_CASES]
    refused = f"{' and '.join(short)}, fewer than {FEWEST_CASES}" if short else None
    return GroupFigure(attribute, group, figure, len(np.unique(owner)), positive, negative, None, refused)


def _widest(cells: list[GroupFigure]) -> Gap:
    """The pair whose figures differ most, the higher one first."""
    pairs = []
    for pair in combinations(cells, 2):
        intervals = [cell.interval for cell in pair if cell.interval is not None]
        if intervals[0].value < intervals[1].value:
            pair, intervals = pair[::-1], intervals[::-1]
        pairs.append((pair, independent_difference(*intervals)))
    adjusted = holm([difference.p_value or 0.0 for _, difference in pairs])
    place = int(np.argmax([difference.value for _, difference in pairs]))
    (higher, lower), difference = pairs[place]
    found = replace(difference, p_value=float(adjusted[place]))
    return Gap(higher.attribute, higher.figure, higher.group, lower.group, found)
