"""Every recording of a dataset is encoded once by a model: rows on disk by model, settings and recordings' content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from tqdm.auto import tqdm

from ..errors import AudioError, DataError
from .store import EmbeddingStore

PART = 256  # rows an interrupted pass can lose


class RecordingEncoder(Protocol):
    """Something that makes one row of numbers of a recording."""

    @property
    def name(self) -> str:
        """As tables print it."""

    @property
    def fingerprint(self) -> str:
        """Identifies everything that the numbers depend on."""

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
        """Its key in the store: another cut of the same recording is another row."""
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
        name = hashlib.sha256(f"{model.fingerprint}\t{self.content}".encode()).hexdigest()[:24]
        made_by = {"model": model.name, "fingerprint": model.fingerprint, "recordings": self.content}
        store = EmbeddingStore(self.folder / name, made_by)
        known = store.load()
        keys = [example.entry.encode() for example in examples]
        missing = [(key, example) for key, example in zip(keys, examples, strict=True) if key not in known]
        pending: dict[bytes, np.ndarray] = {}
        for key, example in tqdm(missing, model.name, unit="recording", disable=not progress or not missing):
            try:
                (pending[key],) = model.rows([(example.key, example.audio)])
            except AudioError as error:
                raise DataError(str(error), where=f"{model.name}, {example.key}", remedy="quarantine it") from error
            if len(pending) == PART:
                store.write(pending)
                pending = {}
        if missing:
            store.write(pending)
            store.merge()
            known = store.load()
        self.encoded += len(missing)
        return np.asarray(known.rows(keys))
