"""What keeps an encoder's hearing while reports pull at it: its own pre-training objective, or distillation."""

from __future__ import annotations

import copy
from typing import Any

import torch

from ..errors import ConfigurationError

KINDS = ("auto", "own", "distillation", "none")


def resolve(kind: str, model: Any, objective: str) -> str:
    """Return which preservation an AcuLa model gets.

    `auto`: the encoder's own objective where it has one (masked reconstruction of OPERA-GT and AudioMAE, the
    contrastive objective of OPERA-CT, OPERA-CE and AuscultaBase); else distillation, except under the `published`
    objective, whose code knows nothing of it.

    Raises:
        ConfigurationError: `own` for an encoder without an objective.
    """
    if kind == "own" and not model.can_reconstruct:
        raise ConfigurationError(
            f"{type(model.audio_model).__name__} has no pre-training objective",
            remedy="use preservation 'distillation', 'none' or 'auto'",
        )
    if kind != "auto":
        return kind
    if model.can_reconstruct:
        return "own"
    return "none" if objective == "published" else "distillation"


class FrozenStart:
    """Distillation to the frozen start: how far embeddings have moved from where training began.

    The loss is the squared distance of a window's embedding from the start's, as a share of the start's squared
    length, averaged over windows; 0 for an encoder that has not moved. The start is a copy made when this is built: a
    resumed run must build it from the same start, not from a checkpoint.

    Args:
        encoder: the audio encoder at the start of training.
    """

    def __init__(self, encoder: torch.nn.Module) -> None:
        self.encoder = copy.deepcopy(encoder).eval().requires_grad_(False)

    def loss(self, input_features: torch.Tensor, pooled: torch.Tensor) -> torch.Tensor:
        """Return the loss of a batch, given the embeddings (B, D) of the encoder in training."""
        with torch.no_grad():
            start = self.encoder.to(pooled.device)(input_features).pooler_output.float()
        distance = (pooled.float() - start).square().sum(dim=-1)
        return (distance / start.square().sum(dim=-1).clamp(min=1e-12)).mean()
