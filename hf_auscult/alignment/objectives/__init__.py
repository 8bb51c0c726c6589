"""Alignment objectives by name; a `+` sums them: `get("debiased_cka+infonce")`; `register` adds one of your own.

Each maps audio (B, D) and text (B, D), row i of one belonging to row i of the other, to a scalar to minimise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from ...errors import ConfigurationError
from .base import Extras, Memory, Objective, Sum
from .cka import CKA
from .debiased_cka import DebiasedCKA
from .infonce import InfoNCE
from .matryoshka import Matryoshka
from .mse import MSE
from .multi_positive import MultiPositive
from .published import Published
from .siglip import SigLIP
from .similarity import fact_similarity, fact_table

OBJECTIVES: dict[str, type[Objective]] = {}
"""Name -> objective; the package's own and those that `register` added."""

AnObjective = TypeVar("AnObjective", bound=Objective)


def register(objective: type[AnObjective]) -> type[AnObjective]:
    """Make an objective known by its `name`: to `get`, the trainer, a run's YAML file and an aligned model's config.

    Args:
        objective: a subclass of `Objective` with a `name` of its own and a `loss`; importing its module before training
            is all it takes, and this works as a decorator.

    Raises:
        ConfigurationError: no subclass, no name, a name with a `+`, or one that another objective has.

    Example:
        >>> import torch
        >>> class Distance(Objective):
        ...     name = "distance"
        ...     def loss(self, audio, text, extras):
        ...         return (audio - text).abs().mean()
        >>> _ = register(Distance)
        >>> float(get("distance")(torch.ones(4, 2), torch.zeros(4, 2)))
        1.0
        >>> _ = OBJECTIVES.pop("distance")
    """
    if not (isinstance(objective, type) and issubclass(objective, Objective)):
        raise ConfigurationError(f"{objective!r} is no objective", remedy="register a subclass of Objective")
    name = getattr(objective, "name", "")
    if not name or "+" in name:
        raise ConfigurationError(
            f"{name!r} cannot name {objective.__name__}", remedy="set its class attribute `name`, without a '+'"
        )
    known = OBJECTIVES.setdefault(name, objective)
    if known is not objective:
        raise ConfigurationError(f"{name!r} already names {known.__name__}", remedy="choose another name")
    return objective


for _objective in (Published, CKA, DebiasedCKA, InfoNCE, SigLIP, MultiPositive, MSE):
    register(_objective)


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
        raise ConfigurationError(
            f"unknown objective {unknown[0]!r}", remedy=f"use {', '.join(OBJECTIVES)} or a sum, or register it"
        )
    terms = [OBJECTIVES[part](chunk) for part in parts]
    objective = terms[0] if len(terms) == 1 else Sum(terms)
    return Matryoshka(objective, widths) if widths else objective


__all__ = [
    "CKA",
    "MSE",
    "OBJECTIVES",
    "DebiasedCKA",
    "Extras",
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
    "register",
]
