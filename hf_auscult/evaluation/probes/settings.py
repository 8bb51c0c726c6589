"""The default protocol as data: convex probes whose penalty is chosen on people, no seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...errors import ConfigurationError


@dataclass(frozen=True)
class DefaultProbe:
    """L2 logistic regression, or ridge; the penalty comes from people of the training side alone.

    Attributes:
        penalties: grid of C of classifiers (small = strong).
        ridge_penalties: grid of strengths of regressions (large = strong).
        class_weight: "balanced" weighs classes inversely to their size; None leaves them.
        folds: grouped folds of training people that choose C where the split has no validation rows.
        pooling: "none" reads (n, d); "attentive" reads (n, tokens, d) and learns which tokens count.

    Example:
        >>> DefaultProbe(folds=10).folds
        10
    """

    penalties: tuple[float, ...] = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
    ridge_penalties: tuple[float, ...] = (1.0, 10.0, 1e2, 1e3, 1e4, 1e5, 1e6)
    class_weight: Literal["balanced"] | None = "balanced"
    folds: int = 5
    pooling: Literal["none", "attentive"] = "none"

    def __post_init__(self) -> None:
        grids = {"penalties": self.penalties, "ridge_penalties": self.ridge_penalties}
        for name, grid in grids.items():
            if not grid or min(grid) <= 0:
                raise ConfigurationError(f"{grid}: give at least one, all above 0", where=name)
        if self.class_weight not in ("balanced", None):
            raise ConfigurationError(f"{self.class_weight!r}", where="class_weight", remedy="use 'balanced' or None")
        if self.folds < 2:
            raise ConfigurationError(f"{self.folds}", where="folds", remedy="give at least 2")
        if self.pooling not in ("none", "attentive"):
            raise ConfigurationError(f"{self.pooling!r}", where="pooling", remedy="use 'none' or 'attentive'")
