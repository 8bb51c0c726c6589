"""Crops to model inputs: one transform a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..errors import ConfigurationError, DataError
from ..features import WindowedFeatureExtractor


class AlignmentCollator:
    """Stacks items of an `AlignmentDataset` into tensors.

    Args:
        extractor: the encoder's feature extractor.

    Raises:
        ConfigurationError: an extractor that reads recordings faster than they are; crops are not.
        DataError: a batch of nothing, or features that are not finite.

    Returns:
        `input_features` (B, ...) and, where the items have them, `text_embeddings` (B, D), `noise` (B, L),
        `facts` (B, F), `labels` (B,), `domains` (B,), `text_ids` (B,).
    """

    def __init__(self, extractor: WindowedFeatureExtractor) -> None:
        if extractor.rate_factor != 1:
            raise ConfigurationError(
                f"the extractor has rate_factor {extractor.rate_factor:g}", remedy="align with one that reads at 1"
            )
        self.extractor = extractor

    def __call__(self, items: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """Collate a batch."""
        if not items:
            raise DataError("an empty batch", remedy="check the split and the sampler")
        batch = {"input_features": self.images(items)}
        for name in ("label", "domain", "text_id"):
            batch[f"{name}s"] = torch.tensor([item[name] for item in items])
        for source, target in (("text_embedding", "text_embeddings"), ("noise", "noise"), ("facts", "facts")):
            if source in items[0]:
                batch[target] = torch.from_numpy(np.stack([item[source] for item in items]))
        return batch

    def images(self, items: Sequence[dict[str, Any]]) -> torch.Tensor:
        """Return what the encoder reads of a batch."""
        features = self.extractor.window_features(np.stack([item["waveform"] for item in items]))
        if not np.isfinite(features).all():
            raise DataError("features are NaN or infinite", where=type(self.extractor).__name__)
        return torch.from_numpy(features)
