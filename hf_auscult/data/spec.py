"""What is known of a dataset, as data: its tasks, its people, its licence and how its tables are read."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..errors import ConfigurationError, DataError
from .facts import FieldMapping, TaskLabels
from .schema import Kind, Row


@dataclass(frozen=True)
class PaperTask:
    """A task of one of the papers, and how many examples it says there are.

    Args:
        suite: ``acula18``, ``auscultabench16`` or ``covid_balanced``.
        number: the paper's, e.g. ``T7``.
        counts: class -> examples, as printed; empty where the paper gives none.
        measured: class -> examples of the complete distribution, where the paper is wrong or counts something else.
        note: why the two differ, or what else to know.
    """

    suite: str
    number: str
    counts: Mapping[str, int] = field(default_factory=dict)
    measured: Mapping[str, int] | None = None
    note: str = ""

    @property
    def expected(self) -> Mapping[str, int]:
        """Counts that a complete distribution must give."""
        return self.counts if self.measured is None else self.measured


@dataclass(frozen=True)
class TaskConfig:
    """One task over a dataset, or all of its recordings.

    Args:
        name: config name of the prepared dataset.
        column: original label column that decides; None keeps every recording and gives no label. With ``segments``
            it is a key of the events.
        classes: names of the classes, in the order of their numbers.
        rule: original value -> class name.
        left_out: original values whose recordings the task does not use; they are counted, not hidden.
        why_left_out: the reason, for the card.
        target: ``class``; ``value``: a number to regress, the column's own; ``classes``: several classes at once, from
            a column of lists.
        segments: column of events; every event becomes an example of its own, cut out of its recording.
        keep: column -> values; recordings with another value are not in the task (e.g. another modality).
        paper: the papers' tasks that this one is.
        positive: of two classes, the one that sensitivity, precision, F1 and the AUROC are of. Empty where nobody has
            said; such a task can be prepared but not scored.

    Raises:
        ConfigurationError: the positive class is none of the classes.

    Example:
        >>> task = TaskConfig("murmur", "murmur", ("Absent", "Present"), {"Absent": "Absent", "Present": "Present"})
        >>> task.label({"murmur": "Present"})
        'Present'
    """

    name: str
    column: str | None = None
    classes: tuple[str, ...] = ()
    rule: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str | None, ...] = ()
    why_left_out: str = ""
    target: Literal["class", "value", "classes"] = "class"
    segments: str | None = None
    keep: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    paper: tuple[PaperTask, ...] = ()
    positive: str = ""

    def __post_init__(self) -> None:
        if self.positive and self.positive not in self.classes:
            raise ConfigurationError(
                f"positive is {self.positive!r}, the classes are {list(self.classes)}",
                where=f"task {self.name}",
                remedy="name one of the classes",
            )

    def label(self, row: Mapping[str, Any], where: str | None = None) -> Any:
        """Give the class (or value, or classes) of a row or event, or None where the task leaves it out.

        Raises:
            DataError: the value is neither in the rule nor among those left out.
        """
        assert self.column is not None
        value = row[self.column]
        if self.target == "classes":
            return None if value is None else [self._class(one, where or row.get("recording_id")) for one in value]
        if value in self.left_out or (self.target == "value" and value is None):
            return None
        return float(value) if self.target == "value" else self._class(value, where or row.get("recording_id"))

    def _class(self, value: Any, where: object) -> str:
        if value not in self.rule:
            raise DataError(
                f"{self.column} is {value!r}, which task {self.name!r} does not know",
                where=str(where),
                remedy=f"expected one of {sorted(map(str, {*self.rule, *self.left_out}))}; check the dataset's version",
            )
        return self.rule[value]

    def select(self, rows: Sequence[Row]) -> tuple[list[Row], dict[str, int]]:
        """Rows of the task with ``label`` filled in, and how many examples each left-out value cost.

        Rows of a task over segments get ``segment`` (its number in the recording), ``segment_start`` and
        ``segment_end`` in seconds.
        """
        rows = [row for row in rows if all(row[name] in values for name, values in self.keep.items())]
        if self.column is None:
            return rows, {}
        kept: list[Row] = []
        lost: Counter[str] = Counter()
        for row, source in self._examples(rows):
            label = self.label(source, str(row["recording_id"]))
            if self.segments is not None and row["segment_start"] >= row.get("duration", math.inf):
                lost["outside the recording"] += 1
            elif label is None:
                lost[str(source[self.column])] += 1
            elif self.target == "class":
                kept.append({**row, "label": self.classes.index(label)})
            elif self.target == "classes":
                kept.append({**row, "label": sorted(map(self.classes.index, label))})
            else:
                kept.append({**row, "label": label})
        return kept, dict(sorted(lost.items()))

    def _examples(self, rows: Sequence[Row]) -> Iterator[tuple[Row, Mapping[str, Any]]]:
        """Every example with the mapping that holds its label: the row itself, or one of its events."""
        for row in rows:
            if self.segments is None:
                yield row, row
                continue
            for number, event in enumerate(row[self.segments] or ()):
                cut = {"segment": number, "segment_start": event["start"], "segment_end": event["end"]}
                yield {**row, **cut}, event


@dataclass(frozen=True)
class Stratum:
    """A trait of a person that a split keeps balanced.

    Args:
        column: original column.
        levels: groups of values, strongest first: a person belongs to the first group in which any recording falls
            (a child with one murmur among five recordings is a child with a murmur).
    """

    column: str
    levels: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Problem:
    """A recording that cannot be used, and why.

    Args:
        recording_id: its name.
        path: file concerned, relative to the source folder.
        reason: what is wrong with it.
        error: type of the error.
    """

    recording_id: str
    path: str
    reason: str
    error: str


@dataclass(frozen=True)
class Table:
    """A dataset's own tables, read: one row per recording that they list.

    Args:
        root: folder that the rows' ``path`` is relative to.
        rows: the columns of :func:`hf_auscult.data.schema.features` except those that come from the audio, plus
            ``path`` and, where the dataset has an official split, ``official_split``.
        problems: recordings whose annotation cannot be read, or that no table lists.
        notes: oddities that were survived, in words.
        expected: recordings of the complete edition that is here, where a dataset has several.

    Raises:
        DataError: two rows have one recording id.
    """

    root: Path
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    expected: int | None = None

    def __post_init__(self) -> None:
        seen = Counter(row["recording_id"] for row in self.rows)
        twice = [name for name, count in seen.items() if count > 1]
        if twice:
            raise DataError(
                f"{len(twice)} recording ids occur twice: {', '.join(sorted(twice)[:5])}",
                where=self.root,
                remedy="keep one file of each name",
            )


@dataclass(frozen=True)
class PublishedSplit:
    """A split that a paper used, where it can be reproduced.

    Args:
        names: its splits, in order.
        assign: rows -> recording id -> split; recordings that the paper left out are absent.
        leaks: what is wrong with it; empty where nothing is known to be.
        source: where it is written.
        disjoint: withhold whoever stands in a later part too, so that what the paper tested on stays whole.
    """

    names: tuple[str, ...]
    assign: Callable[[Sequence[Row]], Mapping[str, str]]
    leaks: str = ""
    source: str = ""
    disjoint: bool = False


@dataclass(frozen=True)
class Shortcuts:
    """What a model may tell apart instead of the sound.

    Args:
        columns: the dataset's own columns of where, how and by whom a recording was made.
        numeric: such columns that hold numbers.
        restated: task -> common columns that are its label, and so no shortcut.
    """

    columns: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    restated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class DatasetSpec:
    """Everything that is known of one dataset.

    Args:
        name: short name; prefix of its subject ids.
        title: full name.
        version: distribution that the reader knows.
        organ: organ that is heard.
        licence: SPDX-like identifier.
        licence_tag: the Hub's identifier.
        licence_note: what else to know of the licence.
        citation: how to cite.
        source_url: where the original is distributed.
        columns: the dataset's own columns, name -> kind.
        tasks: its tasks; the first is the default.
        strata: traits that the subject split balances.
        read: reads the original layout.
        recordings: how many a complete download lists; None where it is unknown.
        checksums: patterns of the files of official sums (``sum  path`` lines, paths relative to the file) below the
            root, where the distribution has any.
        subject_warning: where the distribution does not say who is who: what ``subject_id`` stands for instead, and
            what that cannot rule out. The warning travels into every split, card and result.
        official: split names of the authors' own split, and the ``official_split`` values that make them up.
        official_leaks: what is wrong with the authors' own split.
        published: paper -> the split it used, where that can be reproduced.
        traps: oddities of the distribution that are handled, for the card.
        row: common columns that are the same in every recording, such as ``device``.
        codes: tables of the distribution's own words, for the reader.
        facts: reads the facts that reports are written from; None where nothing is declared.
        masks: task -> columns that give its label away.
        masked: column that is masked whatever the task -> why.
        prompts: task -> class -> sentences, for zero-shot classification.
        shortcuts: columns that a model may tell apart instead of the sound.
        contamination: trainings of public models on it, see :mod:`hf_auscult.data.contamination`.
        nothing: part of this description -> why it has none.
    """

    name: str
    title: str
    version: str
    organ: str
    licence: str
    licence_tag: str
    licence_note: str
    citation: str
    source_url: str
    columns: Mapping[str, Kind]
    tasks: tuple[TaskConfig, ...]
    strata: tuple[Stratum, ...]
    read: Callable[[Path], Table]
    recordings: int | None = None
    checksums: tuple[str, ...] = ()
    subject_warning: str = ""
    official: tuple[str, ...] = ()
    official_leaks: str = ""
    published: Mapping[str, PublishedSplit] = field(default_factory=dict)
    traps: tuple[str, ...] = ()
    row: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Any] = field(default_factory=dict)
    facts: FieldMapping | None = None
    masks: Mapping[str, TaskLabels] = field(default_factory=dict)
    masked: Mapping[str, str] = field(default_factory=dict)
    prompts: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    shortcuts: Shortcuts = field(default_factory=Shortcuts)
    contamination: tuple[str | Mapping[str, Any], ...] = ()
    nothing: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_subject_ids(self) -> bool:
        """Whether the distribution says who is who."""
        return not self.subject_warning

    def label_column(self, task: TaskConfig) -> str | None:
        """Column of the prepared table that holds a task's labels; None for a task without any.

        ``label`` is that of the first task with one label a recording, ``label_TASK`` of every other;
        ``segments_TASK`` lists a recording's examples where its segments are what is labelled.
        """
        if task.column is None:
            return None
        if task.segments is not None:
            return f"segments_{task.name}"
        first = next(one for one in self.tasks if one.column is not None and one.segments is None)
        return "label" if task.name == first.name else f"label_{task.name}"

    def task(self, name: str) -> TaskConfig:
        """Find a task by its name.

        Raises:
            ConfigurationError: there is none of that name.
        """
        for task in self.tasks:
            if task.name == name:
                return task
        raise ConfigurationError(
            f"no task {name!r} in dataset {self.name!r}",
            remedy=f"choose one of {', '.join(task.name for task in self.tasks)}",
        )
