"""The default protocol as data: convex probes whose penalty is chosen on held-out training people, no seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...errors import ConfigurationError


@dataclass(frozen=True)
class ProbeSettings:
    """L2 logistic regression, or ridge; the penalty comes from people of the training split alone.

    Attributes:
        penalties: grid of C of classifiers, the inverse L2 strength of scikit-learn (small = strong); the one with the
            lowest log loss on held-out training people is taken, of equal ones the strongest.
        ridge_penalties: grid of strengths of regressions (large = strong).
        class_weight: "balanced" weighs classes inversely to their size; None leaves them.
        folds: grouped folds of training people that choose C.
        few_label_penalty: C where only a fraction of the labels is used: whoever has few labels has none to spare for
            choosing a penalty.
        pooling: "none" reads (n, d); "attentive" reads (n, tokens, d) and learns which tokens count.

    Example:
        >>> ProbeSettings(folds=10).folds
        10
    """

    # Decades: features are standardised, so that the optimum moves by orders of magnitude with the number of rows and
    # columns, and the loss between two neighbours is flat.
    penalties: tuple[float, ...] = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
    ridge_penalties: tuple[float, ...] = (1.0, 10.0, 1e2, 1e3, 1e4, 1e5, 1e6)
    class_weight: Literal["balanced"] | None = "balanced"
    folds: int = 5
    few_label_penalty: float = 0.01
    pooling: Literal["none", "attentive"] = "none"

    def __post_init__(self) -> None:
        grids = {
            "penalties": self.penalties,
            "ridge_penalties": self.ridge_penalties,
            "few_label_penalty": (self.few_label_penalty,),
        }
        for name, grid in grids.items():
            if not grid or min(grid) <= 0:
                raise ConfigurationError(f"{grid}: give at least one, all above 0", where=name)
        if self.class_weight not in ("balanced", None):
            raise ConfigurationError(f"{self.class_weight!r}", where="class_weight", remedy="use 'balanced' or None")
        if self.folds < 2:
            raise ConfigurationError(f"{self.folds}", where="folds", remedy="give at least 2")
        if self.pooling not in ("none", "attentive"):
            raise ConfigurationError(f"{self.pooling!r}", where="pooling", remedy="use 'none' or 'attentive'")
