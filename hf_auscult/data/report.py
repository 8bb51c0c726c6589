"""What preparing a dataset counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .duplicates import Twins
from .presence import Presence
from .spec import Problem


@dataclass(frozen=True)
class SplitCounts:
    """One split of one config: recordings, people, and recordings per class and per value that the task left out."""

    recordings: int
    people: int
    labels: Mapping[str, int]
    left_out: Mapping[str, int]


@dataclass(frozen=True)
class PrepareReport:
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

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {**asdict(self), "output": str(self.output)}
