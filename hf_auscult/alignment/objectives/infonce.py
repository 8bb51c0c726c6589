"""Symmetric contrastive loss over the batch (CLIP)."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch

from .base import Extras, Objective
from .contrast import cross_entropy, remembered_alike


class InfoNCE(Objective):
    """Mean of both cross entropies of `scale * cos(A, T)` against the diagonal (CLIP, arXiv:2103.00020). The default.

    Inputs: (B, D) audio and text, B >= 2; `logit_scale`, learned, 1 / 0.07 when not given; `text_ids`, by which a
    report is known again in the memory.

    Assumptions: every other report of the batch is a negative; equal reports are therefore false negatives (see
    `multi_positive`). More negatives help, but on real recordings 24 pairs did as well as 256 at equal numbers of
    steps. Remembered reports are further negatives for a recording, where they are not its own; remembered recordings
    for a report.

    Blind to: the length of a vector, and a rotation of both sides together; how alike two different reports are.

    Relations: `siglip` scores each pair on its own. Adding `debiased_cka` is possible and gained nothing measurable.
    """

    name: ClassVar[str] = "infonce"
    memory: Literal["none", "texts", "pairs"] = "texts"

    def loss(self, audio: torch.Tensor, text: torch.Tensor, extras: Extras) -> torch.Tensor:
        """Classify each recording's report among the known ones, and each report's recording."""
        scale, memory, own = extras.logit_scale, extras.memory, remembered_alike(text, extras)
        texts = text if memory is None else torch.cat([text, memory.text])
        forth = cross_entropy(audio, texts, scale, left_out=own, chunk=self.chunk)
        if memory is None or memory.audio is None:
            return (forth + cross_entropy(text, audio, scale, chunk=self.chunk)) / 2
        sounds = torch.cat([audio, memory.audio])
        return (forth + cross_entropy(text, sounds, scale, left_out=own, chunk=self.chunk)) / 2
