"""What every alignment objective is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch

from ...errors import ConfigurationError


@dataclass(frozen=True)
class Extras:
    """What some objectives read besides the pairs.

    Args:
        logit_scale, logit_bias: inverse temperature and bias.
        text_ids: (B,) equal numbers for equal reports.
    """

    logit_scale: torch.Tensor | float
    logit_bias: torch.Tensor | float
    text_ids: torch.Tensor | None = None


class Objective(ABC):
    """A loss over a batch of audio-report pairs.

    Attributes:
        name: the name in `objectives.get`.
        sees_pairing: whether permuting the reports can change the value; a loss that does not see the pairing cannot
            teach which report belongs to which recording.
        minimum_batch: fewest pairs it is defined for.
        shared_frame: whether it makes cosines between audio and text mean something; CKA is blind to rotation.
        logit_scale_init, logit_bias_init: where a learned inverse temperature and bias should start.
    """

    name: ClassVar[str]
    sees_pairing: bool = True
    minimum_batch: int = 2
    logit_scale_init: float = 1 / 0.07
    logit_bias_init: float = 0.0
    shared_frame: bool = True

    def __call__(
        self,
        audio: torch.Tensor,
        text: torch.Tensor,
        *,
        logit_scale: torch.Tensor | float | None = None,
        logit_bias: torch.Tensor | float | None = None,
        text_ids: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return the scalar loss.

        Args:
            audio, text: (B, D) projections; row i of one belongs to row i of the other.
            logit_scale, logit_bias: inverse temperature and bias of objectives that use them; each has its default.
            text_ids: (B,) equal numbers for equal reports; used by `multi_positive`.

        Raises:
            ConfigurationError: shapes that do not pair, or too small a batch.
        """
        if audio.ndim != 2 or text.ndim != 2 or len(audio) != len(text):
            raise ConfigurationError(
                f"audio {tuple(audio.shape)} and text {tuple(text.shape)} do not pair", where=f"objective {self.name}"
            )
        if len(audio) < self.minimum_batch:
            raise ConfigurationError(
                f"{len(audio)} pairs", where=f"objective {self.name}", remedy=f"use at least {self.minimum_batch}"
            )
        scale = self.logit_scale_init if logit_scale is None else logit_scale
        bias = self.logit_bias_init if logit_bias is None else logit_bias
        return self.loss(audio, text, Extras(scale, bias, text_ids))

    @abstractmethod
    def loss(self, audio: torch.Tensor, text: torch.Tensor, extras: Extras) -> torch.Tensor:
        """Compute the loss of checked inputs."""


class Sum(Objective):
    """Several objectives added with weight 1 each; a learned temperature starts where the last one wants it."""

    name: ClassVar[str] = "sum"

    def __init__(self, terms: Sequence[Objective]) -> None:
        self.terms = tuple(terms)
        self.sees_pairing = any(term.sees_pairing for term in terms)
        self.shared_frame = any(term.shared_frame for term in terms)
        self.minimum_batch = max(term.minimum_batch for term in terms)
        self.logit_scale_init, self.logit_bias_init = terms[-1].logit_scale_init, terms[-1].logit_bias_init

    def loss(self, audio: torch.Tensor, text: torch.Tensor, extras: Extras) -> torch.Tensor:
        """Add the terms."""
        return torch.stack([term.loss(audio, text, extras) for term in self.terms]).sum()


def centred(features: torch.Tensor) -> torch.Tensor:
    """Subtract the column means."""
    return features - features.mean(dim=0, keepdim=True)


def cosines(audio: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
    """Return the (B, B) cosine similarities of audio rows with text rows."""
    return torch.nn.functional.normalize(audio, dim=-1) @ torch.nn.functional.normalize(text, dim=-1).T
