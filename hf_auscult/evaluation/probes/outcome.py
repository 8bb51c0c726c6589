"""What a probe hands back: scores of every tested recording, and how they were reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from ...errors import ConfigurationError
from ...metrics.arrays import Floats, Integers, same_length
from ...metrics.resampling import People
from .published import Kind, PublishedProbe
from .settings import DefaultProbe

Rule = Literal["mean", "log_odds"]


@dataclass(frozen=True)
class ProbeOutcome:
    """Scores of the tested rows under one protocol.

    Attributes:
        kind: what was predicted.
        classes: names of the score columns; empty for regression.
        test_rows: (m,) tested rows of the table, in the order of ``scores``.
        scores: (runs, m, classes) probabilities, or (runs, m, 1) values; one run under the default protocol.
        penalties: chosen per fold (C of a classifier, strength of a ridge); empty under a published protocol.
        best_epochs: per fold, per run, counted from 0; empty under the default protocol.
        seconds: of fitting and scoring.
        shared_subjects: people who stand on both sides of the split, where that was allowed.
        selected_on_test: the protocol compared its epochs on the test rows.
        settings: of the protocol.
    """

    kind: Kind
    classes: tuple[Any, ...]
    test_rows: Integers
    scores: Floats
    penalties: tuple[float, ...]
    best_epochs: tuple[tuple[int, ...], ...]
    seconds: float
    shared_subjects: int
    selected_on_test: bool
    settings: PublishedProbe | DefaultProbe

    @property
    def mean_scores(self) -> Floats:
        """(m, classes) or (m, 1), averaged over runs."""
        mean: Floats = self.scores.mean(axis=0)
        return mean


def pool_scores(scores: Floats, units: ArrayLike, rule: Rule = "mean") -> tuple[tuple[Any, ...], Floats]:
    """Scores of windows or recordings, pooled over the recording or person they come from.

    Args:
        scores: (m, ...) probabilities or values.
        units: (m,) recording or person of each row.
        rule: mean of the scores, or the probability at the mean log-odds.

    Returns:
        The units, sorted, and their (units, ...) scores.

    Raises:
        ConfigurationError: an unknown rule, or log-odds of something that is no probability.
        DataError: unequal lengths or missing units.

    Example:
        >>> units, pooled = pool_scores(np.array([0.5, 0.9, 0.2]), ["a", "a", "b"])
        >>> units, pooled.round(3).tolist()
        (('a', 'b'), [0.7, 0.2])
        >>> pool_scores(np.array([0.5, 0.9, 0.2]), ["a", "a", "b"], "log_odds")[1].round(3).tolist()
        [0.75, 0.2]
    """
    from scipy.special import expit, logit

    if rule not in ("mean", "log_odds"):
        raise ConfigurationError(f"{rule!r}", where="rule", remedy="use 'mean' or 'log_odds'")
    groups = People.of(units)
    same_length(scores=scores, units=groups.owner)
    values = scores
    if rule == "log_odds":
        if scores.size and (scores.min() < 0 or scores.max() > 1):
            raise ConfigurationError("log-odds of scores outside [0, 1]", where="rule", remedy="use 'mean'")
        values = logit(np.clip(scores, 1e-7, 1 - 1e-7))
    total = np.zeros((len(groups), *scores.shape[1:]))
    np.add.at(total, groups.owner, values)
    mean = total / np.bincount(groups.owner).reshape(-1, *[1] * (scores.ndim - 1))
    return tuple(groups.names.tolist()), expit(mean) if rule == "log_odds" else mean
