"""Results of an evaluation as data: models, tasks and differences, ready for ``results.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ..errors import ConfigurationError
from ..metrics.delong import DeLong
from ..metrics.intervals import Interval
from ..metrics.multiplicity import holm
from .estimates import Estimate
from .reliability import Reliability
from .task import BenchmarkTask

SCHEMA = 2


@dataclass(frozen=True)
class ModelResult:
    """One model on one task.

    Args:
        model: its name.
        protocol: of the probe.
        figures: metric -> estimate over recordings; ``auroc_subject`` over people.
        penalty: of the default probe.
        seconds: of the probe, without encoding.
        predictions: file of the per-recording predictions, relative to the results.
        delong: analytic interval of a binary AUROC.
        above_shortcut: leading metric minus the strongest shortcut's on the same people.
        shortcut_p_holm: p-value of that difference, corrected over all models and tasks of the run.
        contamination: why the model may know the test people; empty where nothing is known against it.
        subgroups: group -> value -> metrics.
        reliability: calibration, prediction sets, abstention and gaps between groups.
        selected_on_test: the protocol chose its epoch on the test recordings, as the paper's script does.
    """

    model: str
    protocol: str
    figures: Mapping[str, Estimate]
    penalty: float | None = None
    seconds: float = 0.0
    predictions: str | None = None
    delong: DeLong | None = None
    above_shortcut: Interval | None = None
    shortcut_p_holm: float | None = None
    contamination: tuple[str, ...] = ()
    subgroups: Mapping[str, Mapping[str, Mapping[str, Estimate]]] = field(default_factory=dict)
    reliability: Reliability | None = None
    selected_on_test: bool = False


@dataclass(frozen=True)
class Difference:
    """Two models on one task: leading metric of ``a`` minus ``b``; ``p_holm`` is corrected over the whole run."""

    a: str
    b: str
    protocol: str
    interval: Interval
    p_holm: float | None = None


@dataclass(frozen=True)
class SplitCounts:
    """What a part of the split holds.

    Args:
        recordings: in it.
        people: recorded.
        per_class: recordings of each class.
        positive_people: of two classes, people with a recording of the positive one.
    """

    recordings: int
    people: int
    per_class: Mapping[str, int] = field(default_factory=dict)
    positive_people: int | None = None


@dataclass(frozen=True)
class TaskResult:
    """One task.

    Args:
        spec: what it is.
        missing: what to do to be able to run it; empty where it was run.
        positive: of two classes, the one that metrics are of.
        data: hashes, split family, warnings and whether the split leaks, of every dataset it used.
        counts: split -> recordings and people.
        balance: people of each stratum of age and sex before and after balancing.
        results: of the models.
        shortcuts: of the baselines that know the metadata, and the metadata and the recording level.
        shortcut_columns: what the last of them could use.
        differences: between models.
        scaling: model -> training people -> leading metric, where the suite asks for it.
        plots: its pictures, names in the folder ``plots``.
        notes: protocols that could not be run on it, and why.
    """

    spec: BenchmarkTask
    missing: str = ""
    positive: str = ""
    data: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    counts: Mapping[str, SplitCounts] = field(default_factory=dict)
    balance: tuple[Mapping[str, Any], ...] = ()
    results: tuple[ModelResult, ...] = ()
    shortcuts: tuple[ModelResult, ...] = ()
    shortcut_columns: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    scaling: Mapping[str, Mapping[int, Interval]] = field(default_factory=dict)
    plots: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def leaks(self) -> bool:
        """Whether a split that it used shares people or recordings."""
        return any(facts.get("leaks") for facts in self.data.values())

    def of(self, model: str, protocol: str) -> ModelResult | None:
        """Result of one model, if there is one."""
        return next((r for r in self.results if (r.model, r.protocol) == (model, protocol)), None)


@dataclass(frozen=True)
class Result:
    """A whole evaluation: models on one task or many.

    Args:
        suite: name of the suite, or of the tasks' file.
        tasks: every task that was asked for, run or not.
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

    def task(self, number: str) -> TaskResult:
        """Result of one task.

        Raises:
            ConfigurationError: it is not among them.
        """
        for task in self.tasks:
            if number in (task.spec.number, task.spec.key):
                return task
        known = ", ".join(task.spec.number for task in self.tasks)
        raise ConfigurationError(f"no task {number!r}", where=self.suite, remedy=f"choose one of {known}")

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {"schema": SCHEMA, **asdict(self)}


def correct(tasks: Sequence[TaskResult]) -> tuple[TaskResult, ...]:
    """Holm's correction of what tables compare, each over its whole family.

    One family are all differences between models (every pair, task and protocol), another all comparisons of models
    with the strongest shortcut. A difference without a p-value counts as one of 1.
    """
    pairs = iter(_holm([gap.interval for task in tasks for gap in task.differences]))
    gaps = [result.above_shortcut for task in tasks for result in task.results if result.above_shortcut is not None]
    floors = iter(_holm(gaps))
    return tuple(
        replace(
            task,
            differences=tuple(replace(gap, p_holm=next(pairs)) for gap in task.differences),
            results=tuple(
                result if result.above_shortcut is None else replace(result, shortcut_p_holm=next(floors))
                for result in task.results
            ),
        )
        for task in tasks
    )


def _holm(intervals: Sequence[Interval]) -> list[float]:
    if not intervals:
        return []
    return holm([1.0 if gap.p_value is None else gap.p_value for gap in intervals]).tolist()


def versions() -> dict[str, str]:
    """Of the libraries that results can depend on."""
    installed = {}
    for name in ("hf-auscult", "torch", "transformers", "datasets", "scikit-learn", "numpy"):
        try:
            installed[name] = version(name)
        except PackageNotFoundError:
            installed[name] = "source tree"
    return installed


def file_name(text: str) -> str:
    """A name as part of a file's: letters, digits, and a dash for everything odd.

    Example:
        >>> file_name("acula18/T8")
        'acula18-T8'
    """
    return "".join(sign if sign.isalnum() or sign in "-_." else "-" for sign in text)
