"""The pictures of a benchmark run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ..errors import DataError
from ..metrics import borda_count, class_scores, confusion_counts, reliability, roc_band
from ..metrics.intervals import Interval
from ..plots import (
    ForestRow,
    RocCurve,
    borda_plot,
    calibration_plot,
    confusion_plot,
    embedding_map,
    forest_plot,
    radar_plot,
    roc_plot,
    scaling_plot,
)
from .decisions import decide
from .published import best_published
from .results import SuiteResult, TaskResult
from .scoring import Predictions
from .task import BenchmarkTask

MOST = 7  # series that one figure can tell apart
FEWEST_POINTS, MOST_POINTS = 20, 500  # of a map
TITLES = {"auroc": "AUROC", "macro_f1": "Macro-F1", "mae": "Mean absolute error"}


def suite_figures(result: SuiteResult, folder: Path) -> list[str]:
    """Forest plots and Borda bars of a whole suite; names of the PNGs."""
    protocol = result.protocols[0]
    models = list(result.models)[:MOST]
    made = []
    best = best_published(result.suite)
    for metric in dict.fromkeys(task.spec.metrics[0] for task in result.tasks):
        rows = []
        for task in result.tasks:
            if task.spec.metrics[0] != metric or task.missing:
                continue
            printed = best.get(task.spec.number)
            ours = _intervals(task, models, protocol, metric)
            rows.append(
                ForestRow(
                    _title(task.spec),
                    ours,
                    published=printed.value if printed is not None and printed.metric == metric else None,
                    shortcut=_shortcut(task, metric),
                    note="split leaks" if task.leaks else "" if ours else "too few people",
                )
            )
        if any(row.ours for row in rows):
            name = f"forest_{metric}"
            forest_plot(
                rows,
                folder / name,
                figure_name=TITLES.get(metric, metric),
                chance=0.5 if metric == "auroc" else None,
                title=result.suite,
            )
            made.append(f"{name}.png")
    return made + _borda(result, models, protocol, folder)


def task_figures(spec: BenchmarkTask, said: Mapping[str, Predictions], folder: Path) -> list[str]:
    """ROC, reliability, confusion and class-wise F1 of one task; model -> its predictions."""
    made = []
    said = dict(list(said.items())[:MOST])
    stem = _stem(spec)
    classes = next(iter(said.values())).classes
    if not classes or next(iter(said.values())).truth.ndim == 2:
        return []
    title = _title(spec)
    if len(classes) == 2:
        try:
            bands = {
                name: roc_band(found.truth, found.runs.mean(axis=0)[:, 1], subjects=found.subjects)
                for name, found in said.items()
            }
            shown = {
                name: RocCurve(
                    band.points.false_positive_rate,
                    band.points.true_positive_rate,
                    str(band.auroc),
                    (band.false_positive_rate, band.low, band.high) if len(bands) <= 3 else None,
                )
                for name, band in bands.items()
            }
            roc_plot({title: shown}, folder / f"{stem}_roc")
            curves = {name: reliability(found.truth, found.runs.mean(axis=0)[:, 1]) for name, found in said.items()}
            calibration_plot(curves, folder / f"{stem}_calibration", title=title)
        except DataError:  # one class, or too few people for a band: the tables say so
            pass
        else:
            made += [f"{stem}_roc.png", f"{stem}_calibration.png"]
    decided = {
        name: decide(found.runs.mean(axis=0)[None], several=False)[:, 0].argmax(axis=1) for name, found in said.items()
    }
    tables = {
        name: confusion_counts(found.truth, decided[name], list(range(len(classes))))[1]
        for name, found in list(said.items())[:3]
    }
    confusion_plot(tables, classes, folder / f"{stem}_confusion")
    made.append(f"{stem}_confusion.png")
    if len(classes) > 2:
        truth = next(iter(said.values())).truth
        support = np.bincount(truth, minlength=len(classes))
        scores = {
            name: np.asarray(class_scores(truth, choice, labels=list(range(len(classes)))).f1)
            for name, choice in decided.items()
        }
        radar_plot(classes, scores, folder / f"{stem}_classes", support=support.tolist(), title=title)
        made.append(f"{stem}_classes.png")
    return made


def map_figure(
    spec: BenchmarkTask, model: str, rows: np.ndarray, labels: Sequence[str], folder: Path, seed: int
) -> list[str]:
    """Where a model puts recordings of each class (t-SNE); nothing for too few of them, or too many classes."""
    if len(rows) < FEWEST_POINTS or not 2 <= len(set(labels)) <= MOST:
        return []
    kept = np.linspace(0, len(rows) - 1, min(len(rows), MOST_POINTS)).round().astype(int)
    name = f"{_stem(spec)}_map"
    title = f"{_title(spec)}: {model}"
    embedding_map(rows[kept], [labels[place] for place in kept], folder / name, seed=seed, title=title)
    return [f"{name}.png"]


def scaling_figure(spec: BenchmarkTask, sizes: Mapping[str, Mapping[int, Interval]], folder: Path) -> list[str]:
    """Leading metric over the number of training people; nothing where there is only one size."""
    if max((len(series) for series in sizes.values()), default=0) < 2:
        return []
    stem = _stem(spec)
    scaling_plot(
        dict(list(sizes.items())[:MOST]),
        folder / f"{stem}_scaling",
        figure_name=TITLES.get(spec.metrics[0], spec.metrics[0]),
        chance=0.5 if spec.metrics[0] == "auroc" else None,
        title=_title(spec),
    )
    return [f"{stem}_scaling.png"]


def _stem(spec: BenchmarkTask) -> str:
    return "".join(sign if sign.isalnum() else "-" for sign in spec.number)


def _title(spec: BenchmarkTask) -> str:
    return spec.title if spec.number == spec.title else f"{spec.number} {spec.title}"


def _intervals(task: TaskResult, models: list[str], protocol: str, metric: str) -> dict[str, Interval]:
    found = {}
    for model in models:
        one = task.of(model, protocol)
        figure = one.figures.get(metric) if one is not None else None
        if figure is not None and figure.interval is not None:
            found[model] = figure.interval
    return found


def _shortcut(task: TaskResult, metric: str) -> float | None:
    figure = task.shortcut.figures.get(metric) if task.shortcut is not None else None
    return figure.value if figure is not None else None


def _borda(result: SuiteResult, models: list[str], protocol: str, folder: Path) -> list[str]:
    """AuscultaBench's figure 4: points by function, kind of sound and kind of task, over the tasks that were run."""
    run = [task for task in result.tasks if not task.missing]
    if len(models) < 2 or result.suite != "auscultabench16" or not run:
        return []
    table = []
    for task in run:
        figures = [task.of(model, protocol) for model in models]
        table.append([one.figures["macro_f1"].value if one is not None else None for one in figures])
    if any(value is None for row in table for value in row):
        return []
    names = [task.spec.number for task in run]
    points = borda_count(np.array(table, np.float64), tasks=names, models=models)
    panels = {
        "function": {task.spec.group: [] for task in run},
        "sound": {task.spec.sound: [] for task in run},
        "labels": {_labels(task): [] for task in run},
    }  # type: dict[str, dict[str, list[str]]]
    for task in run:
        panels["function"][task.spec.group].append(task.spec.number)
        panels["sound"][task.spec.sound].append(task.spec.number)
        panels["labels"][_labels(task)].append(task.spec.number)
    shown = {
        panel: {f"{group} ({len(members)})": points.score(members) for group, members in groups.items()}
        for panel, groups in panels.items()
    }
    borda_plot(shown, folder / "borda", title=f"Borda count of macro-F1, {len(run)} of {len(result.tasks)} tasks run")
    return ["borda.png"]


def _labels(task: TaskResult) -> str:
    if task.spec.target == "classes":
        return "several labels"
    return "two classes" if "auroc" in task.spec.metrics else "several classes"
