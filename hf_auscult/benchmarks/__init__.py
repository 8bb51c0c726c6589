"""Benchmarks: tasks as data, the papers' suites, and what a sound must beat before it counts as heard."""

from __future__ import annotations

from .load import Task, load_task, missing_data
from .shortcuts import ShortcutFeatures, ShortcutResult, ShortcutSpec, evaluate_shortcuts, shortcut_features
from .suites import SUITES, suite_of, task_of
from .task import BenchmarkTask
from .user_task import read_user_tasks

__all__ = [
    "SUITES",
    "BenchmarkTask",
    "ShortcutFeatures",
    "ShortcutResult",
    "ShortcutSpec",
    "Task",
    "evaluate_shortcuts",
    "load_task",
    "missing_data",
    "read_user_tasks",
    "shortcut_features",
    "suite_of",
    "task_of",
]
