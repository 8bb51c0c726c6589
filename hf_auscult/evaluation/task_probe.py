"""A benchmark's probe: features and examples in, what was predicted for the tested recordings out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..metrics.arrays import Floats, Integers
from .examples import Examples
from .predictions import Predictions
from .probes import Fold, ProbeOutcome, ProbeSettings, PublishedProbe, Target, leave_one_subject_out, run_probe
from .probes.folds import fold_of_split
from .task import BenchmarkTask

KINDS: dict[str, Literal["classification", "multilabel", "regression"]] = {
    "class": "classification",
    "classes": "multilabel",
    "value": "regression",
}


def probe_task(
    spec: BenchmarkTask,
    features: np.ndarray | Callable[[Integers], np.ndarray],
    examples: Examples,
    settings: PublishedProbe | ProbeSettings,
    *,
    leaks: bool = False,
) -> ProbeOutcome:
    """Fit a probe on the training people and predict for the test people, and for the validation people if any.

    Under the default protocol the penalty is chosen over folds of training people, so that validation people remain
    for thresholds and calibration. A value is predicted for every person in turn, by the others. A class that training
    lacks is never predicted.

    Args:
        spec: the task.
        features: (n, dim); or a function that learns them from the training rows of each fold.
        examples: what the rows are.
        settings: the default protocol's or a published one's.
        leaks: the split shares people and was prepared as one that does.

    Raises:
        DataError: training people without one of the classes (default: without two).
        LeakageError: a person on two sides, or a reserved test subject among those that would be fitted on.
    """
    return run_probe(
        features,
        Target.of(examples.labels, KINDS[spec.target], classes=examples.classes or None),
        examples.subjects,
        _folds(spec, examples),
        settings,
        allow_shared_subjects=leaks,
        allow_unseen_classes=True,
    )


def predictions_of(examples: Examples, rows: NDArray[np.int64], scores: Floats) -> Predictions:
    """(runs, rows, C) scores with whose they are and what is true of them."""
    return Predictions(
        tuple(examples.cells[row].key for row in rows),
        examples.subjects[rows],
        examples.labels[rows],
        scores,
        examples.classes,
    )


def _folds(spec: BenchmarkTask, examples: Examples) -> Sequence[Fold]:
    """Every person in turn, by `folds` or by the split's own parts, or the one fixed split.

    Reserved people are tested where everybody is, and never fitted on.
    """
    if spec.folds == "subject":
        free = ~examples.reserved
        everybody = leave_one_subject_out(examples.subjects)
        folds = [Fold(fold.train[free[fold.train]], fold.test, fold.validation) for fold in everybody]
    elif examples.in_turn:
        names = np.unique(examples.split)
        folds = [Fold(np.flatnonzero(examples.split != name), np.flatnonzero(examples.split == name)) for name in names]
    else:
        folds = [fold_of_split(examples.split, len(examples.split))]
    fitted = [part for fold in folds for part in (fold.train, fold.validation) if part is not None]
    examples.refuse_reserved(np.unique(np.concatenate(fitted)), f"the probe of {spec.key}")
    return folds
