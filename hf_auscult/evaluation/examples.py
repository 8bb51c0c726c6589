"""The examples of a benchmark task, in one order: rows without sound, labels, people, splits, and cells to encode."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import datasets
import numpy as np
from numpy.typing import NDArray

from ..data.audit import words_of
from ..data.duplicates import Words, find_twins
from ..data.guards import assert_no_reserved, is_evaluation, is_reserved
from ..data.people import ids_of, people_of
from ..data.split_spec import IN_TURN
from ..embedding.cache import Example
from ..errors import ConfigurationError
from ..metrics.arrays import one_spelling_each
from ..reports.generate import name_of
from .balance import Balance, balance
from .load import Task
from .results import SplitCounts

FITTED = ("train", "validation")
_heard: dict[str, Words] = {}
"""Fingerprints by the recording's hash: a grid compares the same datasets with each other many times."""


@dataclass(frozen=True, eq=False)
class Examples:
    """All examples of a task.

    Args:
        rows: metadata of each.
        labels: (n,) class numbers or values, or (n, C) of 0 and 1.
        subjects: (n,) who was recorded: the person whom ``prepare`` keeps on one side, under however many ids.
        split: (n,) ``train``, ``validation`` or ``test``; or names of people, each tested in turn.
        classes: of the label, the positive one of two last; empty for a value.
        sources: (n,) dataset that each is of.
        cells: what is encoded.
        strata: (n,) stratum of age and sex, where the task is balanced.
        balance: what balancing left out.
        positive: of two classes, the one that metrics are of; empty otherwise.
        in_turn: every part of the split is tested in turn.
        notes: who was left out of training, and why.
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
    in_turn: bool = False
    notes: tuple[str, ...] = ()

    @property
    def reserved(self) -> NDArray[np.bool_]:
        """(n,) whose person is a reserved test subject, under any of their ids: never fitted on."""
        listed = [
            any(is_reserved(name, str(source)) for name in (str(who), *ids_of(row)))
            for row, who, source in zip(self.rows, self.subjects, self.sources, strict=True)
        ]
        return np.isin(self.subjects, self.subjects[np.array(listed, bool)])

    def refuse_reserved(self, rows: NDArray[np.int64], use: str) -> None:
        """Refuse to fit anything on reserved people.

        Raises:
            LeakageError: a reserved person is among the rows, or somebody without an id.
        """
        for source in np.unique(self.sources[rows]):
            chosen = rows[self.sources[rows] == source]
            ids = [
                self.rows[row].get(name, str(self.subjects[row])) for row in chosen for name in ("subject_id", "person")
            ]
            assert_no_reserved(ids, str(source), use=use)

    def ids_of(self, rows: NDArray[np.int64]) -> dict[str, set[str]]:
        """Person -> every id under which they stand in the table."""
        ids: dict[str, set[str]] = {}
        for row in rows:
            ids.setdefault(str(self.subjects[row]), set()).update(ids_of(self.rows[row]))
        return ids

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


def test_parts(task: Task) -> tuple[str, ...]:
    """Parts of the split that are scored, each on its own; none where every person is tested in turn.

    Scores of two fits are on two scales: sources that are left out in turn have a row each, and their mean is the
    figure. Pooled, the AUROC of a good detector can be far below .5 where prevalences differ.

    Example:
        The authors' split of SPRSound is fitted on its ``train`` and gives ``("test_inter", "test_intra")``; a split
        that leaves out one database of CinC 2016 in turn gives all six.
    """
    family = _family(task, task.spec.dataset)
    if family in IN_TURN:
        alone = family == "leave_one_source_out" and task.train is None and task.spec.folds != "subject"
        return tuple(sorted(map(str, task.dataset))) if alone else ()
    return tuple(sorted(name for name in task.dataset if is_evaluation(str(name))))


def examples_of(task: Task, *, seed: int = 0) -> Examples:
    """Read a task's examples, as ``train``, ``validation`` and ``test`` unless its parts are tested in turn.

    Across datasets, train and validation are of one and test is of the other; whoever is in both, or shares a
    recording or a take with somebody in the test set, is left out of training.

    Raises:
        ConfigurationError: the split has several test parts and the task does not choose one, or has not the chosen
            one.
        DataError: a balanced task without a stratum of age and sex that has every class, or one class under several
            spellings.
        ConfigurationError: of two classes, nobody has said which is the positive one.
    """
    spec = task.spec
    tested, in_turn = test_parts(task), _family(task, spec.dataset) in IN_TURN
    if (spec.test and spec.test not in tested) or (not spec.test and len(tested) > 1):
        chosen = f"no test part {spec.test!r}" if spec.test else f"{len(tested)} test parts"
        raise ConfigurationError(chosen, where=spec.key, remedy=f"set the task's `test` to one of {list(tested)}")
    own = {name: "test" for name in tested if spec.test in ("", name)}
    across = task.train is not None
    if in_turn and tested:  # one source is left out, the others are fitted
        own = {name: "test" if name == spec.test else "train" for name in tested}
    elif in_turn:
        own = {str(name): "test" if across else str(name) for name in task.dataset}
    elif not across:
        own |= {name: name for name in FITTED}
    parts = [(spec.dataset, own[name], part) for name, part in task.dataset.items() if name in own]
    left_out = [str(name) for name in task.dataset if name not in (*own, *tested, *FITTED)]
    if task.train is not None:
        source = str(spec.trained_on)
        taught = {name: name for name in FITTED}
        if _family(task, source) in IN_TURN:
            taught = {str(name): "train" for name in task.train}
        parts += [(source, taught[name], part) for name, part in task.train.items() if name in taught]
    examples = replace(_read(parts), in_turn=in_turn and not across and not tested)
    positive = task.positive(examples.classes)
    if positive and positive == examples.classes[0]:  # every table of scores has the positive class last
        examples = replace(examples, labels=1 - examples.labels, classes=examples.classes[::-1])
    examples = replace(examples, positive=positive)
    if left_out:
        examples = replace(examples, notes=(f"neither fitted nor tested: part {', '.join(left_out)}",))
    if across:
        examples = _apart(examples)
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


def _family(task: Task, dataset: str) -> str:
    return str(task.manifests[dataset]["split"]["name"])


def _apart(examples: Examples) -> Examples:
    """Of two datasets: leave out of training whoever is tested, or shares a recording or a take with who is."""
    names = [f"{row}" for row in range(len(examples.rows))]
    prints: dict[str, Words] = {}
    for name, row, cell in zip(names, examples.rows, examples.cells, strict=True):
        key = f"{row['audio_sha256']}@{cell.part}"
        if key not in _heard:
            _heard[key] = words_of(cell.audio)
        prints[name] = _heard[key]
    table = [{**row, "recording_id": name} for name, row in zip(names, examples.rows, strict=True)]
    digests = {name: str(row["audio_sha256"]) for name, row in zip(names, examples.rows, strict=True)}
    merged = people_of(table, digests, [(pair.one, pair.other) for pair in find_twins(prints)])
    people = np.array([merged[name] for name in names])
    tested = examples.split == "test"
    both = ~tested & np.isin(people, people[tested])
    examples = replace(examples, subjects=people)
    if not both.any():
        return examples
    note = (
        f"{int(both.sum())} training recordings of {len(np.unique(people[both]))} people are left out: the people are "
        "in the test set too, or share a recording with somebody there"
    )
    return replace(examples.take(np.flatnonzero(~both)), notes=(*examples.notes, note))


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
        one_spelling_each(names, f"classes of {source}")
        classes = names
        several = isinstance(feature, datasets.List)
        for row in part:
            audio = row.pop("audio")
            label = row.pop("label")
            labels.append([int(number in label) for number in range(len(names))] if several else label)
            cut = f"{row['segment_start']:.6f}-{row['segment_end']:.6f}" if row.get("segment") is not None else ""
            cells.append(Example(name_of(row), audio, cut))
            who = row["person"] or row["subject_id"]
            for name, value in (("subject", who), ("split", split), ("source", source)):
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
