"""From an original download to a Parquet repository that ``datasets.load_dataset`` reads, without a leak or a loss."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from ..errors import ConfigurationError, DataError, LeakageError
from .builder import by_split, split_names, tables, task_features, with_facts
from .card import render
from .guards import check_splits
from .inspection import inspect_all
from .registry import dataset as find
from .schema import Row
from .spec import DatasetSpec, Problem, Table, TaskConfig
from .splits import SplitSpec, assign, split_sha256

MANIFEST = "prepare.json"
SHARD_BYTES = 500_000_000
"""A Parquet file holds about this many bytes of audio at most."""


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
    notes: tuple[str, ...]


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
        notes=table.notes,
    )
    with _appearing(target) as folder, tqdm(
        desc=f"{spec.name}: write", total=len(written) * len(chosen), unit="rec", disable=not progress
    ) as bar:  # fmt: skip
        for task in chosen:
            columns = task_features(spec, task)
            for name, (rows, _) in selected[task.name].items():
                _write_shards(folder / task.name, name, rows, table.root, columns, bar)
        _write_tables(folder, parts, problems)
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


def _write_shards(
    folder: Path, split: str, rows: Sequence[Row], root: Path, columns: datasets.Features, bar: tqdm[Any]
) -> None:
    shards: list[list[Row]] = [[]]
    size = 0
    for row in rows:
        if shards[-1] and size + row["size"] > SHARD_BYTES:
            shards.append([])
            size = 0
        shards[-1].append(row)
        size += row["size"]
    folder.mkdir(exist_ok=True)
    for index, shard in enumerate(shards):
        file = folder / f"{split}-{index:05d}-of-{len(shards):05d}.parquet"
        with pq.ParquetWriter(file, columns.arrow_schema, compression="snappy") as writer:
            for part in tables(shard, root, columns):
                writer.write_table(_checked(part, shard))
                bar.update(part.num_rows)


def _checked(part: pa.Table, rows: Sequence[Row]) -> pa.Table:
    """Refuse bytes that are no longer those that were read, hashed and split."""
    wanted = {row["recording_id"]: row["audio_sha256"] for row in rows}
    for name, cell in zip(part["recording_id"].to_pylist(), part["audio"].to_pylist(), strict=True):
        if hashlib.sha256(cell["bytes"]).hexdigest() != wanted[name]:
            raise DataError("the file changed while it was being prepared", where=cell["path"], remedy="start again")
    return part


def _write_tables(folder: Path, parts: Mapping[str, Sequence[Row]], problems: Sequence[Problem]) -> None:
    lines = sorted((row["recording_id"], row["subject_id"], name) for name, rows in parts.items() for row in rows)
    _write_csv(folder / "splits.csv", ("recording_id", "subject_id", "split"), lines)
    entries = [(problem.recording_id, problem.path, problem.reason, problem.error) for problem in problems]
    _write_csv(folder / "quarantine.csv", ("recording_id", "path", "reason", "error"), entries)


def _write_csv(file: Path, header: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(lines)


def _write_manifest(
    folder: Path, spec: DatasetSpec, split: SplitSpec, table: Table, report: PrepareReport, sound: Sequence[Row]
) -> None:
    audio = "".join(f"{row['recording_id']}\t{row['audio_sha256']}\n" for row in sound)
    content = {
        "dataset": spec.name,
        "version": spec.version,
        "split": asdict(split),
        "split_sha256": report.split_sha256,
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


@contextmanager
def _appearing(target: Path) -> Iterator[Path]:
    """Fill a hidden folder next to ``target`` that takes its name when all went well and vanishes otherwise."""
    target.parent.mkdir(parents=True, exist_ok=True)
    hidden = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent))
    try:
        folder = hidden / "new"  # made by mkdir, so that it has the user's usual permissions
        folder.mkdir()
        yield folder
        if target.exists():
            target.rename(hidden / "old")
        folder.rename(target)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
