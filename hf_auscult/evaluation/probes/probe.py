"""One call for every probe: classes, labels or values; a split or folds; a published protocol or the default one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import ConfigurationError, DataError, LeakageError
from ...metrics.arrays import Floats, Integers, numbers
from ...metrics.resampling import People
from .default_run import fit_by_default
from .folds import Fold, check_folds, fold_of_split, shared_people
from .published import Kind, PublishedProbe
from .published_run import PublishedRuns
from .settings import ProbeSettings
from .target import Target


@dataclass(frozen=True, eq=False)
class ProbeOutcome:
    """What a probe predicts for every tested recording under one protocol.

    Attributes:
        kind: what was predicted.
        classes: names of the score columns; empty for regression.
        test_rows: (m,) tested rows of the table, in the order of ``scores``.
        scores: (runs, m, classes) probabilities, or (runs, m, 1) values; one run under the default protocol.
        validation_rows: (v,) rows of a fixed split's validation people, who chose nothing; none where they chose the
            epoch of a published protocol.
        validation_scores: (runs, v, classes) or (runs, v, 1).
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
    validation_rows: Integers
    validation_scores: Floats
    penalties: tuple[float, ...]
    best_epochs: tuple[tuple[int, ...], ...]
    seconds: float
    shared_subjects: int
    selected_on_test: bool
    settings: PublishedProbe | ProbeSettings

    @property
    def mean_scores(self) -> Floats:
        """(m, classes) or (m, 1), averaged over runs."""
        mean: Floats = self.scores.mean(axis=0)
        return mean


def run_probe(
    features: ArrayLike | Callable[[Integers], ArrayLike],
    target: ArrayLike | Target,
    subjects: ArrayLike,
    split_or_folds: Sequence[str] | NDArray[Any] | Sequence[Fold],
    settings: PublishedProbe | ProbeSettings | None = None,
    *,
    allow_shared_subjects: bool = False,
    allow_unseen_classes: bool = False,
) -> ProbeOutcome:
    """Fit a probe on frozen features and score the test rows.

    Args:
        features: (n, d); (n, tokens, d) with NaN rows for absent tokens under ``pooling="attentive"``; or a function
            that learns them (medians, categories) from the training rows of each fold.
        target: (n,) classes, or what a published protocol predicts; everything else as a :class:`Target`, such as
            ``Target.of(values, "regression")`` or ``Target.of(names, positive="murmur")``.
        subjects: (n,) who was recorded.
        split_or_folds: (n,) "train", "validation" (optional) or "test"; or folds such as
            :func:`~hf_auscult.evaluation.probes.leave_one_subject_out` gives. Under the default protocol validation
            people choose nothing: they are scored, for thresholds and calibration.
        settings: the protocol; the default one when left out.
        allow_shared_subjects: score a published split that leaks; the people concerned are counted in the outcome.
        allow_unseen_classes: a class that train lacks is never predicted, instead of an error; of several labels, one
            that train cannot teach is given its share of the training rows.

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
    settings = settings or ProbeSettings()
    kind = settings.kind if isinstance(settings, PublishedProbe) else "classification"
    goal = target if isinstance(target, Target) else Target.of(target, kind)
    if isinstance(settings, PublishedProbe) and goal.kind != settings.kind:
        raise ConfigurationError(f"{goal.kind} under a protocol for {settings.kind}", where="target")
    learn = features if callable(features) else None
    x = np.empty(0) if callable(features) else _features(features, len(goal), settings)
    people = People.of(subjects)
    if len(people.owner) != len(goal):
        raise DataError(f"{len(people.owner)} people for {len(goal)} rows", where="subjects")
    folds = _folds(split_or_folds, len(goal))
    shared = shared_people(people, folds)
    if shared and not allow_shared_subjects:
        raise LeakageError(
            f"{len(shared)} people stand in two splits: {', '.join(shared[:3])}",
            where="split",
            remedy="split people, not recordings",
        )

    started = time.perf_counter()
    scores, validation_rows, validation_scores, penalties, epochs = [], [], [], [], []
    runs = PublishedRuns(settings) if isinstance(settings, PublishedProbe) else None
    for fold in folds:
        x = x if learn is None else _features(learn(fold.train), len(goal), settings)
        part, columns = goal, np.arange(len(goal.classes))
        if allow_unseen_classes and runs is None and goal.kind != "regression":
            part, columns = goal.taught_by(fold.train)
        elif allow_unseen_classes and goal.kind == "classification":
            part, columns = goal.taught_by(np.concatenate(fold.parts))  # a published head's outputs are all classes
        part.check_train(fold.train)
        if runs is not None:
            fold_scores, best = runs.fit(x, part, fold)
            epochs.append(best)
        else:
            assert isinstance(settings, ProbeSettings)
            predict, penalty = fit_by_default(x, part, people.owner, fold, settings)
            fold_scores = predict(fold.test)
            penalties.append(penalty)
            if fold.validation is not None:
                validation_rows.append(fold.validation)
                validation_scores.append(_all_columns(predict(fold.validation), goal, columns, fold.train))
        scores.append(_all_columns(fold_scores, goal, columns, fold.train))
    tested = np.concatenate(scores, axis=1)
    return ProbeOutcome(
        kind=goal.kind,
        classes=goal.classes,
        test_rows=np.concatenate([fold.test for fold in folds]),
        scores=tested,
        validation_rows=np.concatenate(validation_rows) if validation_rows else np.empty(0, np.int64),
        validation_scores=np.concatenate(validation_scores, axis=1) if validation_scores else tested[:, :0],
        penalties=tuple(penalties),
        best_epochs=tuple(epochs),
        seconds=time.perf_counter() - started,
        shared_subjects=len(shared),
        selected_on_test=isinstance(settings, PublishedProbe) and settings.select == "test",
        settings=settings,
    )


def _all_columns(scores: Floats, goal: Target, columns: Integers, train: Integers) -> Floats:
    """(runs, m, classes): scores of all classes; of one that could not be learned, 0 or (of labels) its train share."""
    if len(columns) == len(goal.classes):
        return scores
    every = np.zeros((*scores.shape[:2], len(goal.classes)))
    if goal.kind == "multilabel":
        every[:] = goal.table[train].mean(axis=0)
    every[:, :, columns] = scores
    return every


def _features(features: ArrayLike, rows: int, settings: PublishedProbe | ProbeSettings) -> Floats:
    if isinstance(settings, ProbeSettings) and settings.pooling == "attentive":
        x = np.asarray(features, dtype=np.float64)
        if x.ndim != 3 or np.isinf(x).any():
            raise DataError(f"shape {x.shape}; finite (recordings, tokens, columns) are expected", where="features")
    else:
        x = numbers(features, "features", dimensions=(2,))
    if len(x) != rows:
        raise DataError(f"{len(x)} rows for {rows} targets", where="features")
    if x.shape[-1] == 0:
        raise DataError("no columns", where="features")
    return x


def _folds(split_or_folds: Sequence[str] | NDArray[Any] | Sequence[Fold], rows: int) -> tuple[Fold, ...]:
    if len(split_or_folds) and isinstance(split_or_folds[0], Fold):
        folds = tuple(fold for fold in split_or_folds if isinstance(fold, Fold))
    else:
        folds = (fold_of_split(split_or_folds, rows),)
    check_folds(folds, rows)
    return folds
