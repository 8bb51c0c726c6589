"""A benchmark's probe: features and examples in, predictions of the tested recordings out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..metrics.arrays import Floats
from .examples import Examples
from .probes import DefaultProbe, Fold, ProbeOutcome, PublishedProbe, leave_one_subject_out, run_probe
from .protocols import published_probe
from .scoring import Predictions
from .task import BenchmarkTask

Rows = NDArray[np.int64]
KINDS = {"class": "classification", "classes": "multilabel", "value": "regression"}


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a probe said.

    Args:
        predictions: of the tested recordings.
        rows: their places among the examples.
        validation: of the validation people, where there are any that chose nothing.
        penalty: chosen by the default probe; None where there are several or none.
        selected_on_test: a published protocol chose its epoch on the test recordings.
        seconds: that fitting and predicting took.
    """

    predictions: Predictions
    rows: Rows
    validation: Predictions | None
    penalty: float | None
    selected_on_test: bool
    seconds: float


def probe(
    spec: BenchmarkTask,
    features: np.ndarray,
    examples: Examples,
    protocol: str,
    *,
    leaks: bool = False,
) -> Outcome:
    """Fit a probe on the training people and ask it about the test people.

    ``default``: convex, no randomness: L2 logistic regression or ridge regression, the penalty chosen over folds of
    training people, so that validation people remain for thresholds and calibration. ``published``: the papers' own
    heads, seeds and schedules. A value is predicted for every person in turn, by the others.

    Args:
        spec: the task.
        features: (n, dim).
        examples: what the rows are.
        protocol: ``default`` or ``published``.
        leaks: the split shares people and was prepared as one that does.

    Raises:
        ConfigurationError: no published protocol for the task.
        DataError: training people without one of the classes (default: without two).
    """
    settings: PublishedProbe | DefaultProbe = DefaultProbe() if protocol == "default" else published_probe(spec)
    parts = [
        _one_fold(spec, features, examples, fold, settings, leaks=leaks) for fold in _folds(spec, examples, settings)
    ]
    rows = np.concatenate([said.test_rows for said, _ in parts])
    scores = np.concatenate([table for _, table in parts], axis=1)
    # Of a fixed split, validation people are asked as well, but chose nothing.
    one_test = examples.fixed and spec.folds != "subject"
    others = examples.split[rows] == "validation" if one_test else np.zeros(len(rows), bool)
    penalties = {penalty for said, _ in parts for penalty in said.penalties}
    return Outcome(
        _predictions(examples, rows[~others], scores[:, ~others]),
        rows[~others],
        _predictions(examples, rows[others], scores[:, others]) if others.any() else None,
        penalties.pop() if len(penalties) == 1 else None,
        any(said.selected_on_test for said, _ in parts),
        sum(said.seconds for said, _ in parts),
    )


def _folds(spec: BenchmarkTask, examples: Examples, settings: PublishedProbe | DefaultProbe) -> Sequence[Fold]:
    """Every person in turn, every split in turn (sources, people), or the one fixed split."""
    if spec.folds == "subject":
        return leave_one_subject_out(examples.subjects)
    if not examples.fixed:
        names = np.unique(examples.split)
        return [Fold(np.flatnonzero(examples.split != name), np.flatnonzero(examples.split == name)) for name in names]
    train, validation, test = (np.flatnonzero(examples.split == name) for name in ("train", "validation", "test"))
    if isinstance(settings, PublishedProbe):
        return [Fold(train, test, validation if len(validation) else None)]
    return [Fold(train, np.concatenate([validation, test]))]


def _one_fold(
    spec: BenchmarkTask,
    features: np.ndarray,
    examples: Examples,
    fold: Fold,
    settings: PublishedProbe | DefaultProbe,
    *,
    leaks: bool,
) -> tuple[ProbeOutcome, Floats]:
    """What was said of a fold's tested rows, and (runs, m, classes) of it over all classes."""
    kind: Any = KINDS[spec.target]
    labels, kept = examples.labels, np.arange(len(examples.classes))
    if spec.target != "value" and isinstance(settings, DefaultProbe):
        labels, kept = _learnable(labels, fold.train)
    said = run_probe(
        *(features, labels, examples.subjects, [fold], settings),
        kind=kind,
        positive=1 if kind == "classification" and len(kept) == 2 else None,
        allow_shared_subjects=leaks,
    )
    return said, said.scores if spec.target == "value" else _every_class(said, examples, fold.train, kept)


def _learnable(labels: NDArray[np.int64], train: Rows) -> tuple[NDArray[np.int64], Rows]:
    """Labels restricted to what the training rows can teach, and which classes those are.

    A class that training lacks is never predicted; the labels of tested rows are not looked at while fitting, so one
    of such a class may carry any other number there.
    """
    if labels.ndim == 2:
        carried = labels[train].sum(axis=0)
        kept = np.flatnonzero((carried > 0) & (carried < len(train)))
        return labels[:, kept], kept
    kept = np.unique(labels[train])
    codes = np.searchsorted(kept, labels).clip(max=len(kept) - 1)
    return codes, kept


def _every_class(said: ProbeOutcome, examples: Examples, train: Rows, kept: Rows) -> Floats:
    """(runs, m, classes): probabilities of all classes; of one that could not be learnt, its share in training."""
    scores = np.zeros((*said.scores.shape[:2], len(examples.classes)))
    if examples.labels.ndim == 2:
        scores[:] = examples.labels[train].mean(axis=0)
        scores[:, :, kept] = said.scores
        return scores
    scores[:, :, kept[np.asarray(said.classes, np.int64)]] = said.scores
    return scores


def _predictions(examples: Examples, rows: Rows, runs: Floats) -> Predictions:
    return Predictions(
        tuple(examples.cells[row].key for row in rows),
        examples.subjects[rows],
        examples.labels[rows],
        runs,
        examples.classes,
    )
