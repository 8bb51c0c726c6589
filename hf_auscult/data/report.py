"""What preparing a dataset counted, and how much of the distribution was there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..files import Serialisable
from .duplicates import Twins
from .schema import Row
from .spec import DatasetSpec, Problem, TaskConfig


@dataclass(frozen=True)
class Presence:
    """How much of a distribution is here.

    Args:
        listed: recordings that the tables and folders here name.
        missing: of those, recordings without a file.
        expected: recordings of the complete distribution; None where it is unknown.
    """

    listed: int
    missing: int
    expected: int | None

    @property
    def complete(self) -> bool:
        """Whether nothing is known to be missing."""
        return not self.missing and (self.expected is None or self.listed >= self.expected)

    def describe(self) -> str:
        """Say it in words."""
        here = self.listed - self.missing
        whole = max(self.expected or 0, self.listed)
        if self.complete:
            known = "" if self.expected is None else f" of {whole}"
            return f"complete: {here}{known} recordings"
        return f"INCOMPLETE: {here} of {whole} recordings are here, so no count is that of the distribution"


@dataclass(frozen=True)
class SplitCounts:
    """One split of one config: recordings, people, and recordings per class and per value that the task left out."""

    recordings: int
    people: int
    labels: Mapping[str, int]
    left_out: Mapping[str, int]


@dataclass(frozen=True)
class PrepareReport(Serialisable):
    """What ``prepare`` did.

    Args:
        dataset: its name.
        output: the folder written.
        listed: recordings in the original tables and folders.
        written: recordings in the ``splits.csv``, i.e. in the config that keeps all.
        quarantined: unusable recordings and why.
        withheld: recording -> why it is in no split.
        configs: config -> split -> counts.
        split_sha256: identifies the split.
        content_sha256: config -> identifies its rows, in whatever split.
        notes: oddities that were survived.
        warnings: what a reader of any figure on this data must know.
        twins: pairs of recordings that sound alike.
        balance: people before and after balancing, per stratum and class.
        presence: how much of the distribution is here.
    """

    dataset: str
    output: Path
    listed: int
    written: int
    quarantined: tuple[Problem, ...]
    withheld: Mapping[str, str]
    configs: Mapping[str, Mapping[str, SplitCounts]]
    split_sha256: str
    content_sha256: Mapping[str, str]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    twins: tuple[Twins, ...]
    balance: tuple[Mapping[str, Any], ...]
    presence: Presence


def class_counts(task: TaskConfig, rows: Sequence[Row]) -> dict[str, int]:
    """Count the classes of selected rows; a row of several classes counts in each."""
    if task.target == "value" or task.column is None:
        return {}
    counts = Counter(
        task.classes[index] for row in rows for index in (row["label"] if task.target == "classes" else (row["label"],))
    )
    return dict(counts)


def count_differences(spec: DatasetSpec, rows: Sequence[Row]) -> tuple[str, ...]:
    """Compare the class counts of all recordings with those that the papers' tasks must give."""
    found = []
    for task in spec.tasks:
        if not any(paper.expected for paper in task.paper):
            continue
        counts = class_counts(task, task.select(rows)[0])
        for paper in task.paper:
            wrong = {
                name: counts.get(name, 0) for name, number in paper.expected.items() if counts.get(name, 0) != number
            }
            if wrong:
                wanted = {name: paper.expected[name] for name in wrong}
                found.append(f"task {task.name} has {wrong}, {paper.suite}/{paper.number} needs {wanted}")
    return tuple(found)
