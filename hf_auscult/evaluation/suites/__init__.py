"""The suites by name, and their tasks by key."""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import ConfigurationError
from ..task import BenchmarkTask
from .acula18 import ACULA18
from .auscultabench16 import AUSCULTABENCH16
from .covid_balanced import COVID_BALANCED

SUITES: Mapping[str, tuple[BenchmarkTask, ...]] = {
    "acula18": ACULA18,
    "auscultabench16": AUSCULTABENCH16,
    "covid_balanced": COVID_BALANCED,
}


def suite_of(name: str) -> tuple[BenchmarkTask, ...]:
    """Find a suite.

    Raises:
        ConfigurationError: there is none of that name.
    """
    if name not in SUITES:
        raise ConfigurationError(f"no suite {name!r}", remedy=f"choose one of {', '.join(SUITES)}, or give a YAML file")
    return SUITES[name]


def task_of(key: str) -> BenchmarkTask:
    """Find a task by ``suite/number``.

    Raises:
        ConfigurationError: no such suite or task.

    Example:
        >>> task_of("acula18/T8").dataset
        'kauh'
    """
    suite, _, number = key.partition("/")
    tasks = {task.number: task for task in suite_of(suite)}
    if number not in tasks:
        raise ConfigurationError(f"no task {number!r}", where=suite, remedy=f"choose one of {', '.join(tasks)}")
    return tasks[number]


__all__ = ["ACULA18", "AUSCULTABENCH16", "COVID_BALANCED", "SUITES", "suite_of", "task_of"]
