"""F1, precision and recall over classes and runs, of all resamples of people at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .arrays import Floats, Integers

Score = Literal["f1", "precision", "recall"]
Average = Literal["macro", "micro", "positive"]
_MOST = 2**24  # counts held at once


@dataclass(frozen=True)
class DecisionScore:
    """A score of decisions as a statistic for ``person_interval``: mean over runs.

    Args:
        score: what is counted.
        average: ``macro`` over the classes named, ``micro`` over their pooled counts, or the ``positive`` class alone,
            which is the last.
        classes: columns that are averaged over. As in scikit-learn, a class that neither occurs nor is decided in a run
            is left out of its mean; one that is decided but does not occur scores 0.
        every_class: score it 0 instead, as scikit-learn does in a table of several labels a row.

    Example:
        >>> truth = np.eye(2, dtype=int)[[0, 0, 1, 1]]
        >>> decided = np.eye(2, dtype=int)[[0, 1, 1, 1]][:, None]
        >>> round(DecisionScore("f1", "macro", (0, 1))(truth, decided), 4)
        0.7333
    """

    score: Score
    average: Average
    classes: tuple[int, ...]
    every_class: bool = False

    @property
    def family(self) -> Literal["share", "score"]:
        """Recall of one class is a share of its rows; the others are ratios of counts."""
        return "share" if self.score == "recall" and self.average == "positive" else "score"

    def __call__(self, truth: Integers, decided: Integers) -> float:
        """Score (n, C) 0/1 truths and (n, runs, C) 0/1 decisions."""
        rows = np.arange(len(truth))
        return float(self.draws(truth, decided, np.ones((1, len(truth)), np.int64), rows)[0])

    def hits(self, truth: Integers, decided: Integers) -> tuple[Floats, Floats]:
        """(n,) found share of the runs and whether the row is of the class, for the recall of one class."""
        among = truth[:, self.classes[-1]].astype(np.float64)
        return decided[:, :, self.classes[-1]].mean(axis=1) * among, among

    def draws(self, truth: Integers, decided: Integers, weights: NDArray[np.generic], owner: Integers) -> Floats:
        """Score every row of ``weights``, (draws, people); ``owner`` says whose each row is."""
        kept = [self.classes[-1]] if self.average == "positive" else list(self.classes)
        truth, decided = truth[:, kept], decided[:, :, kept]
        people = weights.shape[1]
        hits = by_person(decided * truth[:, None], owner, people)
        called = by_person(decided, owner, people)
        carried = by_person(np.broadcast_to(truth[:, None], decided.shape), owner, people)
        counted = self.every_class | (
            (called + carried).sum(axis=0) > 0
        )  # (runs, classes), of the data and not of the draw
        step = max(1, _MOST // hits[0].size)
        parts = []
        for block in (weights[i : i + step].astype(float) for i in range(0, len(weights), step)):
            drawn = [np.tensordot(block, counts, axes=1) for counts in (hits, called, carried)]
            parts.append(self._of_counts(drawn[0], drawn[1], drawn[2], counted))
        return np.concatenate(parts)

    def _of_counts(self, hits: Floats, called: Floats, carried: Floats, counted: NDArray[np.bool_]) -> Floats:
        """(draws, runs, classes) counts to (draws,) scores."""
        if self.average == "micro":
            hits, called, carried = (counts.sum(axis=2, keepdims=True) for counts in (hits, called, carried))
            counted = np.asarray(counted.any(axis=1, keepdims=True))
        if self.score == "f1":
            top, bottom = 2 * hits, called + carried
        else:
            top, bottom = hits, called if self.score == "precision" else carried
        values = np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)
        mean: Floats = ((values * counted).sum(axis=2) / np.maximum(counted.sum(axis=1), 1)).mean(axis=1)
        return mean


def by_person(rows: NDArray[np.generic], owner: Integers, people: int) -> Floats:
    """(people, ...) sums of each person's rows."""
    columns = rows.reshape(len(rows), -1).T
    counts = np.stack([np.bincount(owner, weights=column, minlength=people) for column in columns], axis=1)
    return counts.astype(np.float64).reshape(people, *rows.shape[1:])


def one_hot(codes: Integers, classes: int) -> Integers:
    """(n,) class numbers to (n, classes) of 0 and 1."""
    table: Integers = (codes[:, None] == np.arange(classes)[None, :]).astype(np.int64)
    return table
