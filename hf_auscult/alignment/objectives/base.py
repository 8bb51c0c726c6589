"""What every alignment objective is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import torch

from ...errors import ConfigurationError


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
    sees_pairing: ClassVar[bool] = True
    minimum_batch: ClassVar[int] = 2
    logit_scale_init: ClassVar[float] = 1 / 0.07
    logit_bias_init: ClassVar[float] = 0.0
    shared_frame: ClassVar[bool] = True

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
        return self.loss(audio, text, logit_scale, logit_bias, text_ids)

    @abstractmethod
    def loss(
        self,
        audio: torch.Tensor,
        text: torch.Tensor,
        logit_scale: torch.Tensor | float | None,
        logit_bias: torch.Tensor | float | None,
        text_ids: torch.Tensor | None,
    ) -> torch.Tensor:
        """Compute the loss of checked inputs."""


class Sum(Objective):
    """Several objectives added with weight 1 each."""

    name: ClassVar[str] = "sum"

    def __init__(self, terms: Sequence[Objective]) -> None:
        self.terms = tuple(terms)
        self.label = "+".join(term.name for term in self.terms)

    def loss(
        self,
        audio: torch.Tensor,
        text: torch.Tensor,
        logit_scale: torch.Tensor | float | None,
        logit_bias: torch.Tensor | float | None,
        text_ids: torch.Tensor | None,
    ) -> torch.Tensor:
        """Add the terms."""
        values = [
            term(audio, text, logit_scale=logit_scale, logit_bias=logit_bias, text_ids=text_ids) for term in self.terms
        ]
        return torch.stack(values).sum()


def centred(features: torch.Tensor) -> torch.Tensor:
    """Subtract the column means."""
    return features - features.mean(dim=0, keepdim=True)


def cosines(audio: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
    """Return the (B, B) cosine similarities of audio rows with text rows."""
    return torch.nn.functional.normalize(audio, dim=-1) @ torch.nn.functional.normalize(text, dim=-1).T
