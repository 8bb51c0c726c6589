"""F1, precision and recall over classes and runs, of all bootstrap draws at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..metrics.arrays import Floats, Integers

Score = Literal["f1", "precision", "recall"]
Average = Literal["macro", "micro", "positive"]
_MOST = 2**24  # counts held at once


@dataclass(frozen=True)
class DecisionScore:
    """A score of decisions as a statistic for ``patient_bootstrap``: mean over runs.

    Args:
        score: what is counted.
        average: ``macro`` over the classes named, ``micro`` over their pooled counts, or the ``positive`` class alone,
            which is the last.
        classes: columns that are averaged over; a class without rows and without decisions scores 0.

    Example:
        >>> truth = np.eye(2, dtype=int)[[0, 0, 1, 1]]
        >>> decided = np.eye(2, dtype=int)[[0, 1, 1, 1]][:, None]
        >>> round(DecisionScore("f1", "macro", (0, 1))(truth, decided), 4)
        0.7333
    """

    score: Score
    average: Average
    classes: tuple[int, ...]

    def __call__(self, truth: Integers, decided: Integers) -> float:
        """Score (n, C) 0/1 truths and (n, runs, C) 0/1 decisions."""
        rows = np.arange(len(truth))
        return float(self.draws(truth, decided, np.ones((1, len(truth)), np.int64), rows)[0])

    def draws(self, truth: Integers, decided: Integers, weights: NDArray[np.generic], owner: Integers) -> Floats:
        """Score every row of ``weights``, (draws, people); ``owner`` says whose each row is."""
        kept = [self.classes[-1]] if self.average == "positive" else list(self.classes)
        truth, decided = truth[:, kept], decided[:, :, kept]
        people = weights.shape[1]
        hits = _by_person(decided * truth[:, None], owner, people)
        called = _by_person(decided, owner, people)
        carried = _by_person(np.broadcast_to(truth[:, None], decided.shape), owner, people)
        step = max(1, _MOST // hits[0].size)
        parts = [
            self._of_counts(
                *(
                    np.tensordot(weights[i : i + step].astype(float), counts, axes=1)
                    for counts in (hits, called, carried)
                )
            )
            for i in range(0, len(weights), step)
        ]
        return np.concatenate(parts)

    def _of_counts(self, hits: Floats, called: Floats, carried: Floats) -> Floats:
        """(draws, runs, classes) counts to (draws,) scores."""
        if self.average == "micro":
            hits, called, carried = (counts.sum(axis=2, keepdims=True) for counts in (hits, called, carried))
        if self.score == "f1":
            top, bottom = 2 * hits, called + carried
        else:
            top, bottom = hits, called if self.score == "precision" else carried
        values = np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)
        mean: Floats = values.mean(axis=(1, 2))
        return mean


def _by_person(rows: NDArray[np.generic], owner: Integers, people: int) -> Floats:
    counts = np.zeros((people, *rows.shape[1:]))
    np.add.at(counts, owner, rows)
    return counts


def one_hot(codes: Integers, classes: int) -> Integers:
    """(n,) class numbers to (n, classes) of 0 and 1."""
    table: Integers = (codes[:, None] == np.arange(classes)[None, :]).astype(np.int64)
    return table


def decide(runs: Floats, *, several: bool, threshold: float = 0.5) -> Integers:
    """(runs, n, C) probabilities to (n, runs, C) decisions: the most probable class, or all above a threshold."""
    if several:
        return (runs.transpose(1, 0, 2) >= threshold).astype(np.int64)
    return np.stack([one_hot(table.argmax(axis=1), runs.shape[2]) for table in runs], axis=1)
