"""The examples of a benchmark task, in one order: rows without sound, labels, people, splits, and cells to encode."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import datasets
import numpy as np
from numpy.typing import NDArray

from ..embedding.cache import Example
from ..errors import ConfigurationError
from ..reports.generate import name_of
from .balance import Balance, balance
from .load import Task
from .results import SplitCounts


@dataclass(frozen=True, eq=False)
class Examples:
    """All examples of a task.

    Args:
        rows: metadata of each.
        labels: (n,) class numbers or values, or (n, C) of 0 and 1.
        subjects: (n,) who was recorded.
        split: (n,) ``train``, ``validation`` or ``test``; or names of sources or people, each tested in turn.
        classes: of the label, the positive one of two last; empty for a value.
        sources: (n,) dataset that each is of.
        cells: what is encoded.
        strata: (n,) stratum of age and sex, where the task is balanced.
        balance: what balancing left out.
        positive: of two classes, the one that metrics are of; empty otherwise.
    """

    rows: tuple[Mapping[str, Any], ...]
    labels: NDArray[Any]
    subjects: NDArray[np.str_]
    split: NDArray[np.str_]
    classes: tuple[str, ...]
    sources: NDArray[np.str_]
    cells: tuple[Example, ...]
    strata: NDArray[np.str_] | None = None
    balance: tuple[Mapping[str, Any], ...] = ()
    positive: str = ""

    @property
    def fixed(self) -> bool:
        """Whether there is one test part, instead of parts that are tested in turn."""
        return set(self.split.tolist()) <= {"train", "validation", "test"}

    def take(self, rows: NDArray[np.int64]) -> Examples:
        """Some of them."""
        return replace(
            self,
            rows=tuple(self.rows[row] for row in rows),
            labels=self.labels[rows],
            subjects=self.subjects[rows],
            split=self.split[rows],
            sources=self.sources[rows],
            cells=tuple(self.cells[row] for row in rows),
            strata=None if self.strata is None else self.strata[rows],
        )


def examples_of(task: Task, *, seed: int = 0) -> Examples:
    """Read a task's examples; across datasets, train and validation are of one and test is of the other.

    Raises:
        DataError: a balanced task without a stratum of age and sex that has every class.
        ConfigurationError: of two classes, nobody has said which is the positive one.
    """
    spec = task.spec
    parts = [(spec.dataset, name, part) for name, part in task.dataset.items()]
    if task.train is not None:
        parts = [part for part in parts if part[1] == "test"]
        parts += [(str(spec.trained_on), name, part) for name, part in task.train.items() if name != "test"]
    examples = _read(parts)
    positive = task.positive(examples.classes)
    if positive and positive == examples.classes[0]:  # every table of scores has the positive class last
        examples = replace(examples, labels=1 - examples.labels, classes=examples.classes[::-1])
    examples = replace(examples, positive=positive)
    if not spec.balanced:
        return examples
    kept: Balance = balance(
        examples.rows,
        examples.labels.tolist(),
        examples.subjects.tolist(),
        examples.split.tolist(),
        examples.classes,
        seed=seed,
    )
    return replace(examples.take(kept.rows), strata=kept.strata, balance=kept.table)


def counts_of(examples: Examples) -> dict[str, SplitCounts]:
    """Split -> recordings, people and recordings of each class."""
    counts = {}
    for part in np.unique(examples.split):
        rows = examples.split == part
        labels, subjects = examples.labels[rows], examples.subjects[rows]
        per_class: Mapping[str, int] = {}
        positive = None
        if examples.classes and labels.ndim == 2:
            per_class = dict(zip(examples.classes, labels.sum(axis=0).tolist(), strict=True))
        elif examples.classes:
            per_class = dict(Counter(np.asarray(examples.classes)[labels].tolist()))
            positive = len(np.unique(subjects[labels == 1])) if len(examples.classes) == 2 else None
        counts[str(part)] = SplitCounts(len(labels), len(np.unique(subjects)), per_class, positive)
    return counts


def _read(parts: list[tuple[str, str, datasets.Dataset]]) -> Examples:
    rows: list[dict[str, Any]] = []
    cells: list[Example] = []
    labels: list[Any] = []
    classes: tuple[str, ...] = ()
    columns: dict[str, list[str]] = {"subject": [], "split": [], "source": []}
    for source, split, part in parts:
        feature = part.features["label"]
        names = tuple(getattr(getattr(feature, "feature", feature), "names", ()))
        if classes and names != classes:
            raise ConfigurationError(f"classes {names} of {source} are not {classes}", remedy="align the two tasks")
        classes = names
        several = isinstance(feature, datasets.List)
        for row in part:
            audio = row.pop("audio")
            label = row.pop("label")
            labels.append([int(number in label) for number in range(len(names))] if several else label)
            cut = f"{row['segment_start']:.6f}-{row['segment_end']:.6f}" if row.get("segment") is not None else ""
            cells.append(Example(name_of(row), audio, cut))
            for name, value in (("subject", row["subject_id"]), ("split", split), ("source", source)):
                columns[name].append(value)
            rows.append(row)
    return Examples(
        rows=tuple(rows),
        labels=np.asarray(labels, dtype=np.int64 if classes else np.float64),
        subjects=np.asarray(columns["subject"]),
        split=np.asarray(columns["split"]),
        classes=classes,
        sources=np.asarray(columns["source"]),
        cells=tuple(cells),
    )
