"""Linear centred kernel alignment, as the AcuLa paper writes it."""

from __future__ import annotations

from typing import ClassVar

import torch

from .base import Extras, Objective, centred


class CKA(Objective):
    """`1 - <K, L> / (|K| |L|)` with K = A A', L = T T' of centred features (AcuLa, equation 4; arXiv:1905.00414).

    Assumptions: a batch much larger than the features' rank. The plug-in estimate is biased upwards: with 24
    independent pairs in 512 dimensions it already stands at 0.76, so little is left to learn. Keep one dataset per
    batch, or the value measures which dataset a recording comes from.

    Relations: `debiased_cka` removes the bias. Neither brings audio and text into one frame: cosine retrieval needs a
    pair-wise term or a fitted map (`alignment.maps`).
    """

    name: ClassVar[str] = "cka"
    shared_frame: bool = False

    def loss(self, audio: torch.Tensor, text: torch.Tensor, extras: Extras) -> torch.Tensor:
        """Compare the two B x B Gram matrices."""
        audio, text = centred(audio), centred(text)
        first, second = audio @ audio.T, text @ text.T
        return 1 - (first * second).sum() / (first.norm() * second.norm())
