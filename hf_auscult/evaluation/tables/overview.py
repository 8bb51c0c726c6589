"""A suite's own table: every task, every model, the shortcuts, and what others have published."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...metrics.tables import DASH, Cell, Table, estimate, number
from ..published import best_published
from ..results import ModelResult, Result, TaskResult
from ..shortcuts import METADATA, METADATA_AND_LEVEL
from ..task import lower_is_better

LEGEND = (
    "95 % intervals over the test people; of two classes, how many people carry the positive one. "
    "metadata: a probe without the sound; recording level: duration, loudness and share of silence. "
    "° not above the metadata + recording level shortcut (p > .05 after Holm's correction over all models and tasks "
    "here). "
    "† the split shares people between train and test. "
    "‡ the model was, or may have been, trained on these test people. "
    "§ the paper's protocol chooses its epoch on the test recordings. "
    "Published values are of other splits and protocols."
)
SIGNIFICANT = 0.05
SHORTCUTS = (METADATA, METADATA_AND_LEVEL)


def overview(result: Result, protocol: str, metric: str) -> Table:
    """One metric of a suite as a table; the tasks that were not run share a line.

    Args:
        result: of the suite.
        protocol: of the probes.
        metric: of the tasks that have it.
    """
    best = best_published(result.suite)
    tasks = [task for task in result.tasks if metric in task.spec.metrics]
    rows = []
    for task in tasks:
        published = best.get(task.spec.number)
        printed = f"{number(published.value)} {published.model}" if published and published.metric == metric else DASH
        if task.missing:
            continue
        cells: list[Cell] = [_shortcut(task, name, metric) for name in SHORTCUTS]
        cells += [_of_model(task, task.of(model, protocol), metric) for model in result.models]
        rows.append([task.spec.number, _title(task, metric), _people(task), *cells, printed])
    if absent := [task.spec.number for task in tasks if task.missing]:
        empty: list[Cell] = [DASH] * (len(SHORTCUTS) + len(result.models))
        rows.append(["", f"not run: {', '.join(absent)}", f"{len(absent)} of {len(tasks)} tasks", *empty, DASH])
    header = ["", "Task", "people (positive)", *SHORTCUTS, *result.models, "best published"]
    return Table(header, [*rows, *_means(result, tasks, protocol, metric)])


def missing(result: Result) -> Table:
    """What was not run, and what to do about it; tasks that need the same share a line."""
    groups: dict[str, list[TaskResult]] = {}
    for task in result.tasks:
        if task.missing:
            groups.setdefault(task.missing, []).append(task)
    rows = [
        (", ".join(task.spec.number for task in tasks), "; ".join(dict.fromkeys(t.spec.title for t in tasks)), remedy)
        for remedy, tasks in groups.items()
    ]
    rows += [(task.spec.number, task.spec.title, note) for task in result.tasks for note in task.notes]
    return Table(("", "Task", "to run it"), rows, names=3)


def differences(result: Result) -> Table:
    """Pairs of models by task."""
    rows = [
        (
            task.spec.number,
            f"{gap.a} - {gap.b}",
            gap.protocol,
            task.spec.metrics[0],
            estimate(gap.interval),
            gap.p_holm,
        )
        for task in result.tasks
        for gap in task.differences
    ]
    return Table(
        ("", "difference", "protocol", "metric", "value", f"p (Holm over these {len(rows)} comparisons)"), rows, names=4
    )


def _shortcut(task: TaskResult, name: str, metric: str) -> str:
    return estimate(next((shortcut.figures.get(metric) for shortcut in task.shortcuts if shortcut.model == name), None))


def _of_model(task: TaskResult, result: ModelResult | None, metric: str) -> str:
    if result is None:
        return DASH
    marks = "†" * task.leaks + "‡" * bool(result.contamination) + "§" * result.selected_on_test
    if metric == task.spec.metrics[0] and result.above_shortcut is not None and not _better(result, metric):
        marks = "°" + marks
    return estimate(result.figures.get(metric), marks=marks)


def _better(result: ModelResult, metric: str) -> bool:
    """Whether the difference to the shortcut is on the good side and remains after correction."""
    gap = result.above_shortcut
    assert gap is not None
    good = gap.value < 0 if lower_is_better(metric) else gap.value > 0
    return good and result.shortcut_p_holm is not None and result.shortcut_p_holm <= SIGNIFICANT


def _title(task: TaskResult, metric: str) -> str:
    if task.positive:
        return f"{task.spec.title} (positive = {task.positive})"
    return f"{task.spec.title}, {task.spec.unit}" if task.spec.unit and metric == "mae" else task.spec.title


def _people(task: TaskResult) -> str:
    test = task.counts.get("test")
    if task.spec.folds == "subject" or test is None:
        return str(sum(part.people for part in task.counts.values()))
    return str(test.people) + (f" ({test.positive_people})" if test.positive_people is not None else "")


def _means(result: Result, tasks: Sequence[TaskResult], protocol: str, metric: str) -> list[list[Cell]]:
    """A line a group of tasks: plain means over the tasks that were run, how many these are, and nothing else."""
    lines = []
    for group in dict.fromkeys(task.spec.group for task in tasks):
        members = [task for task in tasks if task.spec.group == group]
        run = [task for task in members if not task.missing]
        if not run:
            continue
        columns = [[next((s for s in task.shortcuts if s.model == name), None) for task in run] for name in SHORTCUTS]
        columns += [[task.of(model, protocol) for task in run] for model in result.models]
        cells: list[Cell] = []
        for column in columns:
            values = [
                of_model.figures[metric].value
                for of_model in column
                if of_model is not None and metric in of_model.figures
            ]
            known = [value for value in values if value is not None]
            cells.append(float(np.mean(known)) if len(known) == len(run) else None)
        lines.append(["", f"mean, {group}", f"{len(run)} of {len(members)} tasks", *cells, DASH])
    return lines
