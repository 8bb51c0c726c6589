"""A benchmark task as data: which examples, what is predicted, how the papers did it and what counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from ..errors import ConfigurationError

Target = Literal["class", "classes", "value"]
Group = Literal["respiratory", "lung function", "cardiac", "abnormality detection", "disease diagnosis", "own"]
METRICS = (
    *("auroc", "macro_f1", "micro_f1", "macro_precision", "macro_recall"),
    *("f1", "precision", "recall"),  # of the positive class
    *("mae", "mape"),
)


@dataclass(frozen=True)
class BenchmarkTask:
    """One row of a benchmark's table.

    Args:
        suite: ``acula18``, ``auscultabench16``, ``covid_balanced`` or a user's own.
        number: the paper's, e.g. ``T8``.
        title: as a table prints it.
        dataset: prepared dataset that is trained and tested on.
        config: its configuration.
        metrics: what is printed, the first one leading.
        group: part of the paper's averages.
        sound: organ or kind of sound.
        target: ``class`` (of two, the configuration's second is the positive one), several ``classes`` at once, or a
            ``value``.
        folds: ``subject`` where every person is tested in turn instead of a fixed split.
        published: name of the papers' probe, see :mod:`hf_auscult.evaluation.protocols`; empty where there is none.
        trained_on: another dataset to train on, for tests across datasets.
        balanced: whether people are drawn so that every stratum of age and sex holds as many of both classes.
        scaling: whether it is also run with fewer training people.
        unit: of the value to regress.

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
    trained_on: str | None = None
    balanced: bool = False
    scaling: bool = False
    unit: str = ""

    def __post_init__(self) -> None:
        unknown = [name for name in self.metrics if name not in METRICS]
        if unknown or not self.metrics:
            raise ConfigurationError(f"metrics {list(self.metrics)}", where=self.key, remedy=f"use {METRICS}")
        for name, known in (("target", get_args(Target)), ("folds", ("split", "subject"))):
            if getattr(self, name) not in known:
                raise ConfigurationError(f"{name} {getattr(self, name)!r}", where=self.key, remedy=f"use {known}")
        if (self.target == "value") != (self.metrics[0] in ("mae", "mape")):
            raise ConfigurationError(f"{self.metrics[0]} of a {self.target}", where=self.key, remedy="mae is of values")

    @property
    def key(self) -> str:
        """``suite/number``."""
        return f"{self.suite}/{self.number}"

    @property
    def datasets(self) -> tuple[str, ...]:
        """Prepared datasets that it needs."""
        return tuple(dict.fromkeys((self.trained_on or self.dataset, self.dataset)))
