"""The loss of AcuLa's released code."""

from __future__ import annotations

from typing import ClassVar

import torch

from .base import Extras, Objective, centred


class Published(Objective):
    """`1 - <A'A, T'T> / (|A'A| |T'T|)` on centred (B, D) features: what the released script minimises.

    Assumptions: audio and text share D. The Gram matrices are D x D, so the value does not change when reports are
    permuted: it matches second moments (as CORAL does), not pairs, and it is not invariant to rotation.

    Relations: `cka` is the same quotient on B x B Gram matrices, which the paper's equation (4) describes.
    Source: github.com/janine714/AcuLA, reference case `acula` (`alignment_loss_released`).
    """

    name: ClassVar[str] = "published"
    shared_frame: bool = False
    sees_pairing: bool = False

    def loss(self, audio: torch.Tensor, text: torch.Tensor, extras: Extras) -> torch.Tensor:
        """Compare the two D x D second-moment matrices."""
        audio, text = centred(audio), centred(text)
        first, second = audio.T @ audio, text.T @ text
        return 1 - (first * second).sum() / (first.norm() * second.norm())
