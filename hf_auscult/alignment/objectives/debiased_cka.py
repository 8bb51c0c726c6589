"""Centred kernel alignment with the unbiased HSIC estimator."""

from __future__ import annotations

from typing import ClassVar

import torch

from .base import Extras, Objective, centred


def unbiased_hsic(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return the unbiased HSIC of two (B, B) Gram matrices, B >= 4 (Song et al., JMLR 2012, equation 5)."""
    number = len(first)
    first, second = (gram - torch.diag(torch.diagonal(gram)) for gram in (first, second))
    trace = (first * second).sum()
    sums = first.sum() * second.sum() / ((number - 1) * (number - 2))
    crossed = 2 * (first.sum(dim=0) @ second.sum(dim=0)) / (number - 2)
    return (trace + sums - crossed) / (number * (number - 3))


def self_hsic(gram: torch.Tensor) -> torch.Tensor:
    """Return the unbiased HSIC of a Gram matrix with itself, kept above 1e-3 of its plug-in value.

    Unlike the population value, the estimate can be 0 or negative (a small batch of nearly equal rows): the quotient
    would then explode and its gradient with it.
    """
    number = len(gram)
    plug_in = gram.square().sum() / number**2
    floor = (1e-3 * plug_in).clamp(min=torch.finfo(gram.dtype).eps ** 2)
    return torch.maximum(unbiased_hsic(gram, gram), floor)


class DebiasedCKA(Objective):
    """`1 - HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L))` with unbiased HSIC, K = A A', L = T T'.

    Assumptions: at least 4 pairs; independent features give a value near 1 whatever the batch size, and small batches
    can exceed 1. Keep one dataset per batch.

    Relations: `cka` is the biased form. Source: Song et al. 2012; Murphy et al., arXiv:2405.01012.
    """

    name: ClassVar[str] = "debiased_cka"
    shared_frame: bool = False
    minimum_batch: int = 4

    def loss(self, audio: torch.Tensor, text: torch.Tensor, extras: Extras) -> torch.Tensor:
        """Compare the two Gram matrices without their diagonals."""
        # The estimator ignores the means; taking them out first keeps the floor below meaningful.
        audio, text = centred(audio), centred(text)
        first, second = audio @ audio.T, text @ text.T
        scale = self_hsic(first) * self_hsic(second)
        return 1 - unbiased_hsic(first, second) / scale.sqrt()
