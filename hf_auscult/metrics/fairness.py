"""Sensitivity, specificity, accuracy and AUROC by age group and sex, gaps between groups, and refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from .arrays import Floats, Integers, binary, numbers, same_length
from .intervals import FEWEST_PEOPLE, Interval, percentiles, resample
from .multiplicity import holm
from .ranking import weighted_auroc
from .resampling import People
from .subgroups import FEWEST_CASES, group_rows

Figure = Literal["sensitivity", "specificity", "accuracy", "auroc"]
FIGURES: tuple[Figure, ...] = ("sensitivity", "specificity", "accuracy", "auroc")


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
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> FairnessReport:
    """Figures by subgroup with patient-bootstrap intervals.

    Sensitivity needs 20 positive people, specificity 20 negative ones, accuracy and AUROC both; else the figure is
    refused with its reason. All groups are resampled together (one draw of people serves them all), so gaps are
    between figures of the same draw.

    Args:
        y: (n,) labels 0/1.
        score: (n,) scores, higher means more positive.
        attributes: name ("sex", "age") -> (n,) group of each row; missing groups ("" or None) stand in none.
        subjects: (n,) who was recorded.
        threshold: decision threshold, chosen on other people.
        draws: resamples.
        seed: of the resampling.
        level: of the intervals.

    Raises:
        DataError: fewer than 4 people, NaN, no rows, unequal lengths, or no attributes.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> y = np.arange(200) % 2
        >>> report = fairness_report(y, y + rng.standard_normal(200), {"sex": ["f", "f", "f", "m"] * 50},
        ...                          subjects=np.arange(200), threshold=0.5, draws=200)
        >>> [f"{g.group} {g.figure} {g.interval or g.refused}" for g in report.groups][:2]
        ['f sensitivity .740 [.61, .86]', 'm sensitivity .720 [.59, .83]']
    """
    labels, column = binary(y), numbers(score, "scores")
    people = People.of(subjects)
    n = same_length(labels=labels, scores=column, subjects=people.owner)
    if len(people) < FEWEST_PEOPLE:
        raise DataError(f"{len(people)} people; an interval needs at least {FEWEST_PEOPLE}", where="subjects")
    if not attributes:
        raise DataError("no attributes to group by", where="attributes")
    found: list[GroupFigure] = []
    gaps: list[Gap] = []
    for attribute, values in attributes.items():
        members = group_rows(values, n)
        for figure in FIGURES:
            cells = [_cell(attribute, group, figure, rows, labels, people) for group, rows in members.items()]
            printed = [cell for cell in cells if cell.refused is None]
            if printed:
                parts = [_Part(figure, members[cell.group], labels, column, threshold) for cell in printed]
                table, redrawn = _draw(parts, people, draws, seed)
                filled = [
                    _filled(cell, part.value(people), values, redrawn, level)
                    for cell, part, values in zip(printed, parts, table.T, strict=True)
                ]
                cells = [next((f for f in filled if f.group == cell.group), cell) for cell in cells]
                if len(filled) > 1:
                    gaps.append(_widest(filled, table, redrawn, level))
            found += cells
    return FairnessReport(tuple(found), tuple(gaps))


def _cell(attribute: str, group: str, figure: Figure, rows: Integers, labels: Integers, people: People) -> GroupFigure:
    owner = people.owner[rows]
    positive, negative = (len(np.unique(owner[labels[rows] == kind])) for kind in (1, 0))
    needed = {"sensitivity": ((positive, "positive"),), "specificity": ((negative, "negative"),)}.get(
        figure, ((positive, "positive"), (negative, "negative"))
    )
    short = [f"{count} {kind} people" for count, kind in needed if count < FEWEST_CASES]
    refused = f"{' and '.join(short)}, fewer than {FEWEST_CASES}" if short else None
    return GroupFigure(attribute, group, figure, len(np.unique(owner)), positive, negative, None, refused)


@dataclass(frozen=True)
class _Part:
    """One figure of one group, for many weightings of people at once."""

    figure: Figure
    rows: Integers
    labels: Integers
    score: Floats
    threshold: float

    def of_draws(self, weights: NDArray[np.int32], people: People) -> Floats:
        y, score, owner = self.labels[self.rows], self.score[self.rows], people.owner[self.rows]
        if self.figure == "auroc":
            return weighted_auroc(y, score, weights, owner)
        among = {"sensitivity": y == 1, "specificity": y == 0}.get(self.figure, np.ones(len(y), dtype=np.bool_))
        right = (score >= self.threshold) == (y == 1)
        size = weights.shape[1]
        total, hit = (np.bincount(owner[mask], minlength=size) for mask in (among, among & right))
        with np.errstate(invalid="ignore", divide="ignore"):
            shares: Floats = (weights @ hit) / (weights @ total)
        return shares

    def value(self, people: People) -> float:
        return float(self.of_draws(np.ones((1, len(people)), dtype=np.int32), people)[0])


def _draw(parts: list[_Part], people: People, draws: int, seed: int) -> tuple[Floats, int]:
    return resample(
        lambda weights: np.stack([part.of_draws(weights, people) for part in parts], axis=1), people, draws, seed
    )


def _filled(cell: GroupFigure, value: float, values: Floats, redrawn: int, level: float) -> GroupFigure:
    low, high = percentiles(values, level)
    interval = Interval(value, low, high, cell.people, cell.positives, len(values), redrawn, level)
    return GroupFigure(
        cell.attribute, cell.group, cell.figure, cell.people, cell.positives, cell.negatives, interval, None
    )


def _widest(cells: list[GroupFigure], table: Floats, redrawn: int, level: float) -> Gap:
    """The pair whose figures differ most, the higher one first."""
    value = [cell.interval.value for cell in cells if cell.interval is not None]
    pairs = [(a, b) if value[a] >= value[b] else (b, a) for a, b in combinations(range(len(cells)), 2)]
    p_values = []
    for a, b in pairs:
        difference = table[:, a] - table[:, b]
        tail = min(int((difference <= 0).sum()), int((difference >= 0).sum()))
        p_values.append(min(1.0, 2 * (1 + tail) / (len(table) + 1)))
    adjusted = holm(p_values)
    which = int(np.argmax([value[a] - value[b] for a, b in pairs]))
    a, b = pairs[which]
    low, high = percentiles(table[:, a] - table[:, b], level)
    first, second = cells[a], cells[b]
    interval = Interval(
        value[a] - value[b],
        low,
        high,
        first.people + second.people,
        first.positives + second.positives,
        len(table),
        redrawn,
        level,
        float(adjusted[which]),
    )
    return Gap(first.attribute, first.figure, first.group, second.group, interval)
