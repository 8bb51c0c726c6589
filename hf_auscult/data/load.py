"""Load a prepared dataset, and refuse it where it leaks."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import ConfigurationError, DataError
from ..files import uncell
from ..texts import read_json, read_table
from .catalogue import DATASETS
from .duplicates import Twins
from .guards import check_splits
from .manifest import DATA, LAYOUT, MANIFEST, in_task, task_columns
from .schema import Row
from .segments import cut
from .splits import split_sha256
from .writing import check_name

_GUARDED = ["recording_id", "subject_id", "person", "audio_sha256", "source"]


def load_prepared(directory: str | os.PathLike[str], task: str, *, allow_leakage: bool = False) -> datasets.DatasetDict:
    """Load one config of a folder that ``prepare`` wrote, after checking it.

    Args:
        directory: the folder.
        task: config name, e.g. ``murmur``.
        allow_leakage: accept a split that shares people or audio; reserved subjects in training are refused anyway.

    Returns:
        Splits whose ``audio`` column is undecoded: ``{"bytes", "path"}`` with the original file's bytes.

    Raises:
        ConfigurationError: no such config, or a folder whose name is a pattern, see :func:`.writing.check_name`.
        DataError: not a prepared folder, or its Parquet does not agree with its ``splits.csv``.
        LeakageError: people or recordings on two sides, or a reserved subject outside test.

    Example:
        >>> load_prepared("circor", "murmur")["train"].features["label"].names  # doctest: +SKIP
        ['Absent', 'Present']
    """
    folder = Path(directory)
    manifest = manifest_of(folder)
    if task not in manifest["configs"]:
        raise ConfigurationError(
            f"no config {task!r}", where=folder, remedy=f"choose one of {', '.join(manifest['configs'])}"
        )
    check_name(folder)  # or it was moved there
    wanted = [split for split, counts in manifest["configs"][task].items() if counts["recordings"]]
    # By file, because load_dataset(folder) would answer a changed file from its cache; whole, because the cache then
    # holds the audio once for all tasks.
    shards = {split: _shards(folder / DATA, split) for split in wanted}
    try:
        table = datasets.load_dataset("parquet", data_files=shards)
    except (pa.ArrowInvalid, datasets.exceptions.DatasetGenerationError) as error:
        reason = error.__cause__ or error
        if not isinstance(reason, pa.ArrowInvalid):  # a full disk is no fault of the files
            raise
        raise DataError(f"cannot be read ({reason})", where=folder / DATA, remedy="prepare it again") from error
    loaded = {str(split): _of_task(part, task, manifest) for split, part in table.items()}
    parts = {name: part.select_columns(_GUARDED).to_list() for name, part in loaded.items()}
    twins = [Twins(**pair) for pair in manifest["sound_alike"]]
    check_splits(parts, manifest["dataset"], twins=twins, allow_leakage=allow_leakage)
    known = splits_of(folder)
    if split_sha256(known) != manifest["split_sha256"]:
        raise DataError("is not the split that was prepared", where=folder / "splits.csv", remedy="prepare it again")
    for name, rows in parts.items():
        for row in rows:
            if known.get(row["recording_id"]) != name or row["source"] != manifest["dataset"]:
                raise DataError(
                    f"recording {row['recording_id']} of split {name!r} is not where splits.csv has it",
                    where=folder / DATA,
                    remedy="prepare it again",
                )
    return datasets.DatasetDict(
        {name: part.cast_column("audio", datasets.Audio(decode=False)) for name, part in loaded.items()}
    )


def _of_task(part: datasets.Dataset, task: str, manifest: Mapping[str, Any]) -> datasets.Dataset:
    """One task's examples, with its ``label``; segments are cut out of their recordings."""
    mine = manifest["label_columns"][task]
    others = sorted(task_columns(manifest) - {mine})
    kept = part.select(np.flatnonzero(part.with_format("numpy")[in_task(task)])).remove_columns(others)
    if mine is None or mine.startswith("label"):
        return kept if mine is None or mine == "label" else kept.rename_column(mine, "label")
    columns = datasets.Features({**kept.features, **kept.features[mine].feature})
    del columns[mine]
    run = partial(_cut_segments, column=mine)
    return kept.map(run, batched=True, batch_size=8, features=columns, remove_columns=[mine])


