"""Linear heads beside the projections: labels that supervise, domains that are unlearned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ..models.acula.modeling_acula import AcuLaOutput

UNKNOWN = -100


@dataclass
class HeadedOutput(AcuLaOutput):
    """An AcuLa model's output and the heads'.

    Args:
        label_logits, domain_logits: (recordings, classes); `None` without such a head.
    """

    label_logits: torch.Tensor | None = None
    domain_logits: torch.Tensor | None = None


class _ReversedGradient(torch.autograd.Function):
    """The identity, with the sign of the gradient turned round (arXiv:1505.07818)."""

    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor) -> torch.Tensor:
        return rows.view_as(rows)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        return -gradients[0]


class HeadedModel(nn.Module):
    """An AcuLa model with linear heads on its encoder's embedding.

    Args:
        model: the `AcuLaModel`.
        classes: of the labels, 0 for no such head. It supervises the encoder.
        domains: of devices or sites, 0 for no such head. The encoder's gradient is reversed.

    Example:
        `HeadedModel(model, classes=3)(input_features=images).label_logits.shape  # (recordings, 3)`
    """

    accepts_loss_kwargs = False

    def __init__(self, model: Any, classes: int = 0, domains: int = 0) -> None:
        super().__init__()
        self.model, size, dtype = model, model.config.pooled_size, model.dtype
        self.label_head = nn.Linear(size, classes, dtype=dtype) if classes else None
        self.domain_head = nn.Linear(size, domains, dtype=dtype) if domains else None

    def gradient_checkpointing_enable(self, *args: Any, **kwargs: Any) -> None:
        """Recompute activations in the model's backward pass."""
        self.model.gradient_checkpointing_enable(*args, **kwargs)

    def forward(self, input_features: torch.Tensor, **settings: Any) -> HeadedOutput:
        """Return the model's output with `label_logits` and `domain_logits`; settings are the model's own."""
        output = self.model(input_features=input_features, **settings)
        logits = {}
        if self.label_head is not None:
            logits["label_logits"] = self.label_head(output.pooler_output)
        if self.domain_head is not None:
            logits["domain_logits"] = self.domain_head(_ReversedGradient.apply(output.pooler_output))
        return HeadedOutput(**output, **logits)
