"""Sentences that stand for a class, for zero-shot classification with an aligned encoder."""

from __future__ import annotations

from ..data import DATASETS
from ..errors import ConfigurationError


def class_prompts(dataset: str, task: str) -> dict[str, list[str]]:
    """Give several phrasings of each class of a task, by label.

    Args:
        dataset: e.g. ``circor``.
        task: e.g. ``murmur``.

    Returns:
        label -> sentences, in the order of the task's classes.

    Raises:
        ConfigurationError: no prompts for that dataset or task.

    Example:
        >>> class_prompts("circor", "murmur")["Absent"][0]
        'No murmur is heard.'
    """
    if dataset not in DATASETS:
        raise ConfigurationError(f"no prompts for dataset {dataset!r}", remedy=f"choose one of {', '.join(DATASETS)}")
    tasks = DATASETS[dataset].prompts
    if task not in tasks:
        known = ", ".join(tasks) or "those of another dataset"
        raise ConfigurationError(f"no prompts for task {task!r}", where=dataset, remedy=f"choose one of {known}")
    return {label: list(sentences) for label, sentences in tasks[task].items()}
