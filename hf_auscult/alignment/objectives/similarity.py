"""How alike two reports are: by the facts they share."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence

import numpy as np
import numpy.typing as npt
import torch

from ...errors import ConfigurationError


def fact_table(facts: Sequence[Collection[Hashable]]) -> npt.NDArray[np.float32]:
    """Return (reports, different facts): 1 where a report has a fact.

    Example:
        >>> fact_table([["murmur", "systolic"], ["murmur"], []]).tolist()
        [[1.0, 1.0], [1.0, 0.0], [0.0, 0.0]]
    """
    names = sorted({fact for report in facts for fact in report}, key=repr)
    column = {fact: index for index, fact in enumerate(names)}
    table = np.zeros((len(facts), len(names)), np.float32)
    for row, report in zip(table, facts, strict=True):
        row[[column[fact] for fact in report]] = 1
    return table


def fact_similarity(first: torch.Tensor, second: torch.Tensor | None = None, *, sharpness: float = 1.0) -> torch.Tensor:
    """Return (B, N): the shared fraction of the facts of two reports (Jaccard), to the power `sharpness`.

    Args:
        first: (B, F) fact table.
        second: (N, F); `first` by default.
        sharpness: above 1, reports must share more to count.

    Raises:
        ConfigurationError: a sharpness that is not above 0.

    Example:
        >>> table = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
        >>> fact_similarity(table).tolist()
        [[1.0, 0.5], [0.5, 1.0]]
    """
    if not sharpness > 0:
        raise ConfigurationError(f"sharpness {sharpness}", remedy="use a number above 0")
    second = first if second is None else second
    shared = first @ second.T
    together = first.sum(dim=1)[:, None] + second.sum(dim=1)[None] - shared
    # Two reports without facts say the same.
    return torch.where(together > 0, shared / together.clamp(min=1), 1.0) ** sharpness
