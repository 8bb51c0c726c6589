"""Every recording is encoded once: rows on disk by model, settings and the recordings' content."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm.auto import tqdm

from ..errors import AudioError, DataError

PART = 256  # rows an interrupted pass can lose


class RecordingEncoder(Protocol):
    """Something that makes one row of numbers of a recording."""

    @property
    def name(self) -> str:
        """As tables print it."""

    @property
    def fingerprint(self) -> str:
        """Identifies everything that the numbers depend on; part of the cache's name."""

    def rows(self, examples: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterable[np.ndarray]:
        """Give (dim,) float32 for each example: its key and its undecoded audio cell."""


@dataclass(frozen=True)
class Example:
    """One recording, or one segment of it.

    Args:
        key: its name, see :func:`hf_auscult.reports.generate.name_of`.
        audio: undecoded cell of the audio column.
        part: which part of the recording it is; empty for all of it.
    """

    key: str
    audio: dict[str, Any]
    part: str = ""

    @property
    def entry(self) -> str:
        """Its name in the cache: another cut of the same recording is another row."""
        return f"{self.key}@{self.part}" if self.part else self.key


class FeatureCache:
    """Rows of models over the recordings of one dataset.

    Args:
        folder: of the cache.
        content: hash of the dataset's recordings.
    """

    def __init__(self, folder: str | Path, content: str) -> None:
        self.folder, self.content = Path(folder), content
        self.encoded = 0

    def features(self, model: RecordingEncoder, examples: Sequence[Example], *, progress: bool = False) -> np.ndarray:
        """(examples, dim) float32; only examples that the cache lacks are encoded, and kept as they come.

        Raises:
            DataError: a recording that the model cannot encode (named), or a damaged cache file.
        """
        place = self.folder / _name(model.fingerprint, self.content)
        known = _read(place)
        missing = [example for example in examples if example.entry not in known]
        pending: dict[str, np.ndarray] = {}
        bar = tqdm(missing, f"{model.name}", unit="recording", disable=not progress or not missing)
        for example in bar:
            try:
                (row,) = model.rows([(example.key, example.audio)])
            except AudioError as error:
                raise DataError(str(error), where=f"{model.name}, {example.key}", remedy="quarantine it") from error
            pending[example.entry] = np.asarray(row, np.float32)
            if len(pending) == PART:
                known |= _write(place, pending)
                pending = {}
        known |= _write(place, pending)
        self.encoded += len(missing)
        return np.stack([known[example.entry] for example in examples])


def _name(*parts: str) -> str:
    return hashlib.sha256("\t".join(parts).encode()).hexdigest()[:24]


def _read(place: Path) -> dict[str, np.ndarray]:
    known: dict[str, np.ndarray] = {}
    for file in sorted(place.glob("*.parquet")):
        try:
            table = pq.read_table(file)
            rows = np.asarray(table["embedding"].combine_chunks().flatten(), np.float32).reshape(len(table), -1)
            known |= dict(zip(table["key"].to_pylist(), rows, strict=True))
        except (pa.ArrowException, OSError, KeyError, ValueError) as error:
            raise DataError(f"damaged ({error})", where=file, remedy="delete it; its rows are made again") from error
    return known


def _write(place: Path, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    if rows:
        place.mkdir(parents=True, exist_ok=True)
        keys = sorted(rows)
        flat = pa.array(np.concatenate([rows[key] for key in keys]))
        table = pa.table({"key": keys, "embedding": pa.FixedSizeListArray.from_arrays(flat, len(rows[keys[0]]))})
        name = _name(*keys)
        temporary = place / f".{name}.{os.getpid()}.tmp"
        pq.write_table(table, temporary)
        temporary.rename(place / f"{name}.parquet")
    return rows
