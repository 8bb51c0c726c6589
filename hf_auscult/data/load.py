"""Load a prepared dataset, and refuse it where it leaks."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import datasets

from ..errors import ConfigurationError, DataError
from .duplicates import Twins
from .guards import check_splits
from .manifest import MANIFEST
from .splits import split_sha256

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
        ConfigurationError: no such config.
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
    # by file, because load_dataset(folder) would answer a changed file from its cache
    files = {
        split: _shards(folder / task, split)
        for split, counts in manifest["configs"][task].items()
        if counts["recordings"]
    }
    loaded = datasets.load_dataset("parquet", data_files=files)
    if any("person" not in part.column_names for part in loaded.values()):
        raise DataError(
            "prepared by an older version: it does not say who is whom", where=folder, remedy="prepare it again"
        )
    parts = {name: part.select_columns(_GUARDED).to_list() for name, part in loaded.items()}
    twins = [Twins(**pair) for pair in manifest["sound_alike"]]
    check_splits(parts, manifest["dataset"], twins=twins, allow_leakage=allow_leakage)
    known = _splits(folder / "splits.csv")
    if split_sha256(known) != manifest["split_sha256"]:
        raise DataError("is not the split that was prepared", where=folder / "splits.csv", remedy="prepare it again")
    for name, rows in parts.items():
        for row in rows:
            if known.get(row["recording_id"]) != name or row["source"] != manifest["dataset"]:
                raise DataError(
                    f"recording {row['recording_id']} of split {name!r} is not where splits.csv has it",
                    where=folder / task,
                    remedy="prepare it again",
                )
    return datasets.DatasetDict(
        {name: part.cast_column("audio", datasets.Audio(decode=False)) for name, part in loaded.items()}
    )


def manifest_of(folder: Path) -> dict[str, Any]:
    """Read ``prepare.json`` of a prepared folder.

    Raises:
        DataError: there is none, or it is damaged.
    """
    file = folder / MANIFEST
    try:
        content = json.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise DataError("not a prepared dataset", where=folder, remedy="run hf-auscult prepare first") from error
    except json.JSONDecodeError as error:
        raise DataError(f"damaged ({error})", where=file, remedy="prepare it again") from error
    assert isinstance(content, dict)
    return content


def _shards(folder: Path, split: str) -> list[str]:
    files = sorted(folder.glob(f"{split}-*-of-*.parquet"))
    expected = [f"{split}-{index:05d}-of-{len(files):05d}.parquet" for index in range(len(files))]
    if not files or [file.name for file in files] != expected:
        raise DataError(f"files of split {split!r} are missing", where=folder, remedy="prepare it again")
    return [str(file) for file in files]


def _splits(file: Path) -> dict[str, str]:
    if not file.is_file():
        raise DataError("is missing", where=file, remedy="prepare it again")
    with file.open(newline="", encoding="utf-8") as stream:
        return {row["recording_id"]: row["split"] for row in csv.DictReader(stream)}
