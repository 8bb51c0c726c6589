"""From recordings to people."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ...metrics.arrays import Floats, Integers, same_length
from ...metrics.resampling import People


def mean_by_person(labels: Integers, scores: Floats, subjects: ArrayLike) -> tuple[Integers, Floats]:
    """One row per person: any positive label counts, scores are averaged.

    Args:
        labels: (n,) 0/1, or (n, classes) 0/1 table (a person then carries every class that any recording has).
        scores: (n, ...) scores.
        subjects: (n,) who was recorded.

    Returns:
        labels (people,) or (people, classes), and scores (people, ...), people sorted by identifier.

    Raises:
        DataError: missing subjects or unequal lengths.

    Example:
        >>> y, s = mean_by_person(np.array([0, 1, 0]), np.array([0.2, 0.6, 0.1]), ["a", "a", "b"])
        >>> y.tolist(), s.tolist()
        ([1, 0], [0.4, 0.1])
    """
    people = People.of(subjects)
    same_length(labels=labels, scores=scores, subjects=people.owner)
    total = np.zeros((len(people), *scores.shape[1:]))
    np.add.at(total, people.owner, scores)
    counts = np.bincount(people.owner).reshape(-1, *[1] * (scores.ndim - 1))
    carried = np.zeros((len(people), *labels.shape[1:]), dtype=np.int64)
    np.maximum.at(carried, people.owner, labels)
    return carried, total / counts
