"""Contrastive loss in which equal reports are all right answers, and similar ones partly."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch

from .base import Extras, Objective
from .contrast import alike, cross_entropy


class MultiPositive(Objective):
    """`infonce` whose target spreads over all pairs in proportion to how alike their reports are.

    Inputs: (B, D) audio and text, B >= 2; `logit_scale` as in `infonce`; `text_ids` (B,) or `similarity` (B, B + M).

    With `similarity` (see `fact_similarity`) the target is graded; without it, it spreads evenly over equal reports
    (SupCon form, arXiv:2004.11362), which `text_ids` marks, or, without ids, rows of text that are equal to the bit.
    Remembered reports take part like those of the batch.

    Assumptions: the similarity is one of clinical facts. Facts that most people share (an age group, a site) make every
    target alike; a sharpness above 1 counters that.

    Blind to: the length of a vector, a rotation of both sides together; which of several equal reports is whose.

    Relations: with all reports different it is `infonce`.
    """

    name: ClassVar[str] = "multi_positive"
    memory: Literal["none", "texts", "pairs"] = "texts"

    def loss(self, audio: torch.Tensor, text: torch.Tensor, extras: Extras) -> torch.Tensor:
        """Cross entropy against the normalised similarity, both ways."""
        memory, scale, batch = extras.memory, extras.logit_scale, len(text)
        weights = alike(text, extras) if extras.similarity is None else extras.similarity
        weights = weights.to(audio.dtype)
        within = weights[:, :batch]
        # A recording's own report is right whatever the similarity says.
        own = torch.eye(batch, dtype=torch.bool, device=weights.device)
        within = within.masked_fill(own, 1.0)
        remembered = weights[:, batch:]

        def target(table: torch.Tensor) -> torch.Tensor:
            return table / table.sum(dim=1, keepdim=True)

        texts, forth = text, within
        if memory is not None:
            texts, forth = torch.cat([text, memory.text]), torch.cat([within, remembered], dim=1)
        sounds, back = audio, within.T
        if memory is not None and memory.audio is not None:
            sounds, back = torch.cat([audio, memory.audio]), torch.cat([within.T, remembered], dim=1)
        first, second = target(forth), target(back)
        return (
            cross_entropy(audio, texts, scale, targets=first.__getitem__, chunk=self.chunk)
            + cross_entropy(text, sounds, scale, targets=second.__getitem__, chunk=self.chunk)
        ) / 2
