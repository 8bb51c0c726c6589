"""What every alignment objective is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch

from ...errors import ConfigurationError


@dataclass(frozen=True)
class Memory:
    """Pairs of earlier batches, as constants: more to tell apart than one batch holds.

    Args:
        text: (M, D) projected reports.
        audio: (M, D) projected recordings of those reports, or `None` to keep reports only.
        text_ids: (M,) as those of the batch.
    """

    text: torch.Tensor
    audio: torch.Tensor | None = None
    text_ids: torch.Tensor | None = None

    def narrowed(self, width: int) -> Memory:
        """Return the first `width` dimensions."""
        audio = None if self.audio is None else self.audio[:, :width]
        return replace(self, text=self.text[:, :width], audio=audio)


@dataclass(frozen=True)
class Extras:
    """What some objectives read besides the pairs.

    Args:
        logit_scale, logit_bias: inverse temperature and bias.
        text_ids: (B,) equal numbers for equal reports.
        similarity: (B, B + M) how alike two reports are, in [0, 1].
        memory: M pairs of earlier batches.
    """

    logit_scale: torch.Tensor | float
    logit_bias: torch.Tensor | float
    text_ids: torch.Tensor | None = None
    similarity: torch.Tensor | None = None
    memory: Memory | None = None


class Objective(ABC):
    """A loss over a batch of audio-report pairs.

    Args:
        chunk: rows that are compared with the batch at a time: the same value and gradient without a B x B table in
            memory; `None` for all at once.

    Attributes:
        name: the name in `objectives.get`.
        sees_pairing: whether permuting the reports can change the value; a loss that does not see the pairing cannot
            teach which report belongs to which recording.
        minimum_batch: fewest pairs it is defined for.
        shared_frame: whether it makes cosines between audio and text mean something; CKA is blind to rotation.
        memory: what it can take of earlier batches: their `texts` (or pairs), only whole `pairs`, or `none`.
        logit_scale_init, logit_bias_init: where a learned inverse temperature and bias should start.
    """

    name: ClassVar[str]
    sees_pairing: bool = True
    minimum_batch: int = 2
    logit_scale_init: float = 1 / 0.07
    logit_bias_init: float = 0.0
    shared_frame: bool = True
    memory: Literal["none", "texts", "pairs"] = "none"

    def __init__(self, chunk: int | None = None) -> None:
        if chunk is not None and chunk < 1:
            raise ConfigurationError(f"chunk of {chunk} rows", where=f"objective {self.name}", remedy="use 1 or more")
        self.chunk = chunk

    def __call__(
        self,
        audio: torch.Tensor,
        text: torch.Tensor,
        *,
        logit_scale: torch.Tensor | float | None = None,
        logit_bias: torch.Tensor | float | None = None,
        text_ids: torch.Tensor | None = None,
        similarity: torch.Tensor | None = None,
        memory: Memory | None = None,
    ) -> torch.Tensor:
        """Return the scalar loss.

        Args:
            audio, text: (B, D) projections; row i of one belongs to row i of the other.
            logit_scale, logit_bias: inverse temperature and bias of objectives that use them; each has its default.
            text_ids: (B,) equal numbers for equal reports; used by `multi_positive`, and to know a report again in
                the memory.
            similarity: (B, B), with a memory (B, B + M), how alike two reports are; used by `multi_positive`.
            memory: pairs of earlier batches; needs `text_ids` on both sides or on neither.

        Raises:
            ConfigurationError: shapes that do not pair, too small a batch, or a memory it cannot use.
        """
        where = f"objective {self.name}"
        if audio.ndim != 2 or text.ndim != 2 or len(audio) != len(text):
            raise ConfigurationError(
                f"audio {tuple(audio.shape)} and text {tuple(text.shape)} do not pair", where=where
            )
        if len(audio) < self.minimum_batch:
            raise ConfigurationError(f"{len(audio)} pairs", where=where, remedy=f"use at least {self.minimum_batch}")
        if memory is not None:
            self.check_memory(pairs=memory.audio is not None)
            if (memory.text_ids is None) != (text_ids is None):
                raise ConfigurationError(
                    "text_ids of the batch or of the memory only", where=where, remedy="give both or neither"
                )
        known = len(text) + (0 if memory is None else len(memory.text))
        if similarity is not None and similarity.shape != (len(text), known):
            raise ConfigurationError(
                f"similarity {tuple(similarity.shape)}, expected {(len(text), known)}",
                where=where,
                remedy="one row a report of the batch, one column a report of batch and memory",
            )
        scale = self.logit_scale_init if logit_scale is None else logit_scale
        bias = self.logit_bias_init if logit_bias is None else logit_bias
        return self.loss(audio, text, Extras(scale, bias, text_ids, similarity, memory))

    def check_memory(self, *, pairs: bool) -> None:
        """Refuse a memory the objective cannot use.

        Raises:
            ConfigurationError: it compares no strangers, or needs the recordings too.
        """
        if self.memory == "none":
            raise ConfigurationError(f"{self.name} has no use for a memory", remedy="set memory_size to 0")
        if self.memory == "pairs" and not pairs:
            raise ConfigurationError(
                f"{self.name} needs the recordings of remembered reports", remedy="set memory_audio to true"
            )

    @abstractmethod
    def loss(self, audio: torch.Tensor, text: torch.Tensor, extras: Extras) -> torch.Tensor:
        """Compute the loss of checked inputs."""


class Sum(Objective):
    """Several objectives added with weight 1 each; a learned temperature starts where the last one wants it.

    Blind to what every term is blind to.
    """

    name: ClassVar[str] = "sum"

    def __init__(self, terms: Sequence[Objective]) -> None:
        super().__init__()
        self.terms = tuple(terms)
        self.sees_pairing = any(term.sees_pairing for term in terms)
        self.shared_frame = any(term.shared_frame for term in terms)
        self.minimum_batch = max(term.minimum_batch for term in terms)
        self.logit_scale_init, self.logit_bias_init = terms[-1].logit_scale_init, terms[-1].logit_bias_init

    def check_memory(self, *, pairs: bool) -> None:
        """Ask every term: one that silently ignored a memory would be another loss than was asked for."""
        for term in self.terms:
            term.check_memory(pairs=pairs)

    def loss(self, audio: torch.Tensor, text: torch.Tensor, extras: Extras) -> torch.Tensor:
        """Add the terms."""
        return torch.stack([term.loss(audio, text, extras) for term in self.terms]).sum()


def centred(features: torch.Tensor) -> torch.Tensor:
    """Subtract the column means; rows that differ by rounding only become 0, so that nothing is divided by rounding."""
    rows = features - features.mean(dim=0, keepdim=True)
    rounding = 4 * torch.finfo(features.dtype).eps * features.norm()
    return rows * (rows.norm() > rounding).to(rows.dtype)


def with_memory(audio: torch.Tensor, text: torch.Tensor, extras: Extras) -> tuple[torch.Tensor, torch.Tensor]:
    """Append the remembered pairs to the batch."""
    memory = extras.memory
    if memory is None or memory.audio is None:
        return audio, text
    return torch.cat([audio, memory.audio]), torch.cat([text, memory.text])


def cosine_of(shared: torch.Tensor, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Divide by both matrices' norms; 0, with a gradient of 0, where one of them is 0."""
    # Large enough to be squared by the division's gradient.
    least = torch.finfo(shared.dtype).tiny ** 0.5
    return shared / first.norm().clamp(min=least) / second.norm().clamp(min=least)
