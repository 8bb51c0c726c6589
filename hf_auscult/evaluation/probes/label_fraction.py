"""Few labels: a fraction of the training people, drawn several times."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import ConfigurationError
from ...metrics.arrays import Integers
from ...metrics.resampling import People
from .folds import Fold

_PEOPLE_PER_CLASS = 2  # one person alone would make the class be that person


def label_fraction_folds(
    table: Integers, subjects: ArrayLike, fold: Fold, fraction: float = 0.1, *, draws: int = 8, seed: int = 0
) -> tuple[Fold, ...]:
    """The same test rows behind the labels of a fraction of the training people, several times.

    People are drawn by stratum (the rarest class among a person's recordings), each stratum in proportion, and every
    class is carried by at least two drawn people where two exist. Neither validation nor test labels are read.

    Args:
        table: (n, classes) 0/1, what each row carries.
        subjects: (n,) who was recorded.
        fold: whose training rows are drawn from.
        fraction: share of the training people, in (0, 1].
        draws: independent draws.
        seed: draw i uses the generator ``(seed, i)``, so that more draws extend fewer.

    Raises:
        ConfigurationError: fraction outside (0, 1] or no draws.
    """
    if not 0 < fraction <= 1 or draws < 1:
        raise ConfigurationError(f"fraction {fraction}, draws {draws}; give 0 < fraction <= 1 and draws >= 1")
    names, owner = np.unique(People.of(subjects).owner[fold.train], return_inverse=True)
    carried = table[fold.train]
    carries = np.zeros((len(names), table.shape[1]), dtype=np.bool_)
    np.logical_or.at(carries, owner, carried.astype(np.bool_))
    folds = []
    for draw in range(draws):
        drawn = draw_people(carries, carried.sum(axis=0), fraction, np.random.default_rng((seed, draw)))
        folds.append(Fold(fold.train[drawn[owner]], fold.test, fold.validation))
    return tuple(folds)


def draw_people(
    carries: NDArray[np.bool_], recordings: Integers, fraction: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """(people,) who is drawn, from the table of which classes each person carries."""
    rarity = np.argsort(recordings, kind="stable")
    stratum = rarity[carries[:, rarity].argmax(axis=1)]
    order = rng.permutation(len(carries))
    drawn = np.zeros(len(carries), dtype=np.bool_)
    for number in range(carries.shape[1]):
        members = order[stratum[order] == number]
        drawn[members[: round(fraction * len(members))]] = True
    for number in rarity:  # top up, in the same random order
        carriers = order[carries[order, number]]
        lacking = min(_PEOPLE_PER_CLASS, len(carriers)) - int(drawn[carriers].sum())
        drawn[carriers[~drawn[carriers]][: max(0, lacking)]] = True
    return drawn
