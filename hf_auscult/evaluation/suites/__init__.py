"""The suites, one YAML file each, and their tasks by key."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path

from ...errors import ConfigurationError
from ..task import BenchmarkTask, read_tasks

SUITES = ("acula18", "auscultabench16", "covid_balanced")


@cache
def suite_of(name: str) -> tuple[BenchmarkTask, ...]:
    """Find a suite: one of :data:`SUITES`, or the path of a YAML file of tasks.

    Raises:
        ConfigurationError: there is none of that name, or the file is wrong.
    """
    if name.endswith((".yaml", ".yml")):
        return read_tasks(name)
    if name not in SUITES:
        raise ConfigurationError(f"no suite {name!r}", remedy=f"choose one of {', '.join(SUITES)}, or give a YAML file")
    with resources.as_file(resources.files(__package__).joinpath(f"{name}.yaml")) as file:
        return read_tasks(file)


def task_of(key: str) -> BenchmarkTask:
    """Find a task by ``suite/number``.

    Raises:
        ConfigurationError: no such suite or task.

    Example:
        >>> task_of("acula18/T8").dataset
        'kauh'
    """
    suite, _, number = key.rpartition("/")
    tasks = {task.number: task for task in suite_of(suite)}
    if number not in tasks:
        raise ConfigurationError(f"no task {number!r}", where=suite, remedy=f"choose one of {', '.join(tasks)}")
    return tasks[number]


def find_tasks(
    tasks: str | Path | BenchmarkTask | Sequence[str | BenchmarkTask],
) -> tuple[str, tuple[BenchmarkTask, ...]]:
    """Name of a suite, and its tasks: of a suite's name, a YAML file, a task's key, a task, or a list of the last two.

    Raises:
        ConfigurationError: an unknown suite or task, a wrong file, or an empty list.

    Example:
        >>> suite, (task,) = find_tasks("acula18/T17")
        >>> suite, task.title
        ('acula18', 'Murmur (heart)')
    """
    if isinstance(tasks, (str, Path)) and (tasks in SUITES or Path(tasks).suffix in (".yaml", ".yml")):
        return Path(tasks).stem, suite_of(str(tasks))
    several = [tasks] if isinstance(tasks, (str, Path, BenchmarkTask)) else tasks
    found = tuple(task if isinstance(task, BenchmarkTask) else task_of(str(task)) for task in several)
    if not found:
        raise ConfigurationError("no task", remedy=f"name one, or one of {', '.join(SUITES)}")
    names = {task.suite for task in found}
    return names.pop() if len(names) == 1 else "several suites", found


__all__ = ["SUITES", "find_tasks", "suite_of", "task_of"]
