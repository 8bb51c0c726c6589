"""Crops to model inputs: one transform a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..errors import ConfigurationError
from ..features import WindowedFeatureExtractor


class AlignmentCollator:
    """Stacks items of an `AlignmentDataset` into tensors.

    Args:
        extractor: the encoder's feature extractor.

    Raises:
        ConfigurationError: an extractor that reads recordings faster than they are; crops are not.

    Returns:
        `input_features` (B, ...) and, where the items have them, `text_embeddings` (B, D), `noise` (B, L),
        `facts` (B, F), `labels` (B,), `text_ids` (B,).
    """

    def __init__(self, extractor: WindowedFeatureExtractor) -> None:
        if extractor.rate_factor != 1:
            raise ConfigurationError(
                f"the extractor has rate_factor {extractor.rate_factor:g}", remedy="align with one that reads at 1"
            )
        self.extractor = extractor

    def __call__(self, items: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """Collate a batch."""
        waveforms = np.stack([item["waveform"] for item in items])
        batch = {
            "input_features": torch.from_numpy(self.extractor.window_features(waveforms)),
            "labels": torch.tensor([item["label"] for item in items]),
            "text_ids": torch.tensor([item["text_id"] for item in items]),
        }
        for source, target in (("text_embedding", "text_embeddings"), ("noise", "noise"), ("facts", "facts")):
            if source in items[0]:
                batch[target] = torch.from_numpy(np.stack([item[source] for item in items]))
        return batch
