"""Pair-wise sigmoid loss."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
import torch.nn.functional as F

from .base import Extras, Objective
from .contrast import blockwise, remembered_alike


class SigLIP(Objective):
    """`-sum log sigmoid(z (scale * cos(A, T) + bias)) / B`, z = 1 on the diagonal, -1 elsewhere (arXiv:2303.15343).

    Inputs: (B, D) audio and text, B >= 2; `logit_scale` and `logit_bias`, learned, 10 and -10 when not given, as in the
    paper; `text_ids`, by which a report is known again in the memory.

    Assumptions: as `infonce`, without a softmax over the batch, so it does not need large batches. Remembered reports
    and recordings are further pairs with z = -1, where they are not a pair's own.

    Blind to: the length of a vector, and a rotation of both sides together; how alike two different reports are.

    Relations: `infonce` compares a pair with the rest of its batch instead.
    """

    name: ClassVar[str] = "siglip"
    logit_scale_init: float = 10.0
    logit_bias_init: float = -10.0
    memory: Literal["none", "texts", "pairs"] = "texts"

    def loss(self, audio: torch.Tensor, text: torch.Tensor, extras: Extras) -> torch.Tensor:
        """Score every pair on its own."""
        memory, own = extras.memory, remembered_alike(text, extras)
        total = self._pairs(audio, text, extras, paired=True)
        if memory is not None and own is not None:
            strangers = ~own[:, len(text) :]
            total = total + self._pairs(audio, memory.text, extras, counted=strangers)
            if memory.audio is not None:
                total = total + self._pairs(text, memory.audio, extras, counted=strangers)
        return total / len(audio)

    def _pairs(
        self,
        queries: torch.Tensor,
        keys: torch.Tensor,
        extras: Extras,
        *,
        paired: bool = False,
        counted: torch.Tensor | None = None,
    ) -> torch.Tensor:
        queries, keys = F.normalize(queries, dim=-1), F.normalize(keys, dim=-1)
        own = torch.arange(len(queries), device=queries.device)

        def block(rows: slice) -> torch.Tensor:
            logits = queries[rows] @ keys.T * extras.logit_scale + extras.logit_bias
            positive = (own[rows, None] == own[None]) if paired else torch.zeros_like(logits, dtype=torch.bool)
            losses = -F.logsigmoid(torch.where(positive, logits, -logits))
            return (losses if counted is None else losses * counted[rows]).sum()

        return blockwise(block, len(queries), self.chunk)
