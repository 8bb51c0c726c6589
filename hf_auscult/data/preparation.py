"""From an original download to a Parquet repository that ``datasets.load_dataset`` reads, without a leak or a loss."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tqdm import tqdm

from ..errors import ConfigurationError, DataError, LeakageError
from .builder import by_split, split_names, task_features, with_facts
from .card import render
from .guards import check_splits
from .inspection import inspect_all
from .registry import dataset as find
from .report import PrepareReport, SplitCounts
from .schema import Row
from .spec import DatasetSpec, Problem, Table, TaskConfig
from .splits import SplitSpec, assign, split_sha256
from .writing import appearing, write_shards, write_tables

MANIFEST = "prepare.json"


def prepare(
    dataset: str,
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    split: SplitSpec | None = None,
    num_proc: int = 1,
    tasks: Sequence[str] | None = None,
    progress: bool = True,
    overwrite: bool = False,
) -> PrepareReport:
    """Write a dataset as ``<config>/<split>-00000-of-0000N.parquet`` with a card, then load it with ``load_dataset``.

    Every recording is decoded once; a broken one is set aside in ``quarantine.csv`` with its reason, and rows in are
    rows out plus rows set aside. The split is decided on all people before a task filters recordings, so no person
    changes sides between two tasks. The folder appears complete or not at all, and its bytes depend on the source and
    the settings only, not on ``num_proc``.

    Args:
        dataset: ``circor`` or ``sprsound``.
        source: the original download.
        output: folder to write; it must not exist, or be empty, unless ``overwrite``.
        split: how to split; None is 60/20/20 of the people, stratified.
        num_proc: processes that read recordings.
        tasks: configs to write; None writes all.
        progress: show a bar.
        overwrite: replace a folder that ``prepare`` wrote before.

    Raises:
        ConfigurationError: unknown dataset or task, or an output folder that would be lost.
        DataError: the source's layout is not the dataset's, or holds no usable recording.
        LeakageError: the split shares people or audio (an official one, unless ``SplitSpec(allow_leakage=True)``).

    Example:
        >>> report = prepare("circor", "circor-heart-sound-1.0.3", "circor")  # doctest: +SKIP
        >>> datasets.load_dataset("circor", "murmur")  # doctest: +SKIP
    """
    spec, split, target = find(dataset), split or SplitSpec(), Path(output).absolute()
    if num_proc < 1:
        raise ConfigurationError(f"num_proc is {num_proc}", remedy="use 1 or more")
    chosen = spec.tasks if tasks is None else tuple(spec.task(name) for name in dict.fromkeys(tasks))
    if not chosen:
        raise ConfigurationError("no task is chosen", where=spec.name, remedy="leave tasks out to write all")
    _check_target(target, overwrite)
    table = spec.read(Path(source))
    inspection = inspect_all(table.rows, table.root, num_proc=num_proc)
    results = list(tqdm(inspection, f"{spec.name}: read", len(table.rows), unit="rec", disable=not progress))
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
    assignment = assign(table.rows, spec, split, {row["recording_id"]: row["audio_sha256"] for row in sound})
    parts = by_split(sound, assignment, split_names(spec, split))
    try:
        check_splits(parts, spec.name, allow_leakage=split.allow_leakage)
    except LeakageError as error:
        if split.name != "official":
            raise
        raise LeakageError(
            f"{error.problem} ({spec.official_leaks})",
            where=f"official split of {spec.name}",
            remedy="use SplitSpec(name='subject'), or allow_leakage=True to reproduce published figures",
        ) from error
    withheld = tuple(row["recording_id"] for row in sound if row["recording_id"] not in assignment)
    written = {row["recording_id"]: name for name, rows in parts.items() for row in rows}
    listed = len(table.rows) + len(table.problems)
    assert listed == len(written) + len(problems) + len(withheld), "a recording was lost"
    selected = {task.name: {name: task.select(rows) for name, rows in parts.items()} for task in chosen}
    for name, pairs in selected.items():
        if not any(rows for rows, _ in pairs.values()):
            raise DataError(f"task {name!r} has no recording left", where=table.root, remedy="choose other tasks")
    report = PrepareReport(
        dataset=spec.name,
        output=target,
        listed=listed,
        written=len(written),
        quarantined=tuple(problems),
        withheld=withheld,
        configs={
            task.name: {name: _count(task, *pair) for name, pair in selected[task.name].items()} for task in chosen
        },
        split_sha256=split_sha256(written),
        content_sha256={task.name: _content(spec, task, selected[task.name]) for task in chosen},
        notes=table.notes,
    )
    total = sum(counts.recordings for config in report.configs.values() for counts in config.values())
    bar = tqdm(desc=f"{spec.name}: write", total=total, unit="rec", disable=not progress)
    with appearing(target) as folder, bar:
        for task in chosen:
            columns = task_features(spec, task)
            for name, (rows, _) in selected[task.name].items():
                if not rows:  # the datasets library cannot load a split without rows; the card shows it with 0
                    continue
                write_shards(folder / task.name, name, rows, table.root, columns, bar)
        write_tables(folder, parts, problems)
        _write_manifest(folder, spec, split, table, report, sound)
        (folder / "README.md").write_text(render(spec, split, report), "utf-8")
    return report


def _count(task: TaskConfig, rows: Sequence[Row], left_out: Mapping[str, int]) -> SplitCounts:
    labels = Counter(task.classes[row["label"]] for row in rows) if task.column else Counter[str]()
    return SplitCounts(
        recordings=len(rows),
        people=len({row["subject_id"] for row in rows}),
        labels={name: labels[name] for name in task.classes},
        left_out=left_out,
    )


def _content(spec: DatasetSpec, task: TaskConfig, parts: Mapping[str, tuple[list[Row], object]]) -> str:
    """SHA-256 over a config's columns and rows; the audio counts by its own hash."""
    digest = hashlib.sha256(str(task_features(spec, task)).encode())
    for name, (rows, _) in parts.items():
        for row in rows:
            digest.update(json.dumps([name, row], sort_keys=True).encode())
    return digest.hexdigest()


def _write_manifest(
    folder: Path, spec: DatasetSpec, split: SplitSpec, table: Table, report: PrepareReport, sound: Sequence[Row]
) -> None:
    audio = "".join(f"{row['recording_id']}\t{row['audio_sha256']}\n" for row in sound)
    content = {
        "dataset": spec.name,
        "version": spec.version,
        "split": asdict(split),
        "split_sha256": report.split_sha256,
        "content_sha256": report.content_sha256,
        "audio_sha256": hashlib.sha256(audio.encode()).hexdigest(),
        "recordings": {
            "listed": report.listed,
            "written": report.written,
            "quarantined": len(report.quarantined),
            "withheld": list(report.withheld),
        },
        "configs": {
            name: {part: asdict(counts) for part, counts in parts.items()} for name, parts in report.configs.items()
        },
        "notes": list(table.notes),
        "versions": {name: _version(name) for name in ("hf-auscult", "datasets", "pyarrow")},
    }
    (folder / MANIFEST).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # run from a source tree
        return "source tree"


def _check_target(target: Path, overwrite: bool) -> None:
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not overwrite:
        raise ConfigurationError("exists and is not empty", where=target, remedy="choose another folder, or overwrite")
    if not (target / MANIFEST).is_file():
        raise ConfigurationError("is not a folder that prepare wrote", where=target, remedy="choose another folder")
