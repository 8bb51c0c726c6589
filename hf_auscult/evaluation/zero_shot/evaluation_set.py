"""The test people of a zero-shot evaluation, and the metrics of scores for their recordings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import DataError
from ...metrics import auroc, debiased_ece
from ...metrics.arrays import Floats, numbers
from ...metrics.decisions import one_hot
from ..estimates import Bootstrap, Estimate, estimate
from ..predictions import Predictions, estimates

_GRID = 2.0**30  # steps of 1e-9: far finer than cosines in single precision differ, far coarser than a sum rounds


@dataclass(frozen=True)
class Row:
    """A line of a table.

    Args:
        name: what was done.
        figures: ``auroc`` (macro one-versus-rest over several classes) over recordings, ``auroc_subject`` over people,
            ``macro_f1`` of the nearest class, ``ece`` where there are probabilities.
    """

    name: str
    figures: Mapping[str, Estimate]


@dataclass(frozen=True, eq=False)
class EvaluationSet:
    """The recordings of the test people.

    Args:
        keys: (n,) names of the recordings.
        subjects: (n,) who was recorded.
        truth: (n,) class numbers, or (n, C) of 0 and 1 where several hold at once.
        classes: names; of two, the second is the positive one.
        bootstrap: resamples of people; its seed is that of shuffles, too.
    """

    keys: tuple[str, ...]
    subjects: NDArray[Any]
    truth: NDArray[Any]
    classes: tuple[str, ...]
    bootstrap: Bootstrap = field(default_factory=Bootstrap)

    @property
    def multilabel(self) -> bool:
        """Whether a recording can carry several classes."""
        return self.truth.ndim == 2

    def row(self, name: str, scores: Floats, probabilities: Floats | None = None) -> Row:
        """Metrics of (n, C) scores, or of (runs, n, C), then the mean over runs."""
        runs = scores if scores.ndim == 3 else scores[None]
        ranked = np.stack([_ranking(table) for table in runs])
        metrics = ("auroc",) if self.multilabel else ("auroc", "macro_f1")
        predictions = Predictions(self.keys, self.subjects, self.truth, ranked, self.classes)
        figures = estimates(metrics, predictions, self.bootstrap)
        return Row(name, figures | ({} if probabilities is None else {"ece": self.ece(probabilities)}))

    def ece(self, probabilities: Floats) -> Estimate:
        """Debiased calibration error of the positive class of two, of the most probable class otherwise."""
        table = probabilities[:, 1] if len(self.classes) == 2 else probabilities
        error = partial(debiased_ece, subjects=self.subjects)
        return estimate(error, self.truth, table, subjects=self.subjects, bootstrap=self.bootstrap)

    def auroc(self, scores: Floats) -> float | None:
        """AUROC of (n, C) scores alone, without an interval; None where it is undefined."""
        table = self.truth if self.multilabel else one_hot(self.truth, len(self.classes))
        ranked = _ranking(scores)
        columns = [c for c in range(len(self.classes)) if 0 < table[:, c].sum() < len(table)]
        kept = columns[1:] if len(self.classes) == 2 else columns
        return float(np.mean([auroc(table[:, c], ranked[:, c]) for c in kept])) if kept else None


def _ranking(scores: Floats) -> Floats:
    """Margins on a binary grid: sums of them are exact, so means of equal scores tie however many they are."""
    ranked: Floats = np.round(margins(scores) * _GRID) / _GRID
    return ranked


def margins(scores: ArrayLike) -> Floats:
    """Each class's score minus the mean of the other classes' scores: what ranks recordings, not how loud they match.

    Raw cosines share an offset per recording that AUROC would rank by; the margin removes it.

    Args:
        scores: (n, classes), at least two classes.

    Raises:
        DataError: fewer than two classes, or NaN.

    Example:
        >>> margins([[0.5, 0.75]]).tolist()
        [[-0.25, 0.25]]
    """
    table = numbers(scores, "scores", dimensions=(2,))
    classes = table.shape[1]
    if classes < 2:
        raise DataError("one class has nothing to be compared with", where="scores")
    others: Floats = (table.sum(axis=1, keepdims=True) - table) / (classes - 1)
    return table - others
