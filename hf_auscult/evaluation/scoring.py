"""From predictions to figures, each with an interval over people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..metrics.arrays import Floats, Integers
from ..metrics.delong import DeLong, delong
from ..metrics.intervals import Interval, Statistic, paired_difference, patient_bootstrap
from ..metrics.ranking import auroc_over_runs
from .decisions import DecisionScore, decide, one_hot
from .probes.evaluate import Figure
from .probes.people import mean_by_person
from .task import BenchmarkTask

FEWEST_POSITIVES = 20
"""Fewer positive recordings than this, and a subgroup's figure is not printed."""

_DECISIONS: dict[str, tuple[Any, Any]] = {
    "macro_f1": ("f1", "macro"),
    "micro_f1": ("f1", "micro"),
    "macro_precision": ("precision", "macro"),
    "macro_recall": ("recall", "macro"),
    "f1": ("f1", "positive"),
    "precision": ("precision", "positive"),
    "recall": ("recall", "positive"),
}


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a probe said of the recordings that it was tested on.

    Args:
        keys: (n,) names of the examples.
        subjects: (n,) who was recorded.
        truth: (n,) class numbers, (n, C) of 0 and 1 for several at once, or (n,) values.
        runs: (runs, n, C) probabilities in the order of the classes, the positive one last of two; (runs, n, 1) values.
        classes: names of the classes; empty for a value.
    """

    keys: tuple[str, ...]
    subjects: NDArray[Any]
    truth: NDArray[Any]
    runs: Floats
    classes: tuple[str, ...] = ()

    def take(self, rows: NDArray[Any]) -> Predictions:
        """Some of the examples."""
        keys = tuple(np.asarray(self.keys, dtype=object)[rows])
        return Predictions(keys, self.subjects[rows], self.truth[rows], self.runs[:, rows], self.classes)

    @property
    def table(self) -> Integers:
        """(n, C) truth of 0 and 1."""
        return self.truth if self.truth.ndim == 2 else one_hot(self.truth, len(self.classes))


def mean(errors: Floats) -> float:
    """Plain mean, of errors that are one a person already."""
    return float(errors.mean())


def figures(spec: BenchmarkTask, found: Predictions, *, draws: int = 2000, seed: int = 0) -> dict[str, Figure]:
    """Every metric of a task over recordings, and the leading AUROC over people as ``auroc_subject``.

    Args:
        spec: the task.
        found: the predictions.
        draws: bootstrap resamples of people.
        seed: of the bootstrap.
    """
    out = {name: _figure(name, found, draws, seed) for name in spec.metrics}
    if "auroc" in spec.metrics and spec.target == "class":
        out["auroc_subject"] = _figure("auroc", by_person(found), draws, seed)
    return out


def subgroup(
    spec: BenchmarkTask, found: Predictions, rows: NDArray[Any], *, draws: int = 2000, seed: int = 0
) -> dict[str, Figure]:
    """:func:`figures` of some of the recordings, refused where too few are positive."""
    part = found.take(rows)
    if spec.target == "class" and len(found.classes) == 2 and int((part.truth == 1).sum()) < FEWEST_POSITIVES:
        problem = f"{int((part.truth == 1).sum())} positive recordings, fewer than {FEWEST_POSITIVES}"
        return {name: Figure(None, None, problem) for name in spec.metrics}
    return figures(spec, part, draws=draws, seed=seed)


def by_person(found: Predictions) -> Predictions:
    """One row a person: mean probabilities; a person carries every class that any of the recordings has."""
    table, runs = mean_by_person(found.table, found.runs.transpose(1, 0, 2), found.subjects)
    names = np.unique(found.subjects)
    return Predictions(tuple(map(str, names)), names, table, runs.transpose(1, 0, 2), found.classes)


def delong_of(found: Predictions) -> DeLong | None:
    """DeLong's interval of the mean score's AUROC, people clustered; None without two classes or enough people."""
    if len(found.classes) != 2 or found.truth.ndim == 2:
        return None
    try:
        return delong(found.truth, found.runs.mean(axis=0)[:, 1], subjects=found.subjects)
    except DataError:
        return None


def difference(
    spec: BenchmarkTask, a: Predictions, b: Predictions, *, draws: int = 2000, seed: int = 0
) -> Interval | None:
    """Leading metric of ``a`` minus that of ``b`` on the same resamples of people; None where it is undefined.

    Raises:
        DataError: the two are not of the same recordings.
    """
    if a.keys != b.keys:
        raise DataError("predictions of different recordings cannot be compared", where=spec.key)
    try:
        first, second = (_statistic(spec.metrics[0], found) for found in (a, b))
        *labels, scores = first.arrays
        return paired_difference(
            first.function,
            scores,
            second.arrays[-1],
            labels=labels[0] if labels else None,
            subjects=first.subjects,
            draws=draws,
            seed=seed,
        )
    except DataError:
        return None


@dataclass(frozen=True, eq=False)
class _Statistic:
    """A metric, the arrays it is of, whose rows they are, and the classes that it leaves out."""

    function: Statistic
    arrays: tuple[NDArray[Any], ...]
    subjects: NDArray[Any]
    left_out: tuple[str, ...] = ()


def _statistic(name: str, found: Predictions) -> _Statistic:
    if name in ("mae", "mape"):
        errors = np.abs(found.runs[:, :, 0].T - found.truth[:, None])
        if name == "mape":
            errors = errors / np.abs(found.truth[:, None])
        # Every person counts once, however often recorded.
        names, owner = np.unique(found.subjects, return_inverse=True)
        person = np.bincount(owner, errors.mean(axis=1)) / np.bincount(owner)
        return _Statistic(mean, (person,), names)
    if name == "auroc":
        return _auroc(found)
    occurring = tuple(np.flatnonzero(found.table.any(axis=0)).tolist())
    decided = decide(found.runs, several=found.truth.ndim == 2)
    return _Statistic(DecisionScore(*_DECISIONS[name], occurring), (found.table, decided), found.subjects)


def _auroc(found: Predictions) -> _Statistic:
    """Macro one-versus-rest over the classes that some carry and some do not; of two classes, the positive one."""
    table, runs, classes = found.table, found.runs.transpose(1, 0, 2), found.classes
    carried = table.sum(axis=0)
    kept = [c for c in range(len(classes)) if 0 < carried[c] < len(table)]
    if not kept:
        raise DataError("every test recording carries the same classes", where="test")
    left_out = tuple(name for c, name in enumerate(classes) if len(classes) > 2 and c not in kept)
    if len(classes) == 2 and kept == [0, 1]:
        kept = [1]
    arrays = (table[:, kept[0]], runs[:, :, kept[0]]) if len(kept) == 1 else (table[:, kept], runs[:, :, kept])
    return _Statistic(auroc_over_runs, arrays, found.subjects, left_out)


def _figure(name: str, found: Predictions, draws: int, seed: int) -> Figure:
    try:
        measured = _statistic(name, found)
        value = float(measured.function(*measured.arrays))
    except DataError as error:
        return Figure(None, None, str(error))
    try:
        interval = patient_bootstrap(
            measured.function, *measured.arrays, subjects=measured.subjects, draws=draws, seed=seed
        )
    except DataError as error:
        return Figure(value, None, str(error), measured.left_out)
    return Figure(value, interval, left_out=measured.left_out)
