"""From an original download to a Parquet repository that ``datasets.load_dataset`` reads, without a leak or a loss."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ..cluster import Engine, check_engine
from ..errors import ConfigurationError, DataError, LeakageError, MissingAudioError
from ..files import check_folder, new_folder, sole_writer, write_text
from .builder import by_split, task_features, twins_of, with_audio
from .card import render
from .catalogue import dataset as find
from .checksums import verified
from .duplicates import Twins
from .guards import check_splits, is_reserved
from .inspection import Memory, annotated, owned
from .manifest import DATA, write_manifest
from .people import with_people
from .population import count_people, draw_people
from .report import PrepareReport, Presence, SplitCounts, class_counts, count_differences, split_warnings
from .schema import Row
from .spec import DatasetSpec, Problem, Table, TaskConfig
from .split_spec import SplitPlan, SplitSpec
from .splits import plan, split_sha256
from .writing import check_name, table_features, with_labels, write_shards, write_tables

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PrepareSettings:
    """How a dataset is prepared.

    Args:
        split: how to split; by default 60/20/20 of the people, stratified.
        num_proc: processes that read recordings.
        tasks: configs to write; None writes all that have an example here.
        progress: show a bar.
        overwrite: replace a folder that ``prepare`` wrote before.
        strict: refuse an incomplete download and counts that are not the papers'; otherwise both are warned of, and
            written into card and manifest.
        verify: compare with the checksums that the distribution carries.
        engine: ``local``, or ``ray``: recordings are read on all machines of a Ray cluster that share a filesystem.

    Raises:
        ConfigurationError: ``num_proc`` below 1, no task, or an unknown engine.
    """

    split: SplitSpec = field(default_factory=SplitSpec)
    num_proc: int = 1
    tasks: Sequence[str] | None = None
    progress: bool = True
    overwrite: bool = False
    strict: bool = False
    verify: bool = True
    engine: Engine = "local"

    def __post_init__(self) -> None:
        check_engine(self.engine)
        if self.num_proc < 1:
            raise ConfigurationError(f"num_proc is {self.num_proc}", remedy="use 1 or more")
        if self.tasks is not None and not self.tasks:
            raise ConfigurationError("no task is chosen", remedy="leave tasks out to write all")


def prepare(
    dataset: str | DatasetSpec,
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    settings: PrepareSettings | None = None,
    **options: Any,
) -> PrepareReport:
    """Write a dataset as ``data/<split>-00000-of-0000N.parquet`` with a card, then load it with ``load_dataset``.

    Every recording is stored once, beside the labels of all tasks; a task's config is some columns and a filter of that
    table. Every recording is decoded once; a broken one is set aside in ``quarantine.csv`` with its reason, and rows in
    are rows out plus rows set aside or withheld. The split is decided on all people before a task filters recordings,
    so no person changes sides between two tasks. The folder appears complete or not at all, and its bytes depend on the
    source and the settings only, not on ``num_proc``. A call that was interrupted, repeated, does not read the
    recordings again that it has read (a file next to ``output`` remembers them until it is done).

    Args:
        dataset: name in ``DATASETS``, or a spec of your own.
        source: the original download.
        output: folder to write; it must not exist, or be empty, unless ``overwrite``.
        settings: how.
        options: single settings by keyword, see :class:`PrepareSettings`: ``split``, ``tasks``, ``num_proc`` ….

    Raises:
        ConfigurationError: unknown dataset or task, an output folder that would be lost, or one that cannot be loaded.
        DataError: the source's layout is not the dataset's, or holds no usable recording; ``strict``: see there.
        LeakageError: the split shares people or audio (an official one, unless ``SplitSpec(allow_leakage=True)``).

    Example:
        >>> report = prepare("circor", "circor-heart-sound-1.0.3", "circor", num_proc=4)  # doctest: +SKIP
        >>> datasets.load_dataset("circor", "murmur")  # doctest: +SKIP
    """
    given = {name: value for name, value in options.items() if value is not None}
    settings = replace(settings or PrepareSettings(), **given)
    spec = dataset if isinstance(dataset, DatasetSpec) else find(dataset)
    target = Path(output).absolute()
    chosen = spec.tasks
    if settings.tasks is not None:
        chosen = tuple(spec.task(name) for name in dict.fromkeys(settings.tasks))
    check_name(target)
    with sole_writer(target):
        check_folder(target, replace=settings.overwrite)
        table = spec.read(Path(source))
        memory = Memory(target.with_name(f".{target.name}.reading.jsonl"), table)
        run = _Run.of(spec, table, memory, settings)
        report = run.report(target, chosen)
        for warning in report.warnings:
            logger.warning("%s: %s", spec.name, warning)
        with new_folder(target, replace=True) as folder:
            run.write(report, folder)
            memory.forget()  # before the folder takes its name: a call after that has nothing left to clean
    return report


@dataclass(frozen=True)
class _Run:
    """A download after every file has been read and every person has a side.

    Args:
        spec, table, settings: what is prepared, and how.
        rows: recordings that are sound, by id.
        problems: the others, and files that no table lists.
        twins: pairs of recordings that sound alike.
        notes: oddities.
        decided: the split of every recording.
        parts: split -> its sound recordings.
    """

    spec: DatasetSpec
    table: Table
    settings: PrepareSettings
    rows: list[Row]
    problems: list[Problem]
    twins: list[Twins]
    notes: tuple[str, ...]
    decided: SplitPlan
    parts: Mapping[str, list[Row]]

    @classmethod
    def of(cls, spec: DatasetSpec, table: Table, memory: Memory, settings: PrepareSettings) -> _Run:
        """Read every file, decide the split of all people and check it; fingerprints are let go."""
        reading = memory.read(settings.num_proc, settings.engine)
        shown = tqdm(reading, f"{spec.name}: read", len(table.rows), unit="rec", disable=not settings.progress)
        results = owned(table.rows, list(annotated(table.rows, shown)))
        notes: tuple[str, ...] = ()
        if settings.verify and spec.checksums:
            results, notes = verified(table, results, spec.checksums)
        pairs = zip(table.rows, results, strict=True)
        notes += tuple(
            f"{row['path']}: {info.note}" for row, info in pairs if not isinstance(info, Problem) and info.note
        )
        problems = sorted(
            (*table.problems, *(result for result in results if isinstance(result, Problem))),
            key=lambda problem: (problem.recording_id, problem.path),
        )
        rows = with_audio(table.rows, results)
        if not rows:
            raise DataError(
                f"none of {len(table.rows)} recordings is usable",
                where=table.root,
                remedy=f"first: {problems[0].path}: {problems[0].reason}" if problems else "check the folder",
            )
        twins = twins_of(table.rows, results)
        digests = {row["recording_id"]: row["audio_sha256"] for row in rows}
        decided = plan(table.rows, spec, settings.split, digests, [(pair.one, pair.other) for pair in twins])
        rows = with_people(rows, decided.people)
        parts = by_split(rows, decided.splits, decided.names)
        _guard(spec, settings.split, decided, parts, twins)
        return cls(spec, table, settings, rows, problems, twins, notes, decided, parts)

    def report(self, target: Path, tasks: Sequence[TaskConfig]) -> PrepareReport:
        """Count everything, and refuse what ``strict`` refuses."""
        spec, table, decided = self.spec, self.table, self.decided
        written = {row["recording_id"]: name for name, rows in self.parts.items() for row in rows}
        absent = {row["recording_id"] for row in self.rows} - set(decided.splits)
        listed = len(table.rows) + len(table.problems)
        assert listed == len(written) + len(self.problems) + len(absent), "a recording was lost"
        configs, contents = self._count(tasks)
        empty = [name for name, counts in configs.items() if not any(part.recordings for part in counts.values())]
        if empty and (self.settings.tasks is not None or len(empty) == len(configs)):
            raise DataError(f"task {empty[0]!r} has no recording left", where=table.root, remedy="choose other tasks")
        missing = sum(problem.error == MissingAudioError.__name__ for problem in self.problems)
        presence = Presence(listed, missing, table.expected or spec.recordings)
        differences = count_differences(spec, self.rows) if presence.complete and table.expected is None else ()
        if self.settings.strict and not presence.complete:
            problem = presence.describe()
            raise DataError(problem, where=table.root, remedy="complete the download, or leave out strict")
        if self.settings.strict and differences:
            raise DataError(differences[0], where=table.root, remedy="check the dataset's version")
        lacking = split_warnings(spec, self.settings.split, self.parts, configs)
        return PrepareReport(
            dataset=spec.name,
            output=target,
            listed=listed,
            written=len(written),
            quarantined=tuple(self.problems),
            withheld={name: decided.withheld.get(name, "") for name in sorted(absent)},
            configs={name: counts for name, counts in configs.items() if name not in empty},
            split_sha256=split_sha256(written),
            content_sha256={name: digest for name, digest in contents.items() if name not in empty},
            notes=(*table.notes, *self.notes, *(f"task {name} has no recording here" for name in empty)),
            warnings=(
                *(*decided.warnings, *lacking),
                *(() if presence.complete else (presence.describe(),)),
                *differences,
            ),
            twins=tuple(self.twins),
            balance=decided.table,
            presence=presence,
            reserved=len({row["subject_id"] for row in self.rows if is_reserved(row["subject_id"], spec.name)}),
        )

    def _count(self, tasks: Sequence[TaskConfig]) -> tuple[dict[str, dict[str, SplitCounts]], dict[str, str]]:
        """Counts and content of every task, one task's examples at a time: they can be many more than recordings."""
        digests = {row["recording_id"]: _digest(row) for row in self.rows}
        configs, contents = {}, {}
        for task in tasks:
            selected = {name: task.select(rows) for name, rows in self.parts.items()}
            configs[task.name] = {name: _count(task, *pair) for name, pair in selected.items()}
            contents[task.name] = _content(self.spec, task, selected, digests)
        return configs, contents

    def write(self, report: PrepareReport, folder: Path) -> None:
        """Fill the folder."""
        spec, settings = self.spec, self.settings
        bar = tqdm(desc=f"{spec.name}: write", total=report.written, unit="rec", disable=not settings.progress)
        tasks = [spec.task(name) for name in report.configs]
        columns = table_features(spec, tasks)
        with bar:
            for part, recordings in self.parts.items():
                rows = with_labels(spec, tasks, recordings)
                if rows:  # the datasets library cannot load a split without rows; the card shows it with 0
                    write_shards(folder / DATA, part, rows, self.table.root, columns, bar)
            write_tables(folder, self.parts, self.problems, report.withheld)
            write_manifest(folder, spec, settings.split, report, self.rows)
            people = count_people(self.rows)
            drawn = draw_people(folder, people)
            write_text(folder / "README.md", render(spec, settings.split, report, people, drawn))


