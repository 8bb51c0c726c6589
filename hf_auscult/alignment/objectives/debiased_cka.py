"""Centred kernel alignment with the unbiased HSIC estimator."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch

from .base import Extras, Objective, centred, with_memory


def unbiased_hsic(audio: torch.Tensor, text: torch.Tensor, *, gram: bool = True) -> torch.Tensor:
    """Return the unbiased HSIC of linear kernels on centred rows, B >= 4 (Song et al., JMLR 2012, equation 5).

    Args:
        audio, text: (B, D), (B, E), centred.
        gram: by way of both (B, B) Gram matrices; else by (D, E) products of equal value: centred rows sum to 0, so a
            Gram matrix without its diagonal has row sums of minus that diagonal.
    """
    number = len(audio)
    if gram:
        first, second = (table - torch.diag(torch.diagonal(table)) for table in (audio @ audio.T, text @ text.T))
        trace = (first * second).sum()
        sums, crossed = first.sum() * second.sum(), first.sum(dim=0) @ second.sum(dim=0)
    else:
        first, second = audio.square().sum(dim=1), text.square().sum(dim=1)
        trace = (audio.T @ text).square().sum() - first @ second
        sums, crossed = first.sum() * second.sum(), first @ second
    return (trace + sums / ((number - 1) * (number - 2)) - 2 * crossed / (number - 2)) / (number * (number - 3))


def self_hsic(rows: torch.Tensor, *, gram: bool = True) -> torch.Tensor:
    """Return the unbiased HSIC of centred rows with themselves, kept above 1e-3 of its plug-in value.

    Unlike the population value, the estimate can be 0 or negative (a small batch of nearly equal rows): the quotient
    would then explode and its gradient with it.
    """
    number = len(rows)
    table = rows @ rows.T if gram else rows.T @ rows
    plug_in = table.square().sum() / number**2
    floor = (1e-3 * plug_in).clamp(min=torch.finfo(rows.dtype).eps ** 2)
    return torch.maximum(unbiased_hsic(rows, rows, gram=gram), floor)


class DebiasedCKA(Objective):
    """`1 - HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L))` with unbiased HSIC, K = A A', L = T T'.

    Inputs: (B, D) audio and (B, E) text, B >= 4; remembered pairs make the batch larger.

    Assumptions: independent features give a value near 1 whatever the batch size, and small batches can exceed 1. Keep
    one dataset per batch.

    Blind to: a shift, a rotation or one common scale of either side, hence to where a recording lies relative to its
    report.

    Relations: `cka` is the biased form. Source: Song et al. 2012; Murphy et al., arXiv:2405.01012.
    """

    name: ClassVar[str] = "debiased_cka"
    shared_frame: bool = False
    minimum_batch: int = 4
    memory: Literal["none", "texts", "pairs"] = "pairs"

    def loss(self, audio: torch.Tensor, text: torch.Tensor, extras: Extras) -> torch.Tensor:
        """Compare the two Gram matrices without their diagonals."""
        # The estimator ignores the means; taking them out first keeps the floor below meaningful.
        audio, text = (centred(side) for side in with_memory(audio, text, extras))
        gram = self.chunk is None
        scale = self_hsic(audio, gram=gram) * self_hsic(text, gram=gram)
        return 1 - unbiased_hsic(audio, text, gram=gram) / scale.sqrt()
