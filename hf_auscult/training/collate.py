"""Crops to model inputs: one log-mel transform a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..features import FrontEnd
from ..features.logmel import log_mel


class AlignmentCollator:
    """Stacks items of an `AlignmentDataset` into tensors.

    Args:
        front_end: the encoder's front end.

    Returns:
        `input_features` (B, frames, bands) and, where the items have them, `text_embeddings` (B, D), `noise` (B, L),
        `labels` (B,), `text_ids` (B,).
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self.front_end = front_end

    def __call__(self, items: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """Collate a batch."""
        waveforms = torch.from_numpy(np.stack([item["waveform"] for item in items]))
        batch = {
            "input_features": log_mel(waveforms, self.front_end),
            "labels": torch.tensor([item["label"] for item in items]),
            "text_ids": torch.tensor([item["text_id"] for item in items]),
        }
        for source, target in (("text_embedding", "text_embeddings"), ("noise", "noise")):
            if source in items[0]:
                batch[target] = torch.from_numpy(np.stack([item[source] for item in items]))
        return batch
