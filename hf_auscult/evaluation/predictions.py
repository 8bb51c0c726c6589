"""From predictions to metrics, each with an interval over people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from ..files import write_table
from ..metrics.arrays import Floats, Integers, same_length
from ..metrics.decisions import DecisionScore, one_hot
from ..metrics.delong import DeLong, delong
from ..metrics.intervals import Interval, Statistic, mean_error, paired_difference
from ..metrics.modules import module_of
from ..metrics.ranking import auroc_over_runs
from ..metrics.resampling import People
from ..metrics.subgroups import FEWEST_CASES
from .decisions import decide
from .estimates import Bootstrap, Estimate, estimate

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
    """What was predicted for tested recordings.

    Args:
        keys: (n,) names of the recordings.
        subjects: (n,) who was recorded.
        truth: (n,) class numbers, (n, C) of 0 and 1 for several at once, or (n,) values.
        runs: (runs, n, C) probabilities in the order of the classes, the positive one last of two; (runs, n, 1) values.
        classes: names of the classes; empty for a value.
    """

    keys: tuple[str, ...]
    subjects: NDArray[Any]
    truth: NDArray[Any]
    runs: Floats
    classes: tuple[Any, ...] = ()

    def take(self, rows: NDArray[Any]) -> Predictions:
        """Some of the recordings."""
        keys = tuple(np.asarray(self.keys, dtype=object)[rows])
        return Predictions(keys, self.subjects[rows], self.truth[rows], self.runs[:, rows], self.classes)

    def write(self, file: Path) -> None:
        """Parquet, one row a recording: who, truth, and every run's probabilities (or values)."""
        table = pa.table(
            {
                "example": list(self.keys),
                "subject_id": [str(who) for who in self.subjects],
                "truth": self.truth.tolist(),
                "scores": self.runs.transpose(1, 0, 2).tolist(),
            }
        )
        write_table(file, table.replace_schema_metadata({"classes": "\t".join(self.classes)}))

    @classmethod
    def read(cls, file: Path) -> Predictions:
        """Read what :meth:`write` wrote.

        Raises:
            DataError: no such file, or not of this kind.
        """
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(file)
            classes = (table.schema.metadata or {})[b"classes"].decode()
            return cls(
                keys=tuple(table["example"].to_pylist()),
                subjects=np.array(table["subject_id"].to_pylist()),
                truth=np.array(table["truth"].to_pylist()),
                runs=np.array(table["scores"].to_pylist(), dtype=np.float64).transpose(1, 0, 2),
                classes=tuple(classes.split("\t")) if classes else (),
            )
        except (OSError, KeyError, ValueError, pa.ArrowException) as error:
            raise DataError(f"cannot be read ({error})", where=file, remedy="run the benchmark again") from error

    @property
    def multilabel(self) -> bool:
        """Whether a recording can carry several classes."""
        return self.truth.ndim == 2

    @property
    def mean_scores(self) -> Floats:
        """(n, C) averaged over runs."""
        mean: Floats = self.runs.mean(axis=0)
        return mean

    @property
    def table(self) -> Integers:
        """(n, C) truth of 0 and 1."""
        return self.truth if self.multilabel else one_hot(self.truth, len(self.classes))


def estimates(metrics: Sequence[str], predictions: Predictions, bootstrap: Bootstrap) -> dict[str, Estimate]:
    """Metrics over recordings, and the AUROC of exclusive classes over people as ``auroc_subject``.

    Args:
        metrics: names, see :data:`hf_auscult.evaluation.task.METRICS`.
        predictions: of the test recordings.
        bootstrap: resamples of people.
    """
    out = {name: _estimate(name, predictions, bootstrap) for name in metrics}
    if "auroc" in metrics and not predictions.multilabel:
        out["auroc_subject"] = _estimate("auroc", by_person(predictions), bootstrap)
    return out


def subgroup_estimates(metrics: Sequence[str], predictions: Predictions, bootstrap: Bootstrap) -> dict[str, Estimate]:
    """:func:`estimates` of a part of the recordings, refused where too few people are positive.

    Below 20 of them one person moves the sensitivity by more than .05.
    """
    if len(predictions.classes) == 2 and not predictions.multilabel:
        positives = len(np.unique(predictions.subjects[predictions.truth == 1]))
        if positives < FEWEST_CASES:
            problem = f"{positives} positive people, fewer than {FEWEST_CASES}"
            return {name: Estimate(None, None, problem) for name in metrics}
    return estimates(metrics, predictions, bootstrap)


def by_person(predictions: Predictions) -> Predictions:
    """One row a person: mean probabilities; a person carries every class that any of the recordings has."""
    table, runs = mean_by_person(predictions.table, predictions.runs.transpose(1, 0, 2), predictions.subjects)
    names = np.unique(predictions.subjects)
    return Predictions(tuple(map(str, names)), names, table, runs.transpose(1, 0, 2), predictions.classes)


def mean_by_person(labels: Integers, scores: Floats, subjects: ArrayLike) -> tuple[Integers, Floats]:
    """One row per person: any positive label counts, scores are averaged.

    Args:
        labels: (n,) 0/1, or (n, classes) 0/1 table (a person then carries every class that any recording has).
        scores: (n, ...) scores.
        subjects: (n,) who was recorded.

    Returns:
        labels (people,) or (people, classes), and scores (people, ...), people sorted by identifier.

    Raises:
        DataError: missing subjects or unequal lengths.

    Example:
        >>> y, s = mean_by_person(np.array([0, 1, 0]), np.array([0.2, 0.6, 0.1]), ["a", "a", "b"])
        >>> y.tolist(), s.tolist()
        ([1, 0], [0.4, 0.1])
    """
    people = People.of(subjects)
    same_length(labels=labels, scores=scores, subjects=people.owner)
    total = np.zeros((len(people), *scores.shape[1:]))
    np.add.at(total, people.owner, scores)
    counts = np.bincount(people.owner).reshape(-1, *[1] * (scores.ndim - 1))
    carried = np.zeros((len(people), *labels.shape[1:]), dtype=np.int64)
    np.maximum.at(carried, people.owner, labels)
    return carried, total / counts


