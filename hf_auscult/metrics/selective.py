"""What is gained when the least certain recordings are handed to a person instead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..errors import ConfigurationError, DataError
from ..files import Serialisable
from .arrays import binary, numbers, same_length
from .ranking import auroc


@dataclass(frozen=True)
class SelectiveAuroc(Serialisable):
    """AUROC of the retained rows.

    Attributes:
        auroc: of the retained rows.
        auroc_all: of all rows.
        retained: share kept; above the share asked for when confidences tie at the border.
        threshold: least confidence that is kept.
        kept: rows kept.
        kept_positives: positives among them.
    """

    auroc: float
    auroc_all: float
    retained: float
    threshold: float
    kept: int
    kept_positives: int


def selective_auroc(
    y: ArrayLike,
    score: ArrayLike,
    *,
    keep: float = 0.8,
    confidence: ArrayLike | None = None,
    centre: float = 0.5,
) -> SelectiveAuroc:
    """AUROC of the most confident share of the rows.

    Rows that tie at the border are all kept, so that the figure does not depend on their order. A confidence taken
    from the score itself keeps both of its ends, which raises the AUROC of any useful score: compare models with each
    other at the same share, not with 1.

    Args:
        y: (n,) labels 0/1.
        score: (n,) scores, higher means more positive; probabilities unless ``confidence`` is given.
        keep: share to keep, in (0, 1].
        confidence: (n,) higher means more certain; default: distance of the score from ``centre``.
        centre: score of greatest doubt (0 for logits).

    Raises:
        DataError: one class only (also among the kept rows), NaN, no rows, or unequal lengths.
        ConfigurationError: ``keep`` outside (0, 1].

    Source: El-Yaniv & Wiener, JMLR 11 (2010); Geifman & El-Yaniv, NeurIPS 2017.

    Example:
        >>> result = selective_auroc([0, 0, 0, 1, 1], [0.1, 0.2, 0.56, 0.55, 0.9], keep=0.8)
        >>> round(result.auroc_all, 3), result.auroc, result.kept
        (0.833, 1.0, 4)
    """
    labels, column = binary(y), numbers(score, "scores")
    n = same_length(labels=labels, scores=column)
    if not 0 < keep <= 1:
        raise ConfigurationError(f"is {keep}, expected a share in (0, 1]", where="keep")
    sure = np.abs(column - centre) if confidence is None else numbers(confidence, "confidence")
    same_length(labels=labels, confidence=sure)
    threshold = float(np.sort(sure)[::-1][int(np.ceil(keep * n - 1e-9)) - 1])
    kept = sure >= threshold
    if len(np.unique(labels[kept])) < 2 <= len(np.unique(labels)):
        raise DataError(
            f"the {int(kept.sum())} most confident rows are all of class {labels[kept][0]}",
            where="confidence",
            remedy="keep a larger share",
        )
    return SelectiveAuroc(
        auroc(labels[kept], column[kept]),
        auroc(labels, column),
        float(kept.mean()),
        threshold,
        int(kept.sum()),
        int(labels[kept].sum()),
    )
