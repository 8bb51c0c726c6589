"""The score of the PhysioNet/CinC Challenge 2016: mean of a sensitivity and a specificity that know "unsure"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..errors import ConfigurationError, DataError
from ..files import Serialisable
from .arrays import binary, labels_of, same_length

WORDS = ("Normal", "Unsure", "Abnormal")


@dataclass(frozen=True)
class Physionet2016Score(Serialisable):
    """``score`` is the challenge's MAcc; the recordings behind it are counted by their true class."""

    score: float
    sensitivity: float
    specificity: float
    abnormal: int
    normal: int
    unsure: int


def physionet2016_score(
    y: ArrayLike,
    predicted: ArrayLike,
    *,
    good_quality: ArrayLike | None = None,
    good_share: Mapping[str, float] | None = None,
) -> Physionet2016Score:
    """MAcc: (sensitivity + specificity) / 2, each a weighted mean over recordings of good and of poor quality.

    "Unsure" is wrong for a recording of good quality and right for one of poor quality.

    Args:
        y: (n,) "Normal" or "Abnormal".
        predicted: (n,) "Normal", "Abnormal" or "Unsure".
        good_quality: (n,) 0/1, the dataset's ``sqi``; left out, all are good.
        good_share: weight of the good recordings in each class, such as the challenge's
            ``{"Abnormal": 0.7881, "Normal": 0.9467}`` for its hidden test set; left out, their share of this set. A
            class without recordings of one quality is scored on the other alone.

    Raises:
        DataError: other words, one class only, no rows, missing labels, or unequal lengths.
        ConfigurationError: weights other than of these two classes, or outside [0, 1].

    Source: Liu et al., Physiol. Meas. 37 (2016), section 5; Clifford et al., Computing in Cardiology 2016.

    Example:
        >>> truth = ["Abnormal", "Abnormal", "Normal", "Normal"]
        >>> physionet2016_score(truth, ["Abnormal", "Unsure", "Normal", "Unsure"], good_quality=[1, 0, 1, 1]).score
        0.75
    """
    truth, decided = labels_of(y, "labels"), labels_of(predicted, "predicted")
    good = np.ones(len(truth), np.int64) if good_quality is None else binary(good_quality, "good_quality")
    same_length(labels=truth, predicted=decided, good_quality=good)
    for name, column, words in (("labels", truth, WORDS[::2]), ("predicted", decided, WORDS)):
        odd = [value for value in dict.fromkeys(column.tolist()) if value not in words]
        if odd:
            raise DataError(f"holds {odd[:3]}, expected {', '.join(words)}", where=name)
    shares = dict(good_share or {})
    if shares and (set(shares) != {"Abnormal", "Normal"} or not all(0 <= share <= 1 for share in shares.values())):
        raise ConfigurationError(f"{shares}", where="good_share", remedy="give a share for Abnormal and one for Normal")
    right = (decided == truth) | ((decided == "Unsure") & (good == 0))
    rates, counts = {}, {}
    for name in ("Abnormal", "Normal"):
        rows = truth == name
        counts[name] = int(rows.sum())
        if not counts[name]:
            raise DataError(f"no recording is {name}", where="labels", remedy="check the split that made this set")
        parts = {quality: right[rows & (good == quality)] for quality in (1, 0)}
        weight = {1: shares.get(name, len(parts[1]) / counts[name])}
        weight[0] = 1 - weight[1]
        weight = {quality: weight[quality] if len(part) else 0.0 for quality, part in parts.items()}
        total = sum(weight.values())
        if not total:
            raise DataError(f"every {name} recording has weight 0", where="good_share")
        rates[name] = sum(weight[quality] * float(part.mean()) for quality, part in parts.items() if len(part)) / total
    return Physionet2016Score(
        score=(rates["Abnormal"] + rates["Normal"]) / 2,
        sensitivity=rates["Abnormal"],
        specificity=rates["Normal"],
        abnormal=counts["Abnormal"],
        normal=counts["Normal"],
        unsure=int((decided == "Unsure").sum()),
    )