def _guard(
    spec: DatasetSpec, split: SplitSpec, decided: SplitPlan, parts: Mapping[str, list[Row]], twins: Sequence[Twins]
) -> None:
    try:
        check_splits(parts, spec.name, twins=twins, people=decided.people, allow_leakage=split.allow_leakage)
    except LeakageError as error:
        if split.name not in ("official", "published"):
            raise
        raise LeakageError(
            f"{error.problem} ({decided.leaks})",
            where=f"{split.name} split of {spec.name}",
            remedy="use SplitSpec(name='subject'), or allow_leakage=True to reproduce published figures",
        ) from error


def _count(task: TaskConfig, rows: Sequence[Row], left_out: Mapping[str, int]) -> SplitCounts:
    labels = class_counts(task, rows)
    return SplitCounts(
        recordings=len(rows),
        people=len({row["subject_id"] for row in rows} - {None}),
        labels={name: labels.get(name, 0) for name in task.classes},
        left_out=left_out,
    )


def _digest(row: Row) -> str:
    return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()


def _content(
    spec: DatasetSpec, task: TaskConfig, parts: Mapping[str, tuple[list[Row], object]], digests: Mapping[str, str]
) -> str:
    """SHA-256 over a config's columns and rows; the audio counts by its own hash, a recording's columns by theirs."""
    digest = hashlib.sha256(str(task_features(spec, task)).encode())
    own = ("segment", "segment_start", "segment_end", "label")
    for name, (rows, _) in parts.items():
        for row in rows:
            line = [name, digests[row["recording_id"]], *(row.get(column) for column in own)]
            digest.update(json.dumps(line).encode())
    return digest.hexdigest()
