"""One call for every probe: classes, labels or values; a split or folds; a published protocol or the default one."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import ConfigurationError, DataError, LeakageError
from ...metrics.arrays import Floats, Integers, numbers
from ...metrics.resampling import People
from ._inputs import SPLITS
from .by_default import fit_by_default
from .folds import Fold
from .outcome import ProbeOutcome
from .published import Kind, PublishedProbe
from .published_run import PublishedRuns
from .settings import DefaultProbe
from .target import Target


def run_probe(
    features: ArrayLike,
    target: ArrayLike,
    subjects: ArrayLike,
    split_or_folds: Sequence[str] | NDArray[Any] | Sequence[Fold],
    settings: PublishedProbe | DefaultProbe | None = None,
    *,
    kind: Kind | None = None,
    positive: Hashable | None = None,
    classes: Sequence[Any] | None = None,
    allow_shared_subjects: bool = False,
) -> ProbeOutcome:
    """Fit a probe on frozen features and score the test rows.

    Args:
        features: (n, d); (n, tokens, d) with NaN rows for absent tokens under ``pooling="attentive"``.
        target: (n,) classes, (n, labels) 0/1, or (n,) values.
        subjects: (n,) who was recorded.
        split_or_folds: (n,) "train", "validation" (optional) or "test"; or folds such as
            :func:`~hf_auscult.evaluation.probes.leave_one_subject_out` gives.
        settings: the protocol; the default one when left out.
        kind: "classification" (default), "multilabel" or "regression"; a published protocol brings its own.
        positive: the positive one of two classes other than 0/1.
        classes: names of the columns of a table of labels.
        allow_shared_subjects: score a published split that leaks; the people concerned are counted in the outcome.

    Returns:
        Scores of every tested row.

    Raises:
        LeakageError: a person stands on two sides and that is not allowed.
        DataError: NaN, bad shapes, empty sides, classes that train lacks, rows tested twice.
        ConfigurationError: a protocol that does not fit the target or lacks its validation rows.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> y = np.tile([0, 1], 40)
        >>> x = 3 * y[:, None] + rng.standard_normal((80, 4))
        >>> outcome = run_probe(x, y, np.arange(80), np.repeat(["train", "test"], 40))
        >>> outcome.scores.shape, bool((outcome.mean_scores[:, 1] > 0.5).sum() > 15)
        ((1, 40, 2), True)
    """
    settings = settings or DefaultProbe()
    if isinstance(settings, PublishedProbe):
        if kind not in (None, settings.kind):
            raise ConfigurationError(f"{kind} under a protocol for {settings.kind}", where="kind")
        kind = settings.kind
    goal = Target.of(target, kind or "classification", positive, classes)
    x = _features(features, len(goal), settings)
    people = People.of(subjects)
    if len(people.owner) != len(goal):
        raise DataError(f"{len(people.owner)} people for {len(goal)} rows", where="subjects")
    folds = _folds(split_or_folds, len(goal))
    shared = _shared(people, folds)
    if shared and not allow_shared_subjects:
        raise LeakageError(
            f"{len(shared)} people stand in two splits: {', '.join(shared[:3])}",
            where="split",
            remedy="split people, not recordings",
        )

    started = time.perf_counter()
    scores, penalties, epochs = [], [], []
    runs = PublishedRuns(settings) if isinstance(settings, PublishedProbe) else None
    for fold in folds:
        goal.check_train(fold.train)
        if runs is not None:
            fold_scores, best = runs.fit(x, goal, fold)
            epochs.append(best)
        else:
            assert isinstance(settings, DefaultProbe)
            fold_scores, penalty = fit_by_default(x, goal, people.owner, fold, settings)
            penalties.append(penalty)
        scores.append(fold_scores)
    return ProbeOutcome(
        goal.kind,
        goal.classes,
        np.concatenate([fold.test for fold in folds]),
        np.concatenate(scores, axis=1),
        tuple(penalties),
        tuple(epochs),
        time.perf_counter() - started,
        len(shared),
        isinstance(settings, PublishedProbe) and settings.select == "test",
        settings,
    )


def _features(features: ArrayLike, rows: int, settings: PublishedProbe | DefaultProbe) -> Floats:
    if isinstance(settings, DefaultProbe) and settings.pooling == "attentive":
        x = np.asarray(features, dtype=np.float64)
        if x.ndim != 3 or np.isinf(x).any():
            raise DataError(f"shape {x.shape}; finite (recordings, tokens, columns) are expected", where="features")
    else:
        x = numbers(features, "features", dimensions=(2,))
    if len(x) != rows:
        raise DataError(f"{len(x)} rows for {rows} targets", where="features")
    return x


def _folds(split_or_folds: Sequence[str] | NDArray[Any] | Sequence[Fold], rows: int) -> tuple[Fold, ...]:
    if len(split_or_folds) and isinstance(split_or_folds[0], Fold):
        folds = tuple(fold for fold in split_or_folds if isinstance(fold, Fold))
    else:
        folds = (_fold_of_split(split_or_folds, rows),)
    tested = np.concatenate([fold.test for fold in folds])
    if len(np.unique(tested)) != len(tested):
        raise DataError("a row is tested twice", where="folds")
    for number, fold in enumerate(folds):
        sides = [side for side in (fold.train, fold.validation, fold.test) if side is not None]
        if min(len(side) for side in sides) == 0:
            raise DataError("no rows on one side", where=f"fold {number}")
        every = np.concatenate(sides)
        if len(np.unique(every)) != len(every) or every.min() < 0 or every.max() >= rows:
            raise DataError("a row stands on two sides, or does not exist", where=f"fold {number}")
    return folds


def _fold_of_split(split: Sequence[Any] | NDArray[Any], rows: int) -> Fold:
    names = np.asarray(split).astype(str)
    if names.shape != (rows,):
        raise DataError(f"{names.shape} entries for {rows} rows", where="split")
    odd = sorted(set(names.tolist()) - set(SPLITS))
    if odd:
        raise DataError(f"unknown name(s) {odd}", where="split", remedy=f"use {', '.join(SPLITS)}")
    train, validation, test = (np.flatnonzero(names == name) for name in SPLITS)
    for name, found in (("train", train), ("test", test)):
        if not len(found):
            raise DataError(f"no row is {name}", where="split")
    return Fold(train, test, validation if len(validation) else None)


def _shared(people: People, folds: tuple[Fold, ...]) -> list[str]:
    shared: set[int] = set()
    for fold in folds:
        sides = [_who(people, side) for side in (fold.train, fold.validation, fold.test) if side is not None]
        for number, side in enumerate(sides):
            for other in sides[number + 1 :]:
                shared |= side & other
    return [str(people.names[person]) for person in sorted(shared)]


def _who(people: People, rows: Integers) -> set[int]:
    return set(people.owner[rows].tolist())
