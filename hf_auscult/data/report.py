"""What preparing a dataset counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

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
        withheld: recordings of reserved people that an official split puts in training; in no split.
        configs: config -> split -> counts.
        split_sha256: identifies the split.
        content_sha256: config -> identifies its rows, in whatever split.
        notes: oddities that were survived.
    """

    dataset: str
    output: Path
    listed: int
    written: int
    quarantined: tuple[Problem, ...]
    withheld: tuple[str, ...]
    configs: Mapping[str, Mapping[str, SplitCounts]]
    split_sha256: str
    content_sha256: Mapping[str, str]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {**asdict(self), "output": str(self.output)}