def delong_interval(predictions: Predictions) -> DeLong | None:
    """DeLong's interval of the mean score's AUROC, people clustered; None without two classes or enough people."""
    if len(predictions.classes) != 2 or predictions.multilabel:
        return None
    try:
        return delong(predictions.truth, predictions.mean_scores[:, 1], subjects=predictions.subjects)
    except DataError:
        return None


def difference(metric: str, a: Predictions, b: Predictions, bootstrap: Bootstrap) -> Interval | None:
    """Metric of ``a`` minus that of ``b`` on the same resamples of people; None where it is undefined.

    Raises:
        DataError: the two are not of the same recordings.
    """
    if a.keys != b.keys:
        raise DataError("predictions of different recordings cannot be compared", where=metric)
    try:
        first, second = (_statistic(metric, predictions) for predictions in (a, b))
        *labels, scores = first.arrays
        return paired_difference(
            first.function,
            scores,
            second.arrays[-1],
            labels=labels[0] if labels else None,
            subjects=first.subjects,
            draws=bootstrap.draws,
            seed=bootstrap.seed,
        )
    except DataError:
        return None


@dataclass(frozen=True, eq=False)
class _Statistic:
    """A metric, the arrays it is of, whose rows they are, and the classes that it leaves out."""

    function: Statistic
    arrays: tuple[NDArray[Any], ...]
    subjects: NDArray[Any]
    left_out: tuple[Any, ...] = ()


def _estimate(name: str, predictions: Predictions, bootstrap: Bootstrap) -> Estimate:
    try:
        statistic = _statistic(name, predictions)
    except DataError as error:
        return Estimate(None, None, str(error))
    return estimate(
        statistic.function,
        *statistic.arrays,
        subjects=statistic.subjects,
        bootstrap=bootstrap,
        left_out=statistic.left_out,
    )


def _statistic(name: str, predictions: Predictions) -> _Statistic:
    if name in ("mae", "mape"):
        errors = np.abs(predictions.runs[:, :, 0].T - predictions.truth[:, None])
        if name == "mape":
            errors = errors / np.abs(predictions.truth[:, None])
        # Every person counts once, however often recorded.
        names, owner = np.unique(predictions.subjects, return_inverse=True)
        _, person = mean_by_person(owner.astype(np.int64), errors, predictions.subjects)
        return _Statistic(mean_error, (person,), names)
    if name == "auroc":
        return _auroc(predictions)
    if name not in _DECISIONS:
        return _of_module(name, predictions)
    decided = decide(predictions.runs, several=predictions.multilabel)
    score, average = _DECISIONS[name]
    classes = tuple(range(len(predictions.classes)))
    counted = DecisionScore(score, average, classes, every_class=predictions.multilabel)
    return _Statistic(counted, (predictions.table, decided), predictions.subjects)


def _of_module(name: str, predictions: Predictions) -> _Statistic:
    """A metric of :mod:`hf_auscult.metrics.modules`, averaged over runs; its inputs' types say what it is given.

    Text means names of classes; numbers mean 0/1 labels and the probability of the positive class, or values.

    Raises:
        DataError: it needs other inputs than these predictions can give.
    """
    module_name, _, output = name.partition(".")
    module, classes = module_of(module_name), predictions.classes
    kinds = {column: kind for column, (kind, _) in module.inputs.items()}
    numeric = {"float64", "int32"}
    named = kinds.get("predictions") == "string"
    if (
        set(kinds) - {"predictions", "references", "subjects"}
        or kinds.get("predictions") not in numeric | {"string"}
        or predictions.multilabel
        or (named and not classes)
        or (not named and len(classes) > 2)
    ):
        raise DataError(f"cannot be computed of {len(classes)} classes", where=name, remedy="ask for another metric")
    words = np.array(classes, dtype=object)
    truth = words[predictions.truth] if kinds["references"] == "string" else predictions.truth
    scores = words[predictions.runs.argmax(axis=2)] if named else predictions.runs[:, :, -1]

    def mean(references: NDArray[Any], runs: NDArray[Any], subjects: NDArray[Any]) -> float:
        columns = {"references": references, "subjects": subjects}
        given = {column: values for column, values in columns.items() if column in kinds}
        results = [module.compute(predictions=run, **given) for run in runs.T]
        values = [result[output] if output else next(iter(result.values())) for result in results]
        if any(value is None for value in values):
            raise DataError("is undefined of these recordings", where=name)
        return float(np.mean(values))

    return _Statistic(mean, (truth, scores.T, predictions.subjects), predictions.subjects)


def _auroc(predictions: Predictions) -> _Statistic:
    """Macro one-versus-rest over the classes that some carry and some do not; of two classes, the positive one."""
    table, runs, classes = predictions.table, predictions.runs.transpose(1, 0, 2), predictions.classes
    carried = table.sum(axis=0)
    kept = [c for c in range(len(classes)) if 0 < carried[c] < len(table)]
    if len(classes) == 2:
        kept = [1] if 1 in kept else []
    if not kept:
        raise DataError("every test recording carries the same classes", where="test")
    left_out = tuple(name for c, name in enumerate(classes) if len(classes) > 2 and c not in kept)
    arrays = (table[:, kept[0]], runs[:, :, kept[0]]) if len(kept) == 1 else (table[:, kept], runs[:, :, kept])
    return _Statistic(auroc_over_runs, arrays, predictions.subjects, left_out)
