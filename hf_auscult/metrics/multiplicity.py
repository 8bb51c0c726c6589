"""Correction for many comparisons."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DataError
from .arrays import Floats, numbers


def holm(p_values: ArrayLike) -> Floats:
    """Holm's step-down adjusted p-values, in the order given.

    Controls the chance of even one false claim among all comparisons, whatever their dependence; never weaker than
    Bonferroni. A claim holds at level a when its adjusted value is at most a.

    Args:
        p_values: (m,) raw p-values.

    Raises:
        DataError: a value outside [0, 1], NaN, or none at all.

    Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statist. 6 (1979).

    Example:
        >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
        [0.03, 0.06, 0.06]
    """
    p = numbers(p_values, "p-values")
    if p.min() < 0 or p.max() > 1:
        raise DataError(f"range from {p.min():.3g} to {p.max():.3g}, expected [0, 1]", where="p-values")
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
