"""A benchmark's probe: features and examples in, predictions of the tested recordings out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...benchmarks.protocols import published_probe
from ...benchmarks.scoring import Predictions
from ...benchmarks.task import BenchmarkTask
from ...metrics.arrays import Floats
from ...probes import DefaultProbe, Fold, ProbeOutcome, PublishedProbe, leave_one_subject_out, run_probe
from .examples import Examples

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
    kind = KINDS[spec.target]
    if spec.folds == "subject":
        folds = leave_one_subject_out(examples.subjects)
        said = run_probe(features, examples.labels, examples.subjects, folds, settings, kind=kind)  # type: ignore[arg-type]
        predictions = _predictions(examples, said.test_rows, said.scores)
        return Outcome(predictions, said.test_rows, None, None, False, said.seconds)
    rows = {name: np.flatnonzero(examples.split == name) for name in ("train", "validation", "test")}
    if isinstance(settings, PublishedProbe):
        fold = Fold(rows["train"], rows["test"], rows["validation"] if len(rows["validation"]) else None)
        kept = np.arange(examples.labels.shape[1] if examples.labels.ndim == 2 else len(examples.classes))
        labels = examples.labels
    else:
        # Validation people are asked, too, but choose nothing.
        fold = Fold(rows["train"], np.concatenate([rows["validation"], rows["test"]]))
        labels, kept = _learnable(examples.labels, rows["train"])
    positive = 1 if kind == "classification" and len(kept) == 2 else None
    said = run_probe(
        *(features, labels, examples.subjects, [fold], settings),
        kind=kind,  # type: ignore[arg-type]
        positive=positive,
        allow_shared_subjects=leaks,
    )
    scores = _every_class(said, examples, rows["train"], kept)
    in_test = np.isin(said.test_rows, rows["test"])
    others = ~in_test
    return Outcome(
        _predictions(examples, said.test_rows[in_test], scores[:, in_test]),
        said.test_rows[in_test],
        _predictions(examples, said.test_rows[others], scores[:, others]) if others.any() else None,
        said.penalties[0] if said.penalties else None,
        said.selected_on_test,
        said.seconds,
    )


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
