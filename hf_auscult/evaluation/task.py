"""A benchmark task as data: which examples, what is predicted, how the papers did it and what counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from ..errors import ConfigurationError
from ..metrics.modules import metric_names, module_of
from ..texts import read_yaml
from .probes.published import (
    AUSCULTABENCH,
    AUSCULTABENCH_MULTILABEL,
    OPERA,
    OPERA_FEATURES,
    OPERA_TASKS,
    PublishedProbe,
)
from .probes.settings import ProbeSettings

Target = Literal["class", "classes", "value"]
Group = Literal["respiratory", "lung function", "cardiac", "abnormality detection", "disease diagnosis", "own"]
PROTOCOLS = ("default", "published")
METRICS: Mapping[str, str] = {
    "auroc": "AUROC",
    "macro_f1": "Macro-F1",
    "micro_f1": "Micro-F1",
    "macro_precision": "Precision (macro)",
    "macro_recall": "Recall (macro)",
    "f1": "F1",  # like the next two, of the positive class
    "precision": "Precision",
    "recall": "Recall",
    "mae": "Mean absolute error",
    "mape": "Mean absolute percentage error",
}
"""Metric -> its name in tables and plots. Those of :func:`hf_auscult.metrics.metric_names` can be asked for, too, as
``name`` or, for another output than the first, ``name.output``."""
ERRORS = ("mae", "mape")
"""Metrics of values."""
PUBLISHED_PROBES: Mapping[str, PublishedProbe] = {
    **{f"opera-{name}": settings for name, settings in OPERA_TASKS.items()},
    "opera": OPERA,
    "auscultabench": AUSCULTABENCH,
    "auscultabench-multilabel": AUSCULTABENCH_MULTILABEL,
}
"""Name in ``BenchmarkTask.published`` -> settings. ``opera`` is its usual head, for tasks that OPERA does not have."""
_NEEDED = ("title", "dataset", "config")


def metric_title(metric: str) -> str:
    """A metric as tables and plots print it."""
    return METRICS.get(metric, metric)


def lower_is_better(metric: str) -> bool:
    """Whether a metric is an error; a registered one says so of its first output."""
    return metric in ERRORS or (metric in metric_names() and module_of(metric).lower_is_better)


@dataclass(frozen=True)
class BenchmarkTask:
    """One row of a benchmark's table.

    Args:
        suite: ``acula18``, ``auscultabench16``, ``covid_balanced`` or a user's own.
        number: the paper's, e.g. ``T8``.
        title: as a table prints it.
        dataset: prepared dataset that is trained and tested on.
        config: its configuration.
        metrics: what is printed, the first one leading: of :data:`METRICS`, or registered ones.
        group: part of the paper's averages.
        sound: organ or kind of sound.
        target: ``class`` (of two, see ``positive``), several ``classes`` at once, or a
            ``value``.
        folds: ``subject`` where every person is tested in turn instead of a fixed split.
        published: name of the papers' probe, one of :data:`PUBLISHED_PROBES`; empty where there is none.
        test: part of the split to score, e.g. ``test_inter``, or the source to leave out; empty for all, a row each
            where there are several.
        trained_on: another dataset to train on, for tests across datasets.
        balanced: whether people are drawn so that every stratum of age and sex holds as many of both classes.
        scaling: whether it is also run with fewer training people.
        unit: of the value to regress.
        positive: of two classes, the one that is positive; empty for the one that the dataset names.

    Raises:
        ConfigurationError: a metric, target or way of folding that does not exist.

    Example:
        >>> BenchmarkTask("mine", "T1", "Wheeze", "mine", "wheeze").key
        'mine/T1'
    """

    suite: str
    number: str
    title: str
    dataset: str
    config: str
    metrics: tuple[str, ...] = ("auroc",)
    group: Group = "own"
    sound: str = ""
    target: Target = "class"
    folds: Literal["split", "subject"] = "split"
    published: str = ""
    test: str = ""
    trained_on: str | None = None
    balanced: bool = False
    scaling: bool = False
    unit: str = ""
    positive: str = ""

    def __post_init__(self) -> None:
        unknown = [name for name in self.metrics if name not in METRICS and not _is_module(name)]
        if unknown or not self.metrics:
            known = [*METRICS, *metric_names()]
            raise ConfigurationError(f"metrics {list(self.metrics)}", where=self.key, remedy=f"use {known}")
        for name, allowed in (("target", get_args(Target)), ("folds", ("split", "subject"))):
            if getattr(self, name) not in allowed:
                raise ConfigurationError(f"{name} {getattr(self, name)!r}", where=self.key, remedy=f"use {allowed}")
        if self.published not in ("", *PUBLISHED_PROBES):
            raise ConfigurationError(
                f"no published probe {self.published!r}", where=self.key, remedy=f"use {list(PUBLISHED_PROBES)}"
            )
        if not isinstance(self.positive, str):
            raise ConfigurationError(
                f"positive is {self.positive!r}, no text",
                where=self.key,
                remedy='write the class in quotes ("yes", "1")',
            )
        if self.metrics[0] in METRICS and (self.target == "value") != (self.metrics[0] in ERRORS):
            raise ConfigurationError(f"{self.metrics[0]} of a {self.target}", where=self.key, remedy="mae is of values")

    @property
    def key(self) -> str:
        """``suite/number``."""
        return f"{self.suite}/{self.number}"

    @property
    def datasets(self) -> tuple[str, ...]:
        """Prepared datasets that it needs."""
        return tuple(dict.fromkeys((self.trained_on or self.dataset, self.dataset)))

    def probe(self, protocol: str, features: str = "") -> ProbeSettings | PublishedProbe:
        """Settings of the probe under a protocol: ``default``, or ``published`` for the papers' own.

        Args:
            protocol: which one.
            features: model type whose features are probed (``opensmile``, ``vggish``); OPERA's script treats some of
                them in a way of their own.

        Raises:
            ConfigurationError: no such protocol, or no paper probed this task.

        Example:
            >>> task = BenchmarkTask("mine", "T1", "COPD", "icbhi", "copd", published="opera-icbhidisease")
            >>> task.probe("published").batch_size
            32
        """
        if protocol not in PROTOCOLS:
            raise ConfigurationError(f"no protocol {protocol!r}", remedy=f"use {' or '.join(PROTOCOLS)}")
        if protocol == "default":
            return ProbeSettings()
        if not self.published:
            raise ConfigurationError("no paper probed this task", where=self.key, remedy="use the default protocol")
        special: Mapping[str, Any] = OPERA_FEATURES.get((features, self.published.removeprefix("opera-")), {})
        return replace(PUBLISHED_PROBES[self.published], **special)


def read_tasks(path: str | Path) -> tuple[BenchmarkTask, ...]:
    """Read a YAML file of one task, or of a list of tasks, with the fields of :class:`BenchmarkTask`.

    ``suite`` is the file's name and ``number`` the task's place in it, unless given. An entry of ``shared`` and
    ``tasks`` is a group of tasks with fields in common.

    Raises:
        ConfigurationError: no such file, not YAML, or a key that no task has.

    Example:
        A file ``ward.yaml`` of three lines, ``title: Wheeze``, ``dataset: ward`` and ``config: wheeze``, is the task
        ``ward/T1``.
    """
    file = Path(path)
    content = read_yaml(file, remedy="give a YAML file")
    known = {field.name for field in fields(BenchmarkTask)}
    tasks = []
    for number, entry in enumerate(_entries(content), 1):
        if not isinstance(entry, Mapping) or set(entry) - known or any(name not in entry for name in _NEEDED):
            raise ConfigurationError(
                f"entry {number} is {str(entry)[:200]}",
                where=file,
                remedy=f"give {list(_NEEDED)}, and any of {sorted(known)}",
            )
        values = {"suite": file.stem, "number": f"T{number}", **entry}
        if "metrics" in values:
            values["metrics"] = tuple(values["metrics"])
        tasks.append(BenchmarkTask(**values))
    return tuple(tasks)


def _is_module(metric: str) -> bool:
    name, _, output = metric.partition(".")
    return name in metric_names() and (not output or output in module_of(name).output_names)


def _entries(content: Any) -> list[Any]:
    entries: list[Any] = []
    for entry in content if isinstance(content, list) else [content]:
        if isinstance(entry, dict) and set(entry) == {"shared", "tasks"} and isinstance(entry["tasks"], list):
            shared = entry["shared"] or {}
            entries += [{**shared, **task} if isinstance(task, dict) else task for task in entry["tasks"]]
        else:
            entries.append(entry)
    return entries
