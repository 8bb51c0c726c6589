"""The loss of AcuLa's released code."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch

from .base import Extras, Objective, centred, cosine_of, with_memory


class Published(Objective):
    """`1 - <A'A, T'T> / (|A'A| |T'T|)` on centred (B, D) features: what the released script minimises.

    Inputs: (B, D) audio and text, B >= 2; remembered pairs make the batch larger.

    Assumptions: audio and text share D. The Gram matrices are D x D: it matches second moments (as CORAL does), not
    pairs.

    Blind to: which report belongs to which recording (permuting the reports leaves it unchanged), a shift of either
    side, one common scale of either side. Not to a rotation of one side.

    Relations: `cka` is the same quotient on B x B Gram matrices, which the paper's equation (4) describes.
    Source: github.com/janine714/AcuLA, reference case `acula` (`alignment_loss_released`).
    """

    name: ClassVar[str] = "published"
    shared_frame: bool = False
    sees_pairing: bool = False
    memory: Literal["none", "texts", "pairs"] = "pairs"

    def loss(self, audio: torch.Tensor, text: torch.Tensor, extras: Extras) -> torch.Tensor:
        """Compare the two D x D second-moment matrices."""
        audio, text = (centred(side) for side in with_memory(audio, text, extras))
        first, second = audio.T @ audio, text.T @ text
        return 1 - cosine_of((first * second).sum(), first, second)
