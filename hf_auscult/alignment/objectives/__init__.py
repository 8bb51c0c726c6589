"""Alignment objectives by name; a `+` sums them: `get("debiased_cka+infonce")`.

Each maps audio (B, D) and text (B, D), row i of one belonging to row i of the other, to a scalar to minimise.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import ConfigurationError
from .base import Memory, Objective, Sum
from .cka import CKA
from .debiased_cka import DebiasedCKA
from .infonce import InfoNCE
from .matryoshka import Matryoshka
from .mse import MSE
from .multi_positive import MultiPositive
from .published import Published
from .siglip import SigLIP
from .similarity import fact_similarity, fact_table

OBJECTIVES: dict[str, type[Objective]] = {
    objective.name: objective for objective in (Published, CKA, DebiasedCKA, InfoNCE, SigLIP, MultiPositive, MSE)
}


def get(name: str, *, chunk: int | None = None, widths: Sequence[int] = ()) -> Objective:
    """Return the objective of a name, or the sum of several joined by `+`.

    Args:
        name: key of `OBJECTIVES`, or several joined by `+`.
        chunk: rows that are compared at a time, see `Objective`; `None` for all.
        widths: prefixes the objective is averaged over, see `Matryoshka`; none for the whole vectors alone.

    Raises:
        ConfigurationError: an unknown name.

    Example:
        >>> import torch
        >>> float(get("cka")(torch.eye(4), torch.eye(4)).abs() < 1e-6)
        1.0
    """
    parts = [part.strip() for part in name.split("+")]
    unknown = [part for part in parts if part not in OBJECTIVES]
    if unknown:
        raise ConfigurationError(f"unknown objective {unknown[0]!r}", remedy=f"use {', '.join(OBJECTIVES)} or a sum")
    terms = [OBJECTIVES[part](chunk) for part in parts]
    objective = terms[0] if len(terms) == 1 else Sum(terms)
    return Matryoshka(objective, widths) if widths else objective


__all__ = [
    "CKA",
    "MSE",
    "OBJECTIVES",
    "DebiasedCKA",
    "InfoNCE",
    "Matryoshka",
    "Memory",
    "MultiPositive",
    "Objective",
    "Published",
    "SigLIP",
    "Sum",
    "fact_similarity",
    "fact_table",
    "get",
]
