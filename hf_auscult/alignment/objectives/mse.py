"""Mean squared error, the AcuLa paper's alternative to CKA."""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F

from .base import Extras, Objective


class MSE(Objective):
    """Mean squared difference of paired projections (AcuLa, Table XI, the row marked with a dagger).

    Inputs: (B, D) audio and text, B >= 1; no memory.

    Assumptions: both projections are trained; a constant output is then a perfect answer, so watch the effective rank.

    Blind to: every other pair of the batch. Neither a rotation nor a scale leaves it unchanged.

    Relations: `infonce` has negatives, so that a constant output is no answer, and compares directions alone.
    """

    name: ClassVar[str] = "mse"
    minimum_batch: int = 1

    def loss(self, audio: torch.Tensor, text: torch.Tensor, extras: Extras) -> torch.Tensor:
        """Average the squared differences."""
        return F.mse_loss(audio, text)
