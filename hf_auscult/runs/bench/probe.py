"""A benchmark's probe: features and examples in, predictions of the tested recordings out."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...benchmarks.scoring import Predictions
from ...benchmarks.task import BenchmarkTask
from ...errors import ConfigurationError
from ...metrics.arrays import Floats
from ...probes.grouped import GroupedProbe
from ...probes.ridge import leave_one_subject_out
from .examples import Examples

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a probe said.

    Args:
        predictions: of the tested recordings.
        rows: their places among the examples.
        validation: of the validation people, where there are any.
        penalty: chosen by the default probe; None where there are several.
        seconds: that fitting and predicting took.
    """

    predictions: Predictions
    rows: Rows
    validation: Predictions | None
    penalty: float | None
    seconds: float


def probe(spec: BenchmarkTask, features: np.ndarray, examples: Examples, protocol: str, *, seed: int = 0) -> Outcome:
    """Fit a probe on the training people and ask it about the test people.

    ``default``: convex, no randomness: L2 logistic regression (one per label where several are given at once) or ridge
    regression, the penalty chosen over folds of training people, so that validation people remain for thresholds and
    calibration. A value is predicted for every person in turn, by the others.

    Args:
        spec: the task.
        features: (n, dim).
        examples: what the rows are.
        protocol: ``default``.
        seed: of published probes.

    Raises:
        ConfigurationError: a protocol that the task does not have.
        DataError: training people without one of two classes.
    """
    start = time.perf_counter()
    if protocol != "default":
        raise ConfigurationError(f"no protocol {protocol!r}", where=spec.key, remedy="use default")
    if spec.target == "value":
        everyone = np.arange(len(examples.cells))
        left_out = leave_one_subject_out(features, examples.labels, examples.subjects)
        values = _predictions(examples, everyone, left_out.predicted[None, :, None])
        return Outcome(values, everyone, None, None, time.perf_counter() - start)
    rows = {name: np.flatnonzero(examples.split == name) for name in ("train", "validation", "test")}
    train = rows["train"]
    x, y, who = features[train], examples.labels[train], examples.subjects[train]
    asked = {name: features[rows[name]] for name in ("validation", "test") if len(rows[name])}
    penalty: float | None = None
    if y.ndim == 1:
        found, penalty = _one_label(x, y, who, asked, examples)
    else:
        found = _each_label(x, y, who, asked)
    said = {name: _predictions(examples, rows[name], table[None]) for name, table in found.items()}
    return Outcome(said["test"], rows["test"], said.get("validation"), penalty, time.perf_counter() - start)


def _one_label(
    x: np.ndarray, y: np.ndarray, who: np.ndarray, asked: dict[str, np.ndarray], examples: Examples
) -> tuple[dict[str, Floats], float]:
    """(m, classes) probabilities; a class that nobody in training carries is never predicted."""
    fitted = GroupedProbe().fit_grouped(x, y, who)
    found = {}
    for name, rows in asked.items():
        table = np.zeros((len(rows), len(examples.classes)))
        table[:, fitted.classes.astype(np.int64)] = fitted.predict_proba(rows)
        found[name] = table
    return found, fitted.penalty


def _each_label(x: np.ndarray, y: np.ndarray, who: np.ndarray, asked: dict[str, np.ndarray]) -> dict[str, Floats]:
    """(m, labels) probabilities of labels that exclude nothing; one that all or none carry keeps its share."""
    found = {name: np.tile(y.mean(axis=0), (len(rows), 1)) for name, rows in asked.items()}
    for label in range(y.shape[1]):
        if 0 < y[:, label].sum() < len(y):
            fitted = GroupedProbe().fit_grouped(x, y[:, label], who)
            for name, rows in asked.items():
                found[name][:, label] = fitted.predict_proba(rows)[:, 1]
    return found


def _predictions(examples: Examples, rows: Rows, runs: Floats) -> Predictions:
    return Predictions(
        tuple(examples.cells[row].key for row in rows),
        examples.subjects[rows],
        examples.labels[rows],
        runs,
        examples.classes,
    )
