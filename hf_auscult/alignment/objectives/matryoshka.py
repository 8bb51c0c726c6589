"""An objective on several prefixes of the vectors, so that short ones can be used alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import torch

from ...errors import ConfigurationError
from .base import Extras, Objective


class Matryoshka(Objective):
    """Mean of an objective over the first `widths` dimensions of both sides (arXiv:2205.13147).

    Each prefix is compared on its own: cosines normalise it, CKA centres and scales it. `mse` and `published` compare
    lengths that grow with the width, hence give wide prefixes more weight.

    Args:
        objective: what is averaged.
        widths: prefixes; give the full width too where it shall be trained.

    Inputs: those of the objective.

    Blind to: what the objective is blind to; not to a rotation of both sides, which changes what a prefix holds.

    Raises:
        ConfigurationError: no width, widths below 1 or, in use, above the vectors' own.
    """

    name: ClassVar[str] = "matryoshka"

    def __init__(self, objective: Objective, widths: Sequence[int]) -> None:
        super().__init__()
        if not widths or min(widths) < 1:
            raise ConfigurationError(f"prefix widths {list(widths)}", remedy="give widths of 1 or more")
        self.objective, self.widths = objective, tuple(sorted(set(widths)))
        self.sees_pairing, self.shared_frame = objective.sees_pairing, objective.shared_frame
        self.minimum_batch = objective.minimum_batch
        self.logit_scale_init, self.logit_bias_init = objective.logit_scale_init, objective.logit_bias_init

    def check_memory(self, *, pairs: bool) -> None:
        """Ask the objective."""
        self.objective.check_memory(pairs=pairs)

    def loss(self, audio: torch.Tensor, text: torch.Tensor, extras: Extras) -> torch.Tensor:
        """Average over the prefixes."""
        if self.widths[-1] > audio.shape[1]:
            raise ConfigurationError(
                f"prefix of {self.widths[-1]} dimensions, the projections have {audio.shape[1]}",
                remedy="use smaller matryoshka_dims or a wider projection_size",
            )
        if extras.similarity is None and extras.text_ids is None:
            # Equal reports are told by the whole vectors, also where a prefix of two is equal.
            extras = _identified(text, extras)
        losses = []
        for width in self.widths:
            memory = None if extras.memory is None else extras.memory.narrowed(width)
            losses.append(self.objective.loss(audio[:, :width], text[:, :width], replace(extras, memory=memory)))
        return torch.stack(losses).mean()


def _identified(text: torch.Tensor, extras: Extras) -> Extras:
    memory = extras.memory
    known = text.detach() if memory is None else torch.cat([text.detach(), memory.text])
    ids = torch.unique(known, dim=0, return_inverse=True)[1]
    if memory is not None:
        memory = replace(memory, text_ids=ids[len(text) :])
    return replace(extras, text_ids=ids[: len(text)], memory=memory)
