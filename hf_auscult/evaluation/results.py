"""What a benchmark found, as one file: ``results.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ..metrics.intervals import Interval
from ..metrics.multiplicity import holm
from .probes.evaluate import Figure
from .task import BenchmarkTask

SCHEMA = 1


@dataclass(frozen=True)
class ModelResult:
    """One model on one task.

    Args:
        model: its name.
        protocol: of the probe.
        figures: metric -> figure over recordings; ``auroc_subject`` over people.
        penalty: of the default probe.
        seconds: of the probe, without encoding.
        predictions: file of the per-recording predictions, relative to the results.
        delong: analytic interval of a binary AUROC.
        above_shortcut: leading metric minus the shortcut's on the same people.
        exposure: what the contamination register says of this model and dataset; empty where it is clean.
        subgroups: group -> value -> figures.
        trust: calibration, prediction sets, abstention and gaps between groups.
        selected_on_test: the protocol chose its epoch on the test recordings, as the paper's script does.
    """

    model: str
    protocol: str
    figures: Mapping[str, Figure]
    penalty: float | None = None
    seconds: float = 0.0
    predictions: str | None = None
    delong: Mapping[str, float] | None = None
    above_shortcut: Interval | None = None
    exposure: tuple[str, ...] = ()
    subgroups: Mapping[str, Mapping[str, Mapping[str, Figure]]] = field(default_factory=dict)
    trust: Mapping[str, Any] = field(default_factory=dict)
    selected_on_test: bool = False


@dataclass(frozen=True)
class Difference:
    """Two models on one task: leading metric of ``a`` minus ``b``; ``p_holm`` is corrected over the suite's tasks."""

    a: str
    b: str
    protocol: str
    interval: Interval
    p_holm: float | None = None


@dataclass(frozen=True)
class TaskResult:
    """One task.

    Args:
        spec: what it is.
        missing: what to do to be able to run it; empty where it was run.
        data: hashes, split family, warnings and whether the split leaks, of every dataset it used.
        counts: split -> recordings, people and recordings a class.
        results: of the models.
        shortcut: of the metadata-only baseline.
        shortcut_columns: what that baseline could use.
        differences: between models.
        scaling: model -> training people -> leading metric, where the suite asks for it.
        figures: its pictures, names in the folder ``figures``.
        notes: protocols that could not be run on it, and why.
    """

    spec: BenchmarkTask
    missing: str = ""
    data: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    counts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    results: tuple[ModelResult, ...] = ()
    shortcut: ModelResult | None = None
    shortcut_columns: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    scaling: Mapping[str, Mapping[int, Interval]] = field(default_factory=dict)
    figures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def leaks(self) -> bool:
        """Whether a split that it used shares people or recordings."""
        return any(facts.get("leaks") for facts in self.data.values())

    def of(self, model: str, protocol: str) -> ModelResult | None:
        """Result of one model, if there is one."""
        return next((r for r in self.results if (r.model, r.protocol) == (model, protocol)), None)


@dataclass(frozen=True)
class SuiteResult:
    """A whole run.

    Args:
        suite: its name.
        tasks: every task of the suite, run or not.
        models: name -> identity (what was given, fingerprint, width).
        protocols: that were run.
        command: what makes it again.
        seeds: of bootstrap and probes.
        versions: of the libraries.
        seconds: part -> seconds.
    """

    suite: str
    tasks: tuple[TaskResult, ...]
    models: Mapping[str, Mapping[str, Any]]
    protocols: tuple[str, ...]
    command: str
    seeds: Mapping[str, int]
    versions: Mapping[str, str]
    seconds: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {"schema": SCHEMA, **asdict(self)}


def correct(tasks: Sequence[TaskResult]) -> tuple[TaskResult, ...]:
    """Holm's correction of the p-values of every pair of models, over the tasks."""
    pairs: dict[tuple[str, str, str], list[tuple[int, int]]] = {}
    for row, task in enumerate(tasks):
        for column, found in enumerate(task.differences):
            pairs.setdefault((found.a, found.b, found.protocol), []).append((row, column))
    corrected = [list(task.differences) for task in tasks]
    for places in pairs.values():
        values = holm([corrected[row][column].interval.p_value or 1.0 for row, column in places])
        for (row, column), value in zip(places, values, strict=True):
            corrected[row][column] = replace(corrected[row][column], p_holm=float(value))
    return tuple(replace(task, differences=tuple(found)) for task, found in zip(tasks, corrected, strict=True))
