"""A suite's own table: every task, every model, the shortcut, and what others have published."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..published import best_published
from ..results import ModelResult, SuiteResult, TaskResult
from .markdown import NONE, number, shown, table

LEGEND = (
    "95 % intervals over the test people (patient bootstrap); of two classes, how many people carry the positive one. "
    "° not above the metadata-only shortcut beyond its uncertainty. "
    "† the split shares people between train and test. "
    "‡ the model was, or may have been, trained on these test people. "
    "§ the paper's protocol chooses its epoch on the test recordings. "
    "Published values are of other splits and protocols."
)
TITLES = {
    "auroc": "AUROC",
    "macro_f1": "Macro-F1",
    "micro_f1": "Micro-F1",
    "macro_precision": "Precision (macro)",
    "macro_recall": "Recall (macro)",
    "f1": "F1",
    "precision": "Precision",
    "recall": "Recall",
    "mae": "Mean absolute error (lower is better)",
    "mape": "Mean absolute percentage error (lower is better)",
}


def overview(result: SuiteResult, protocol: str, metric: str) -> str:
    """One metric of a suite as a table; tasks that were not run have a line each, too.

    Args:
        result: of the suite.
        protocol: of the probes.
        metric: of the tasks that have it.
    """
    best = best_published(result.suite)
    tasks = [task for task in result.tasks if metric in task.spec.metrics]
    header = ["", "Task", "people (positive)", "shortcut", *result.models, "best published"]
    rows = []
    for task in tasks:
        published = best.get(task.spec.number)
        printed = f"{number(published.value)} {published.model}" if published and published.metric == metric else NONE
        if task.missing:
            rows.append(
                [task.spec.number, _title(task, metric), "not run", *[NONE] * (len(result.models) + 1), printed]
            )
            continue
        cells = [_of_model(task, task.of(model, protocol), metric) for model in result.models]
        shortcut = shown(task.shortcut.figures.get(metric)) if task.shortcut else NONE
        rows.append([task.spec.number, _title(task, metric), _people(task), shortcut, *cells, printed])
    return table(header, [*rows, *_means(result, tasks, protocol, metric)])


def missing(result: SuiteResult) -> str:
    """What was not run, and what to do about it; empty where everything was."""
    rows = [(task.spec.number, task.spec.title, task.missing) for task in result.tasks if task.missing]
    rows += [(task.spec.number, task.spec.title, note) for task in result.tasks for note in task.notes]
    return table(("", "Task", "to run it"), rows) if rows else ""


def differences(result: SuiteResult) -> str:
    """Pairs of models by task; empty where fewer than two were compared."""
    rows = [
        (
            *(task.spec.number, f"{found.a} - {found.b}", task.spec.metrics[0], str(found.interval)),
            NONE if found.p_holm is None else number(found.p_holm),
        )
        for task in result.tasks
        for found in task.differences
    ]
    return table(("", "difference", "metric", "value", "p (Holm over tasks)"), rows) if rows else ""


def _of_model(task: TaskResult, found: ModelResult | None, metric: str) -> str:
    if found is None:
        return NONE
    lead = metric == task.spec.metrics[0]
    marks = "†" * task.leaks + "‡" * bool(found.exposure) + "§" * found.selected_on_test
    if lead and found.above_shortcut is not None and not _better(found, metric):
        marks = "°" + marks
    return shown(found.figures.get(metric), marks)


def _better(found: ModelResult, metric: str) -> bool:
    """Whether the difference to the shortcut excludes zero on the good side."""
    gap = found.above_shortcut
    assert gap is not None
    return gap.high < 0 if metric in ("mae", "mape") else gap.low > 0


def _title(task: TaskResult, metric: str) -> str:
    return f"{task.spec.title}, {task.spec.unit}" if task.spec.unit and metric == "mae" else task.spec.title


def _people(task: TaskResult) -> str:
    if task.spec.folds == "subject" or "test" not in task.counts:
        return str(sum(part["people"] for part in task.counts.values() if "people" in part))
    counts = task.counts.get("test", {})
    positive = counts.get("positive_people")
    return f"{counts.get('people', NONE)}" + (f" ({positive})" if positive is not None else "")


def _means(result: SuiteResult, tasks: Sequence[TaskResult], protocol: str, metric: str) -> list[list[str]]:
    """A line a group of tasks: plain means over the tasks that were run, how many these are, and nothing else."""
    lines = []
    for group in dict.fromkeys(task.spec.group for task in tasks):
        members = [task for task in tasks if task.spec.group == group]
        run = [task for task in members if not task.missing]
        cells = []
        for model in ("", *result.models):
            found = [task.shortcut if not model else task.of(model, protocol) for task in run]
            values = [one.figures[metric].value for one in found if one is not None and metric in one.figures]
            whole = len(values) == len(run) > 0 and None not in values
            cells.append(number(float(np.mean([value for value in values if value is not None]))) if whole else NONE)
        lines.append(["", f"mean, {group}", f"{len(run)} of {len(members)} tasks", *cells, NONE])
    return lines
