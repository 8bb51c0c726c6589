"""The probe with few labels: a fraction of the training people, several draws, no validation labels."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import ConfigurationError, DataError
from ...metrics.arrays import Floats, Integers
from ...metrics.resampling import People
from ._inputs import features_of, refuse_shared_people, split_rows
from .linear import LogisticProbe, ProbeSettings

_PEOPLE_PER_CLASS = 2


@dataclass(frozen=True)
class FewLabelScores:
    """Test scores of probes trained on different draws of people.

    Attributes:
        scores: (draws, test rows, classes) probabilities.
        test_rows: (test rows,) rows of the table they belong to.
        classes: labels in the order of the last axis.
        people: training people in each draw.
        recordings: training recordings in each draw.
    """

    scores: Floats
    test_rows: Integers
    classes: NDArray[Any]
    people: tuple[int, ...]
    recordings: tuple[int, ...]


def probe_with_label_fraction(
    x: ArrayLike,
    y: Sequence[Hashable] | NDArray[Any],
    subjects: ArrayLike,
    splits: Sequence[str] | NDArray[Any],
    fraction: float = 0.1,
    draws: int = 8,
    seed: int = 0,
    *,
    settings: ProbeSettings | None = None,
) -> FewLabelScores:
    """Train on the labels of a fraction of the training people, score every test recording, several times.

    People are drawn by stratum (the rarest class among a person's recordings), each stratum in proportion, and every
    class is carried by at least two drawn people where two exist. The penalty is ``settings.few_label_penalty``
    (C = 0.01): whoever has few training labels has no validation labels to choose one with. Neither validation nor
    test labels are read.

    Args:
        x: (n, d) features.
        y: (n,) labels.
        subjects: (n,) who was recorded.
        splits: (n,) "train", "validation" or "test".
        fraction: share of the training people, in (0, 1].
        draws: independent draws.
        seed: draw i uses the generator ``(seed, i)``, so that more draws extend fewer.
        settings: class weight and penalty.

    Raises:
        LeakageError: a person stands in two splits.
        ConfigurationError: fraction outside (0, 1] or no draws.
        DataError: one class only in train, NaN, bad shapes.
    """
    if not 0 < fraction <= 1 or draws < 1:
        raise ConfigurationError(f"fraction {fraction}, draws {draws}; give 0 < fraction <= 1 and draws >= 1")
    labels = np.asarray(y)
    features = features_of(x, labels)
    rows, people = split_rows(splits, len(labels)), People.of(subjects)
    refuse_shared_people(people, rows)
    train, test = rows["train"], rows["test"]
    classes, codes = np.unique(labels[train], return_inverse=True)
    if len(classes) < 2:
        raise DataError(f"only one class in train: {classes.tolist()}", where="labels")

    names, owner = np.unique(people.owner[train], return_inverse=True)
    carries = np.zeros((len(names), len(classes)), dtype=np.bool_)
    carries[owner, codes] = True
    scores, sizes, recordings = [], [], []
    for draw in range(draws):
        chosen = _draw_people(carries, np.bincount(codes), fraction, np.random.default_rng((seed, draw)))
        mine = train[chosen[owner]]
        probe = LogisticProbe(settings or ProbeSettings()).fit_fixed(features[mine], labels[mine])
        scores.append(probe.predict_proba(features[test]))
        sizes.append(int(chosen.sum()))
        recordings.append(len(mine))
    return FewLabelScores(np.stack(scores), test, classes, tuple(sizes), tuple(recordings))


def _draw_people(
    carries: NDArray[np.bool_], recordings: Integers, fraction: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """(people,) who is drawn, from the table of which classes each person carries."""
    rarity = np.argsort(recordings, kind="stable")
    stratum = rarity[carries[:, rarity].argmax(axis=1)]
    order = rng.permutation(len(carries))
    chosen = np.zeros(len(carries), dtype=np.bool_)
    for number in range(carries.shape[1]):
        members = order[stratum[order] == number]
        chosen[members[: round(fraction * len(members))]] = True
    for number in rarity:  # top up, in the same random order
        carriers = order[carries[order, number]]
        lacking = min(_PEOPLE_PER_CLASS, len(carriers)) - int(chosen[carriers].sum())
        chosen[carriers[~chosen[carriers]][: max(0, lacking)]] = True
    return chosen
