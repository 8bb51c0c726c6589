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
from .schema import Row
from .spec import Problem

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


def write_shards(
    folder: Path, split: str, rows: Sequence[Row], root: Path, columns: datasets.Features, bar: tqdm[Any]
) -> None:
    """Write the rows of one split as Parquet files of about :data:`SHARD_BYTES` each."""
    shards: list[list[Row]] = [[]]
    size = 0.0
    for row in rows:
        share = (row["segment_end"] - row["segment_start"]) / row["duration"] if "segment" in row else 1.0
        if shards[-1] and size + share * row["size"] > SHARD_BYTES:
            shards.append([])
            size = 0.0
        shards[-1].append(row)
        size += share * row["size"]
    folder.mkdir(exist_ok=True)
    for index, shard in enumerate(shards):
        file = folder / f"{split}-{index:05d}-of-{len(shards):05d}.parquet"
        # Every recording is another: looking for equal ones among them costs more than all the rest of the writing.
        repeated = [name for name in columns if name != "audio"]
        with pq.ParquetWriter(file, columns.arrow_schema, compression="snappy", use_dictionary=repeated) as writer:
            for part in tables(shard, root, columns):
                writer.write_table(part if "segment" in columns else _checked(part, shard))
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
