"""Every recording of a dataset is encoded once by a model: rows on disk by model, settings and recordings' content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from ..errors import AudioError, DataError
from .embedder import Embedder, encode_all
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

    def features(
        self, model: RecordingEncoder, examples: Sequence[Example], *, progress: bool = False
    ) -> NDArray[np.float32]:
        """(examples, dim) float32 of one model, see :meth:`features_of`."""
        return self.features_of([model], examples, progress=progress)[model.name]

    def features_of(
        self, models: Sequence[RecordingEncoder], examples: Sequence[Example], *, progress: bool = False
    ) -> dict[str, NDArray[np.float32]]:
        """Name of each model -> (examples, dim) float32; only what the cache lacks is encoded, and kept as it comes.

        Examples that several models lack are read once, and cut once for equal extractors.

        Raises:
            DataError: a recording that a model cannot encode (named), or a damaged cache file.
        """
        keys = [example.entry.encode() for example in examples]
        stores = {model.name: self._store(model) for model in models}
        known = {name: store.load() for name, store in stores.items()}
        together: dict[tuple[tuple[str, str, str], tuple[int, ...]], list[RecordingEncoder]] = {}
        for model in models:
            lacking = tuple(row for row, key in enumerate(keys) if key not in known[model.name])
            if lacking:
                together.setdefault((group_of(model), lacking), []).append(model)
        for (_, lacking), group in together.items():
            self._encode(group, [examples[row] for row in lacking], stores, progress)
            known |= {model.name: stores[model.name].load() for model in group}
        return {name: np.asarray(contents.rows(keys)) for name, contents in known.items()}

    def _encode(
        self,
        models: Sequence[RecordingEncoder],
        examples: Sequence[Example],
        stores: Mapping[str, EmbeddingStore],
        progress: bool,
    ) -> None:
        names = ", ".join(model.name for model in models)
        pending: dict[str, dict[bytes, NDArray[np.float32]]] = {model.name: {} for model in models}
        rows = rows_of(models, [(example.key, example.audio) for example in examples])
        for example in tqdm(examples, names, unit="recording", disable=not progress):
            try:
                made = next(rows)
            except AudioError as error:
                raise DataError(str(error), where=f"{names}, {example.key}", remedy="quarantine it") from error
            for name, row in made.items():
                pending[name][example.entry.encode()] = row
                if len(pending[name]) == PART:
                    stores[name].write(pending[name])
                    pending[name] = {}
        for name, rest in pending.items():
            stores[name].write(rest)
            stores[name].merge()
        self.encoded += len(examples) * len(models)

    def _store(self, model: RecordingEncoder) -> EmbeddingStore:
        name = hashlib.sha256(f"{model.fingerprint}\t{self.content}".encode()).hexdigest()[:24]
        made_by: dict[str, Any] = {"model": model.name, "fingerprint": model.fingerprint, "recordings": self.content}
        embedder: Embedder | None = getattr(model, "embedder", None)
        if embedder is not None and embedder.choice is not None:
            made_by |= {"precision": embedder.way, "fast": embedder.choice.to_dict()}
        return EmbeddingStore(self.folder / name, made_by)


def group_of(model: RecordingEncoder) -> tuple[str, str, str]:
    """Protocol and output of an encoder, whose equals encode recordings together; the name of what has none."""
    if isinstance(getattr(model, "embedder", None), Embedder):
        return "", getattr(model, "protocol", "default"), getattr(model, "output", "pooler_output")
    return model.name, "", ""


def rows_of(
    models: Sequence[RecordingEncoder], examples: Sequence[tuple[str, Mapping[str, Any]]]
) -> Iterator[dict[str, NDArray[np.float32]]]:
    """Of one example after another, name of each model -> (dim,) float32."""
    alone, protocol, output = group_of(models[0])
    if alone:
        for row in models[0].rows(examples):
            yield {models[0].name: row}
        return
    embedders = {model.name: model.embedder for model in models}  # type: ignore[attr-defined]
    for encoded in encode_all(embedders, [audio for _, audio in examples], protocol=protocol, outputs=(output,)):
        yield {name: row[output] for name, row in encoded.rows.items()}
