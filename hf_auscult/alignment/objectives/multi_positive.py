"""Contrastive loss in which equal reports are all right answers."""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F

from .base import Extras, Objective, cosines


class MultiPositive(Objective):
    """`infonce` whose target spreads evenly over every pair with the same report (SupCon form, arXiv:2004.11362).

    Assumptions: `text_ids` marks equal reports; without it, rows of text that are equal to the bit count as equal. With
    all reports different it is `infonce`.
    """

    name: ClassVar[str] = "multi_positive"

    def loss(self, audio: torch.Tensor, text: torch.Tensor, extras: Extras) -> torch.Tensor:
        """Cross entropy against the normalised same-report matrix, both ways."""
        logits = cosines(audio, text) * extras.logit_scale
        rows = text if extras.text_ids is None else extras.text_ids[:, None]
        same = (rows[:, None] == rows[None]).all(dim=-1)
        target = same.to(logits.dtype) / same.sum(dim=1, keepdim=True)
        return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
