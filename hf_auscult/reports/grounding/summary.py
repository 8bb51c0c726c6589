"""The measures of arXiv 2512.04847, Table II, with Wilson intervals, over all reports and per dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ...errors import DataError
from ...files import Serialisable
from .check import Grounding


@dataclass(frozen=True)
class Proportion(Serialisable):
    """A share of reports with its Wilson score interval.

    Args:
        count: reports that have it.
        n: all reports.
        low: lower bound.
        high: upper bound.
        level: of the interval.

    Example:
        >>> str(proportion(44, 50))
        '44 of 50 (88.0 %, 95 % interval 76.2 to 94.4 %)'
    """

    count: int
    n: int
    low: float
    high: float
    level: float = 0.95

    computed = ("value",)

    @property
    def value(self) -> float:
        """The share itself."""
        return self.count / self.n

    def __str__(self) -> str:
        share, low, high = (f"{100 * value:.1f}" for value in (self.value, self.low, self.high))
        return f"{self.count} of {self.n} ({share} %, {100 * self.level:g} % interval {low} to {high} %)"


def proportion(count: int, n: int, *, level: float = 0.95) -> Proportion:
    """Give a share with its Wilson score interval.

    Raises:
        DataError: no reports, or more than all.
    """
    from scipy.stats import binomtest  # scipy.stats takes a second to import

    if not 0 <= count <= n or n == 0:
        raise DataError(f"{count} of {n} reports", remedy="pass at least one report")
    interval = binomtest(count, n).proportion_ci(confidence_level=level, method="wilson")
    return Proportion(count, n, float(interval.low), float(interval.high), level)


@dataclass(frozen=True)
class GroundingSummary(Serialisable):
    """Table II over a set of reports.

    Args:
        n: reports.
        consistency: share that contradicts nothing ("accuracy").
        unsupported: share that adds something ("unsupported-detail rate").
        omission: share that leaves out at least one fact.
        facts_omitted: share of all facts that are left out; a count of facts, not of reports.
        datasets: the same per dataset, where the reports name theirs.
    """

    n: int
    consistency: Proportion
    unsupported: Proportion
    omission: Proportion
    facts_omitted: Proportion | None
    datasets: Mapping[str, GroundingSummary] = field(default_factory=dict)


def summarise(groundings: Iterable[Grounding]) -> GroundingSummary:
    """Count consistent, adding and omitting reports.

    Raises:
        DataError: no reports.

    Example:
        >>> from hf_auscult.reports.grounding import check
        >>> from hf_auscult.data.facts import Fact
        >>> facts = [Fact("finding", "wheeze", "wheezes", "absent")]
        >>> one = summarise([check("No wheezes.", facts), check("Wheezes. COPD.", facts)])
        >>> one.consistency.count, one.unsupported.count, one.omission.count
        (1, 1, 1)
    """
    every = list(groundings)
    if not every:
        raise DataError("no reports to summarise", remedy="pass at least one grounding")
    names = sorted({grounding.dataset for grounding in every if grounding.dataset is not None})
    parts = {name: _summary([grounding for grounding in every if grounding.dataset == name], {}) for name in names}
    return _summary(every, parts)


def _summary(every: Sequence[Grounding], parts: Mapping[str, GroundingSummary]) -> GroundingSummary:
    def share(has: Callable[[Grounding], object]) -> Proportion:
        return proportion(sum(bool(has(grounding)) for grounding in every), len(every))

    facts = sum(len(grounding.stated) + len(grounding.omitted) for grounding in every)
    return GroundingSummary(
        len(every),
        share(lambda grounding: grounding.consistent),
        share(lambda grounding: grounding.unsupported),
        share(lambda grounding: grounding.omitted),
        proportion(sum(len(grounding.omitted) for grounding in every), facts) if facts else None,
        parts,
    )
