"""From an original download to a Parquet repository that ``datasets.load_dataset`` reads, without a leak or a loss."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tqdm import tqdm

from ..errors import ConfigurationError, DataError, LeakageError, MissingAudioError
from ..files import check_folder, new_folder, write_text
from .builder import by_split, task_features, twins_of, with_facts
from .card import render
from .catalogue import dataset as find
from .checksums import verified
from .duplicates import Twins
from .guards import check_splits
from .inspection import Facts
from .manifest import write_manifest
from .memory import remembered
from .population import count_people, draw_people
from .presence import Presence, class_counts, count_differences
from .report import PrepareReport, SplitCounts
from .schema import Row
from .spec import DatasetSpec, Problem, Table, TaskConfig
from .split_spec import SplitPlan, SplitSpec
from .splits import plan, split_sha256
from .writing import write_shards, write_tables

logger = logging.getLogger(__name__)


def prepare(
    dataset: str | DatasetSpec,
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    split: SplitSpec | None = None,
    num_proc: int = 1,
    tasks: Sequence[str] | None = None,
    progress: bool = True,
    overwrite: bool = False,
    strict: bool = False,
    verify: bool = True,
) -> PrepareReport:
    """Write a dataset as ``<config>/<split>-00000-of-0000N.parquet`` with a card, then load it with ``load_dataset``.

    Every recording is decoded once; a broken one is set aside in ``quarantine.csv`` with its reason, and rows in are
    rows out plus rows set aside or withheld. The split is decided on all people before a task filters recordings, so
    no person changes sides between two tasks. The folder appears complete or not at all, and its bytes depend on the
    source and the settings only, not on ``num_proc``. A call that was interrupted, repeated, does not read the
    recordings again that it has read (a file next to ``output`` remembers them until it is done).

    Args:
        dataset: name in ``DATASETS``, or a spec of your own.
        source: the original download.
        output: folder to write; it must not exist, or be empty, unless ``overwrite``.
        split: how to split; None is 60/20/20 of the people, stratified.
        num_proc: processes that read recordings.
        tasks: configs to write; None writes all that have an example here.
        progress: show a bar.
        overwrite: replace a folder that ``prepare`` wrote before.
        strict: refuse an incomplete download and counts that are not the papers'; otherwise both are warned of, and
            written into card and manifest.
        verify: compare with the checksums that the distribution carries.

    Raises:
        ConfigurationError: unknown dataset or task, or an output folder that would be lost.
        DataError: the source's layout is not the dataset's, or holds no usable recording; ``strict``: see there.
        LeakageError: the split shares people or audio (an official one, unless ``SplitSpec(allow_leakage=True)``).

    Example:
        >>> report = prepare("circor", "circor-heart-sound-1.0.3", "circor")  # doctest: +SKIP
        >>> datasets.load_dataset("circor", "murmur")  # doctest: +SKIP
    """
    spec = dataset if isinstance(dataset, DatasetSpec) else find(dataset)
    split, target = split or SplitSpec(), Path(output).absolute()
    if num_proc < 1:
        raise ConfigurationError(f"num_proc is {num_proc}", remedy="use 1 or more")
    chosen = spec.tasks if tasks is None else tuple(spec.task(name) for name in dict.fromkeys(tasks))
    if not chosen:
        raise ConfigurationError("no task is chosen", where=spec.name, remedy="leave tasks out to write all")
    check_folder(target, replace=overwrite)
    table = spec.read(Path(source))
    with remembered(target, table) as memory:
        sound, problems, twins, notes = _read(spec, table, memory.read(num_proc), verify, progress)
        decided = plan(
            table.rows,
            spec,
            split,
            {row["recording_id"]: row["audio_sha256"] for row in sound},
            [(pair.one, pair.other) for pair in twins],
        )
        parts = by_split(sound, decided.splits, decided.names)
        _guard(spec, split, decided, parts, twins)
        withheld = {row["recording_id"]: decided.withheld.get(row["recording_id"], "") for row in sound}
        withheld = {name: reason for name, reason in withheld.items() if name not in decided.splits}
        written = {row["recording_id"]: name for name, rows in parts.items() for row in rows}
        listed = len(table.rows) + len(table.problems)
        assert listed == len(written) + len(problems) + len(withheld), "a recording was lost"
        digests = {row["recording_id"]: _digest(row) for row in sound}
        configs, contents = {}, {}
        for task in chosen:  # one task's examples at a time: they can be many more than the recordings
            selected = {name: task.select(rows) for name, rows in parts.items()}
            configs[task.name] = {name: _count(task, *pair) for name, pair in selected.items()}
            contents[task.name] = _content(spec, task, selected, digests)
        empty = [name for name, counts in configs.items() if not any(one.recordings for one in counts.values())]
        if empty and (tasks is not None or len(empty) == len(chosen)):
            raise DataError(f"task {empty[0]!r} has no recording left", where=table.root, remedy="choose other tasks")
        chosen = tuple(task for task in chosen if task.name not in empty)
        missing = sum(problem.error == MissingAudioError.__name__ for problem in problems)
        presence = Presence(listed, missing, table.expected or spec.recordings)
        differences = count_differences(spec, sound) if presence.complete and table.expected is None else ()
        if strict and not presence.complete:
            raise DataError(presence.describe(), where=table.root, remedy="complete the download, or leave out strict")
        if strict and differences:
            raise DataError(differences[0], where=table.root, remedy="check the dataset's version")
        warnings = (*decided.warnings, *(() if presence.complete else (presence.describe(),)), *differences)
        for warning in warnings:
            logger.warning("%s: %s", spec.name, warning)
        report = PrepareReport(
            dataset=spec.name,
            output=target,
            listed=listed,
            written=len(written),
            quarantined=tuple(problems),
            withheld=withheld,
            configs={task.name: configs[task.name] for task in chosen},
            split_sha256=split_sha256(written),
            content_sha256={task.name: contents[task.name] for task in chosen},
            notes=(*table.notes, *notes, *(f"task {name} has no recording here" for name in empty)),
            warnings=warnings,
            twins=tuple(twins),
            balance=decided.table,
            presence=presence,
        )
        total = sum(counts.recordings for config in report.configs.values() for counts in config.values())
        bar = tqdm(desc=f"{spec.name}: write", total=total, unit="rec", disable=not progress)
        with new_folder(target, replace=True) as folder, bar:
            for task in chosen:
                columns = task_features(spec, task)
                for name in parts:
                    rows, _ = task.select(parts[name])
                    if not rows:  # the datasets library cannot load a split without rows; the card shows it with 0
                        continue
                    write_shards(folder / task.name, name, rows, table.root, columns, bar)
            write_tables(folder, parts, problems, withheld)
            write_manifest(folder, spec, split, report, sound)
            people = count_people(sound)
            drawn = draw_people(folder, people)
            write_text(folder / "README.md", render(spec, split, report, people, drawn))
    return report


def _read(
    spec: DatasetSpec, table: Table, reading: Iterator[Facts | Problem], verify: bool, progress: bool
) -> tuple[list[Row], list[Problem], list[Twins], tuple[str, ...]]:
    """Rows of sound recordings, all problems, recordings that sound alike, and notes; fingerprints are let go."""
    results = list(tqdm(reading, f"{spec.name}: read", len(table.rows), unit="rec", disable=not progress))
    results, notes = verified(table, results, spec.checksums) if verify and spec.checksums else (results, ())
    problems = sorted(
        (*table.problems, *(result for result in results if isinstance(result, Problem))),
        key=lambda problem: (problem.recording_id, problem.path),
    )
    sound = with_facts(table.rows, results)
    if not sound:
        raise DataError(
            f"none of {len(table.rows)} recordings is usable",
            where=table.root,
            remedy=f"first: {problems[0].path}: {problems[0].reason}" if problems else "check the folder",
        )
    return sound, problems, twins_of(table.rows, results), notes


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
