"""From probabilities to decisions."""

from __future__ import annotations

import numpy as np

from ..metrics.arrays import Floats, Integers
from ..metrics.decisions import one_hot


def decide(runs: Floats, *, several: bool, threshold: float = 0.5) -> Integers:
    """(runs, n, C) probabilities to (n, runs, C) decisions: the most probable class, or all above a threshold."""
    if several:
        return (runs.transpose(1, 0, 2) >= threshold).astype(np.int64)
    return np.stack([one_hot(table.argmax(axis=1), runs.shape[2]) for table in runs], axis=1)
