"""The standing checks: what else a gain could be, each with the run that would show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...errors import ConfigurationError


@dataclass(frozen=True)
class Condition:
    """One way to train (or not to train) the same encoder.

    Args:
        name: key and folder name.
        title: row in the table.
        asks: what the row is there to answer.
        trained: whether it goes through the training steps at all.
        starts: from the pre-trained encoder, or from random weights.
        text: `aligned` for the run's mask of reports, a mask's name, or `None` for no text.
        permute: how reports are shuffled among training recordings.
        supervised: cross entropy on the task's labels instead of reports.
    """

    name: str
    title: str
    asks: str
    trained: bool = True
    starts: Literal["before", "random"] = "before"
    text: str | None = None
    permute: Literal["all", "within_label"] | None = None
    supervised: bool = False


UNTRAINED = Condition("untrained", "untrained encoder", "does any training help?", trained=False, starts="random")
BEFORE = Condition("before", "before alignment", "the starting point", trained=False)
ALIGNED = Condition("aligned", "aligned with reports", "the method", text="aligned")
CHECKS = (
    Condition("audio_only", "audio only, same steps", "is it just more training?"),
    Condition("shuffled", "reports shuffled", "does the pairing matter?", text="aligned", permute="all"),
    Condition(
        "shuffled_within_label",
        "reports shuffled within label",
        "is it more than the label?",
        text="aligned",
        permute="within_label",
    ),
    Condition("context_only", "context-only reports", "is it more than age, sex and site?", text="context"),
    Condition("label_supervision", "direct label supervision", "do reports beat labels?", supervised=True),
)
CONDITIONS = {condition.name: condition for condition in (UNTRAINED, BEFORE, ALIGNED, *CHECKS)}


def select(names: Sequence[str] | None) -> tuple[Condition, ...]:
    """Return untrained, before and aligned with the named checks (all when `None`), in table order."""
    if names is None:
        return tuple(CONDITIONS.values())
    known = {condition.name for condition in CHECKS}
    unknown = sorted(set(names) - known)
    if unknown:
        raise ConfigurationError(f"unknown checks {unknown}", remedy=f"use {', '.join(sorted(known))}")
    return (UNTRAINED, BEFORE, ALIGNED, *(check for check in CHECKS if check.name in names))


def compared(names: Sequence[str]) -> tuple[Condition, ...]:
    """Return rows for models that were aligned elsewhere, by the names of their folders."""
    return tuple(
        Condition(name, f"{name}, as it is", "what do more recordings give?", trained=False, text="aligned")
        for name in names
    )


def permutation(
    number: int, kind: Literal["all", "within_label"] | None, labels: Sequence[int], seed: int
) -> np.ndarray:
    """Return which report each of `number` recordings receives under a control."""
    order = np.arange(number)
    if kind is None:
        return order
    rng = np.random.default_rng((seed, 1))
    groups = np.zeros(number, dtype=int) if kind == "all" else np.asarray(labels)
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        order[members] = members[rng.permutation(len(members))]
    return order
