"""Write the files of a prepared dataset: Parquet shards and tables."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from ..errors import ConfigurationError, DataError
from ..files import write_csv
from .builder import tables
from .manifest import in_task
from .schema import Row, features, label_feature, segment_features
from .spec import DatasetSpec, Problem, TaskConfig

SHARD_BYTES = 500_000_000
"""A Parquet file holds about this many bytes of audio at most."""


def check_name(folder: Path) -> None:
    """Refuse a folder that ``datasets.load_dataset`` cannot read, because it takes names for patterns or addresses.

    Raises:
        ConfigurationError: ``[``, ``]``, ``*``, ``?`` or ``::`` in its name or that of a folder above it.
    """
    path = folder.resolve().as_posix()
    wrong = [sign for sign in ("[", "]", "*", "?", "::") if sign in path]
    if wrong:
        raise ConfigurationError(
            f"load_dataset reads {' and '.join(map(repr, wrong))} in the name of a folder as a pattern",
            where=path,
            remedy="choose another name",
        )


def table_features(spec: DatasetSpec, tasks: Sequence[TaskConfig]) -> datasets.Features:
    """Columns of the one table that holds every recording once, with the labels of all tasks.

    Raises:
        DataError: a column of the dataset's own has the name of one of these.
    """
    columns = dict(features(spec.columns))
    for task in tasks:
        own: dict[str, Any] = {in_task(task.name): datasets.Value("bool")}
        if (name := spec.label_column(task)) is not None:
            label = label_feature(task.classes, task.target)
            own[name] = label if task.segments is None else datasets.List(segment_features(label))
        if taken := sorted(set(own) & set(columns)):
            raise DataError(f"columns {taken} are those of its tasks", where=spec.name, remedy="rename them")
        columns |= own
    return datasets.Features(columns)


def with_labels(spec: DatasetSpec, tasks: Sequence[TaskConfig], rows: Sequence[Row]) -> list[Row]:
    """Add what :func:`table_features` adds; recordings that are in none of the tasks are left out."""
    labelled: dict[str, Row] = {row["recording_id"]: {} for row in rows}
    for task in tasks:
        column = spec.label_column(task)
        for row in task.select(rows)[0]:
            own = labelled[row["recording_id"]]
            own[in_task(task.name)] = True
            if column is None:
                continue
            if task.segments is None:
                own[column] = row["label"]
            else:
                segment = {name: row[name] for name in ("segment", "segment_start", "segment_end", "label")}
                own.setdefault(column, []).append(segment)
    absent = {in_task(task.name): False for task in tasks}
    return [{**row, **absent, **labelled[row["recording_id"]]} for row in rows if labelled[row["recording_id"]]]


def write_shards(
    folder: Path, split: str, rows: Sequence[Row], root: Path, columns: datasets.Features, bar: tqdm[Any]
) -> None:
    """Write the rows of one split as Parquet files of about :data:`SHARD_BYTES` each."""
    shards: list[list[Row]] = [[]]
    size = 0
    for row in rows:
        if shards[-1] and size + row["size"] > SHARD_BYTES:
            shards.append([])
            size = 0
        shards[-1].append(row)
        size += row["size"]
    folder.mkdir(exist_ok=True)
    # Every recording is another: looking for equal ones among them costs more than all the rest of the writing.
    repeated = [name for name in columns if name != "audio"]
    for index, shard in enumerate(shards):
        file = folder / f"{split}-{index:05d}-of-{len(shards):05d}.parquet"
        with pq.ParquetWriter(file, columns.arrow_schema, compression="snappy", use_dictionary=repeated) as writer:
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


def write_tables(
    folder: Path, parts: Mapping[str, Sequence[Row]], problems: Sequence[Problem], withheld: Mapping[str, str]
) -> None:
    """Write ``splits.csv``, ``quarantine.csv`` and, where recordings are in no split, ``withheld.csv``."""
    lines = sorted((row["recording_id"], row["subject_id"], name) for name, rows in parts.items() for row in rows)
    write_csv(folder / "splits.csv", ("recording_id", "subject_id", "split"), lines)
    entries = [(problem.recording_id, problem.path, problem.reason, problem.error) for problem in problems]
    write_csv(folder / "quarantine.csv", ("recording_id", "path", "reason", "error"), entries)
    if withheld:
        write_csv(folder / "withheld.csv", ("recording_id", "reason"), sorted(withheld.items()))
