"""The score of the ICBHI 2017 challenge: mean of sensitivity and specificity over respiratory cycles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DataError
from ..files import Serialisable
from .classification import confusion_counts


@dataclass(frozen=True)
class IcbhiScore(Serialisable):
    """Sensitivity, specificity and their mean, with the cycles behind them."""

    score: float
    sensitivity: float
    specificity: float
    abnormal: int
    normal: int


def icbhi_score(y: ArrayLike, predicted: ArrayLike, *, normal: object = "normal", collapse: bool = False) -> IcbhiScore:
    """(sensitivity + specificity) / 2, where an abnormal cycle counts only when its own class is found.

    Sensitivity pools the abnormal cycles (crackle, wheeze, both): right class / all abnormal. It is neither a macro
    average over the abnormal classes nor "decided abnormal at all", two variants that give other figures and are found
    in published code.

    Args:
        y: (n,) true classes.
        predicted: (n,) decided classes.
        normal: which class is the normal one.
        collapse: count any abnormal decision for an abnormal cycle as right (the two-class score).

    Raises:
        DataError: no normal or no abnormal cycle, no rows, missing labels, or unequal lengths.

    Source: Rocha et al., Physiol. Meas. 40 (2019) (the official score of the challenge).

    Example:
        >>> truth = ["normal", "normal", "crackle", "wheeze", "both", "crackle"]
        >>> icbhi_score(truth, ["normal", "wheeze", "crackle", "crackle", "both", "normal"]).score
        0.5
    """
    names, table, _ = confusion_counts(y, predicted)
    is_normal = np.fromiter((name == normal for name in names.tolist()), np.bool_, len(names))
    support = table.sum(axis=1)
    healthy, ill = int(support[is_normal].sum()), int(support[~is_normal].sum())
    for count, kind in ((healthy, "normal"), (ill, "abnormal")):
        if not count:
            raise DataError(
                f"no {kind} cycle (the normal class is {normal!r}, classes {names.tolist()})",
                where="labels",
                remedy="name the normal class with normal=..., or check the split",
            )
    right = table[np.ix_(~is_normal, ~is_normal)].sum() if collapse else np.diag(table)[~is_normal].sum()
    sensitivity, specificity = float(right) / ill, float(np.diag(table)[is_normal].sum()) / healthy
    return IcbhiScore((sensitivity + specificity) / 2, sensitivity, specificity, ill, healthy)
