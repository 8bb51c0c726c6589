"""Pair-wise sigmoid loss."""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F

from .base import Extras, Objective, cosines


class SigLIP(Objective):
    """`-sum log sigmoid(z (scale * cos(A, T) + bias)) / B`, z = 1 on the diagonal, -1 elsewhere (arXiv:2303.15343).

    Assumptions: as `infonce`, without a softmax over the batch, so it does not need large batches. Scale and bias are
    learned; 10 and -10 when not given, as in the paper.
    """

    name: ClassVar[str] = "siglip"
    logit_scale_init: float = 10.0
    logit_bias_init: float = -10.0

    def loss(self, audio: torch.Tensor, text: torch.Tensor, extras: Extras) -> torch.Tensor:
        """Judge every pair of the batch on its own."""
        logits = cosines(audio, text) * extras.logit_scale + extras.logit_bias
        sign = 2 * torch.eye(len(logits), device=logits.device, dtype=logits.dtype) - 1
        return -F.logsigmoid(sign * logits).sum() / len(logits)
