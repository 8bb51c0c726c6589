"""Symmetric contrastive loss over the batch (CLIP)."""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F

from .base import Extras, Objective, cosines


class InfoNCE(Objective):
    """Mean of both cross entropies of `scale * cos(A, T)` against the diagonal (CLIP, arXiv:2103.00020). The default.

    Assumptions: every other report of the batch is a negative; equal reports are therefore false negatives (see
    `multi_positive`). `scale` is learned, 1 / 0.07 when not given. More negatives help, but on real recordings 24
    pairs did as well as 256 at equal numbers of steps.

    Relations: `siglip` judges each pair on its own. Adding `debiased_cka` is possible and gained nothing measurable.
    """

    name: ClassVar[str] = "infonce"

    def loss(self, audio: torch.Tensor, text: torch.Tensor, extras: Extras) -> torch.Tensor:
        """Classify each recording's report among the batch's, and each report's recording."""
        logits = cosines(audio, text) * extras.logit_scale
        target = torch.arange(len(logits), device=logits.device)
        return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