def _cut_segments(batch: Mapping[str, list[Any]], column: str) -> dict[str, list[Any]]:
    """Make rows of segments of rows of recordings."""
    rows: list[dict[str, Any]] = []
    for values in zip(*batch.values(), strict=True):
        row = dict(zip(batch, values, strict=True))
        audio = row["audio"]
        for segment in row.pop(column):
            start, end = segment["segment_start"], segment["segment_end"]
            rows.append({**row, **segment, "audio": cut(audio["bytes"], audio["path"], segment["segment"], start, end)})
    return {name: [row[name] for row in rows] for name in rows[0]}


def rows_of(file: Path, *, audio: bool = True) -> Iterator[list[Row]]:
    """Read a file of recordings that this package wrote, 64 at a time: their audio fills the memory.

    Args:
        file: Parquet.
        audio: with the original files' bytes.

    Raises:
        DataError: damaged.
    """
    try:
        parquet = pq.ParquetFile(file)
        names = [name for name in parquet.schema_arrow.names if audio or name != "audio"]
        for batch in parquet.iter_batches(64, columns=names):
            yield batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"cannot be read ({error})", where=file, remedy="prepare it again") from error


def manifest_of(folder: Path) -> dict[str, Any]:
    """Read ``prepare.json`` of a prepared folder.

    Raises:
        DataError: there is none, it is damaged, or another version of this package wrote it.
    """
    file = folder / MANIFEST
    if not file.exists():
        raise DataError("not a prepared dataset", where=folder, remedy="run hf-auscult prepare first")
    content: dict[str, Any] = read_json(file, remedy="prepare it again")
    if content.get("layout") != LAYOUT:
        raise DataError("prepared by another version of hf_auscult", where=folder, remedy="prepare it again")
    return content


def positive_class(manifest: Mapping[str, Any], task: str, classes: Sequence[str], *, asked: str = "") -> str:
    """Which class of a prepared task is the positive one; empty unless there are two.

    Args:
        manifest: of the prepared folder.
        task: its config.
        classes: of the task.
        asked: the class that a user names; it counts before what the dataset says.

    Raises:
        ConfigurationError: of two classes nobody has said which is positive (both are named), or it is none of them.

    Example:
        >>> positive_class({"dataset": "mine", "positive": {"label": "murmur"}}, "label", ["murmur", "normal"])
        'murmur'
    """
    known = asked or str(manifest.get("positive", {}).get(task, ""))
    if not known and manifest["dataset"] in DATASETS:
        known = next((config.positive for config in DATASETS[manifest["dataset"]].tasks if config.name == task), "")
    if known and known not in classes:
        raise ConfigurationError(
            f"positive is {known!r}, the classes are {list(classes)}",
            where=f"{manifest['dataset']}/{task}",
            remedy="name one of the classes",
        )
    if len(classes) == 2 and not known:
        first, second = classes
        raise ConfigurationError(
            f"which of {first!r} and {second!r} is the positive class? Sensitivity, F1 and the AUROC depend on it",
            where=f"{manifest['dataset']}/{task}",
            remedy=f"write `positive: {first}` or `positive: {second}` in the task, or prepare with --positive",
        )
    return known if len(classes) == 2 else ""


def _shards(folder: Path, split: str) -> list[str]:
    files = sorted(folder.glob(f"{split}-*-of-*.parquet"))
    expected = [f"{split}-{index:05d}-of-{len(files):05d}.parquet" for index in range(len(files))]
    if not files or [file.name for file in files] != expected:
        raise DataError(f"files of split {split!r} are missing", where=folder, remedy="prepare it again")
    return [str(file) for file in files]


def splits_of(folder: Path, column: str = "split") -> dict[str, str]:
    """Read ``splits.csv`` of a prepared folder: recording id -> split, or another column.

    Raises:
        DataError: it is missing or damaged.
    """
    rows = read_table(folder / "splits.csv", ("recording_id", column), remedy="prepare it again")
    return {uncell(row["recording_id"]): uncell(row[column] or "") for _, row in rows}
