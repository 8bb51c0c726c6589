"""Recordings to embeddings: one row a recording, whatever the encoder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from os import PathLike
from typing import Any

import numpy as np
import torch
from tqdm.auto import tqdm
from transformers import AutoConfig, AutoFeatureExtractor, AutoModel, PreTrainedModel

from ..errors import ConfigurationError, SamplingRateError
from ..features import WindowedFeatureExtractor


class Embedder:
    """An encoder with its feature extractor; `embed` is the one-line way to it.

    Args:
        model: a model, a folder or a Hub id; transformers' own audio models are adapted, see `adapt`.
        feature_extractor: needed where a model object does not know the folder it came from.
        device: where to run; the model's own by default.
    """

    def __init__(
        self,
        model: PreTrainedModel | str | PathLike[str],
        feature_extractor: WindowedFeatureExtractor | None = None,
        *,
        device: torch.device | str | None = None,
    ) -> None:
        loaded, feature_extractor = _load(model, feature_extractor)
        name = loaded.config._name_or_path
        if feature_extractor is None:
            if not name:
                raise ConfigurationError(
                    "the model does not say where its feature extractor is",
                    remedy="pass a folder or id, or Embedder(model, feature_extractor)",
                )
            feature_extractor = AutoFeatureExtractor.from_pretrained(name)
        # An aligned model is probed through its audio encoder; the projections serve retrieval only.
        self.encoder: Any = getattr(loaded, "audio_encoder", loaded)
        self.feature_extractor = feature_extractor
        self.device = torch.device(device) if device is not None else self.encoder.device
        self.encoder.to(self.device)

    def __call__(
        self,
        recordings: Iterable[Any],
        *,
        batch_size: int = 32,
        protocol: str = "default",
        progress: bool = False,
    ) -> np.ndarray:
        """Return (recordings, dim) float32: the mean of every recording's windows, weighted by their seconds."""
        training = self.encoder.training
        self.encoder.eval()
        try:
            rows = list(self._rows(recordings, batch_size, protocol, progress))
        finally:
            self.encoder.train(training)
        return np.stack(rows) if rows else np.empty((0, 0), np.float32)

    @torch.inference_mode()
    def _rows(self, recordings: Iterable[Any], batch_size: int, protocol: str, progress: bool) -> Iterator[np.ndarray]:
        total = len(recordings) if isinstance(recordings, Sequence) else None
        # One recording at a time: its row cannot depend on what else is in the list.
        for recording in tqdm(recordings, total=total, desc="embed", unit="recording", disable=not progress):
            if isinstance(recording, (np.ndarray, torch.Tensor)):
                raise SamplingRateError(
                    "a bare array has no sampling rate", remedy='pass {"array": array, "sampling_rate": rate} or a path'
                )
            features = self.feature_extractor.features(recording, protocol=protocol)
            rows = self._pool(features.windows, batch_size, published=protocol != "default")
            yield window_mean(rows, torch.tensor(features.seconds))

    def _pool(self, windows: list[np.ndarray], batch_size: int, published: bool) -> torch.Tensor:
        """Encode a recording's windows; those of one shape share a forward pass."""
        # Encoders whose published code treats long inputs in a way of its own say so themselves.
        settings = getattr(self.encoder, "published_settings", {}) if published else {}
        rows: list[torch.Tensor] = [torch.empty(0)] * len(windows)
        for part, images in by_shape(windows, batch_size):
            for index, row in zip(part, self.encoder(images.to(self.device), **settings).pooler_output, strict=True):
                rows[index] = row
        return torch.stack(rows)


def _load(model: Any, feature_extractor: Any) -> tuple[Any, Any]:
    """Return the model, and the extractor if it is known by then."""
    named = isinstance(model, (str, PathLike))
    try:
        config = AutoConfig.from_pretrained(str(model)) if named else model.config
    except (OSError, ValueError):  # LoRA weights without a configuration, or AutoModel says better what is wrong
        config = None
    ours = isinstance(feature_extractor, WindowedFeatureExtractor)
    if type(config).__module__.startswith("transformers.") and not ours:
        from ..models.adapter.convert_adapter import adapt

        return adapt(model, feature_extractor)
    return AutoModel.from_pretrained(str(model)) if named else model, feature_extractor


def by_shape(windows: Sequence[np.ndarray], batch_size: int) -> Iterator[tuple[list[int], torch.Tensor]]:
    """Yield batches of a recording's windows, with their positions; only windows of one shape share a batch."""
    members: dict[tuple[int, ...], list[int]] = {}
    for index, window in enumerate(windows):
        members.setdefault(window.shape, []).append(index)
    for same in members.values():
        for start in range(0, len(same), batch_size):
            part = same[start : start + batch_size]
            yield part, torch.from_numpy(np.stack([windows[index] for index in part]))


def window_mean(rows: torch.Tensor, seconds: torch.Tensor) -> np.ndarray:
    """Mean of a recording's windows (windows, dim), weighted by the seconds each stands for, as (dim,) float32."""
    weights = seconds.to(rows.device, torch.float64)
    mean: np.ndarray = ((rows.double() * weights[:, None]).sum(dim=0) / weights.sum()).float().cpu().numpy()
    return mean


def embed(
    model_or_id: PreTrainedModel | str | PathLike[str],
    recordings: Iterable[Any],
    *,
    batch_size: int = 32,
    protocol: str = "default",
    device: torch.device | str | None = None,
    progress: bool = True,
) -> np.ndarray:
    """Embed recordings with any encoder of this package, or any audio encoder of transformers that `adapt` knows.

    Args:
        model_or_id: a model, a folder or a Hub id.
        recordings: paths, `{"array", "sampling_rate"}` mappings, or cells of a dataset's audio column.
        batch_size: windows that share a forward pass.
        protocol: `default` covers the whole recording and weights windows by their seconds; `published` cuts and
            averages as the encoder's paper does; `published:NAME` as another paper does with this encoder.
        device: where to run; the model's own by default.
        progress: show a bar.

    Returns:
        (recordings, dim) float32, row i for recording i.

    Raises:
        SamplingRateError: a bare array, which has no rate.
        AudioError: a recording that cannot be read or used; the message names it.

    Example:
        `hf_auscult.embed("auscult/acula-opera", ["heart.wav"]).shape`
    """
    if isinstance(recordings, (str, PathLike, dict)):
        recordings = [recordings]
    return Embedder(model_or_id, device=device)(recordings, batch_size=batch_size, protocol=protocol, progress=progress)
