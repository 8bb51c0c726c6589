"""What preparing a dataset counted, and how much of the distribution was there."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..files import Serialisable
from ..metrics.tables import Table
from .duplicates import Twins
from .identity import known_as
from .schema import Row
from .spec import DatasetSpec, Problem, TaskConfig
from .split_spec import IN_TURN, SplitSpec


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
        reserved: people whom the project locks as test subjects.
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
    reserved: int = 0

    def render(self) -> str:
        """What a person wants to know: a table of tasks, splits and labels, what is odd, and how to load it."""
        rows = [
            (task, split, counts.recordings, counts.people, ", ".join(f"{k} {v}" for k, v in counts.labels.items()))
            for task, parts in self.configs.items()
            for split, counts in parts.items()
        ]
        first = next(iter(self.configs))
        lines = [
            Table(("task", "split", "recordings", "people", "labels"), rows, names=2).text(),
            f"{self.written} of {self.listed} recordings written, {len(self.quarantined)} set aside (quarantine.csv), "
            f"{len(self.withheld)} withheld; {self.presence.describe()}",
            *([f"{self.reserved} people are reserved: they can only be tested on"] if self.reserved else []),
            *(f"warning: {warning}" for warning in self.warnings),
            f'load it: datasets.load_dataset("{self.output}", "{first}")',
        ]
        return "\n".join(lines)


def class_counts(task: TaskConfig, rows: Sequence[Row]) -> dict[str, int]:
    """Count the classes of selected rows; a row of several classes counts in each."""
    if task.target == "value" or task.column is None:
        return {}
    counts = Counter(
        task.classes[index] for row in rows for index in (row["label"] if task.target == "classes" else (row["label"],))
    )
    return dict(counts)


_FAR = 0.1
"""A split's share of the recordings may differ by this much from its share of the people before it is worth a word."""


_MANY = 3
"""Of so many people one file is worth a word: two ids are often one person's, three hardly ever."""


def split_warnings(
    spec: DatasetSpec,
    split: SplitSpec,
    parts: Mapping[str, Sequence[Row]],
    configs: Mapping[str, Mapping[str, SplitCounts]],
) -> tuple[str, ...]:
    """Name parts without people, classes without anybody in a part, parts filled by one person, and files of many.

    Args:
        spec: the dataset.
        split: what was asked for.
        parts: split -> its recordings.
        configs: task -> split -> counts.
    """
    remedy = "record more people, choose other fractions, or test everybody in turn (split loso)"
    warnings = [f"split {name!r} is empty: {remedy}" for name, rows in parts.items() if not rows]
    if split.name not in IN_TURN:  # a part of one person or source has the classes it has
        for task, counts in configs.items():
            if not any(part.recordings for part in counts.values()):
                continue
            for label in spec.task(task).classes:
                lacking = [name for name, part in counts.items() if parts[name] and not part.labels.get(label)]
                if lacking:
                    warnings.append(f"task {task}: nobody with {label!r} in {', '.join(lacking)}: {remedy}")
    sharing: dict[str, dict[str | None, str]] = defaultdict(dict)
    for row in (row for rows in parts.values() for row in rows):
        sharing[row["audio_sha256"]].setdefault(known_as(row["subject_id"]), row["path"])
    for same in sharing.values():
        if len(same) >= _MANY:
            warnings.append(
                f"{next(iter(same.values()))} is the same file under {len(same)} people, who are kept on one side "
                "like one person: leave it out if it is no recording of them (a test sound, say)"
            )
    total = sum(map(len, parts.values()))
    for name, rows in parts.items() if split.name in ("subject", "demographic") else ():
        person, most = Counter(str(row["person"]) for row in rows).most_common(1)[0] if rows else ("", 0)
        if len(rows) / total - split.fractions[name] > _FAR and most > total * _FAR:
            warnings.append(
                f"split {name!r} holds {len(rows) / total:.0%} of the recordings instead of "
                f"{split.fractions[name]:.0%}, because {person} alone has {most} of {total}: record more people, or "
                "take fewer recordings of this one"
            )
    return tuple(warnings)


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
