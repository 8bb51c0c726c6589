"""Linear centred kernel alignment, as the AcuLa paper writes it."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch

from .base import Extras, Objective, centred, cosine_of, with_memory


class CKA(Objective):
    """`1 - <K, L> / (|K| |L|)` with K = A A', L = T T' of centred features (AcuLa, equation 4; arXiv:1905.00414).

    Inputs: (B, D) audio and (B, E) text, B >= 2; remembered pairs make the batch larger.

    Assumptions: a batch much larger than the features' rank. The plug-in estimate is biased upwards: B independent
    pairs in D isotropic dimensions give CKA D / (D + B), 0.955 for 24 in 512 (0.76 behind the paper's projections), so
    little is left to learn. Keep one dataset per batch, or the value measures which dataset a recording comes from.

    Blind to: a shift, a rotation or one common scale of either side, hence to where a recording lies relative to its
    report; in effect, at small batches, to the pairing.

    Relations: `debiased_cka` removes the bias. Neither brings audio and text into one frame: cosine retrieval needs a
    pair-wise term or a fitted map (`alignment.maps`).
    """

    name: ClassVar[str] = "cka"
    shared_frame: bool = False
    memory: Literal["none", "texts", "pairs"] = "pairs"

    def loss(self, audio: torch.Tensor, text: torch.Tensor, extras: Extras) -> torch.Tensor:
        """Compare the two B x B Gram matrices; with a chunk, by the D x D products that have the same norms."""
        audio, text = (centred(side) for side in with_memory(audio, text, extras))
        if self.chunk is None:
            first, second = audio @ audio.T, text @ text.T
            shared = (first * second).sum()
        else:
            first, second = audio.T @ audio, text.T @ text
            shared = (audio.T @ text).square().sum()
        return 1 - cosine_of(shared, first, second)
