"""The plots of a benchmark run: numbers gathered for :mod:`hf_auscult.plots`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import DataError
from ..metrics import borda_count, class_scores, confusion_counts, reliability, roc_band
from ..metrics.intervals import Interval
from ..plots import (
    ForestRow,
    RocCurve,
    borda_plot,
    calibration_plot,
    column_figure,
    confusion_plot,
    embedding_map,
    forest_plot,
    radar_plot,
    roc_plot,
    scaling_plot,
)
from .examples import FITTED, Examples
from .predictions import Predictions
from .published import best_published
from .results import Result, TaskResult, file_name
from .task import BenchmarkTask, metric_title

MOST_SERIES = 7  # colours and markers that one plot can tell apart
MOST_BANDS = 3  # more shaded bands hide each other
MOST_BINS, ROWS_OF_BIN = 10, 10  # a share of fewer rows than that has an interval wider than half of the axis
PEOPLE_OF_CLASS = 10  # a radar of classes with fewer test people draws chance
FEWEST_POINTS, MOST_POINTS = 20, 500  # of a map: t-SNE needs neighbours, and more points than this cover each other


def plot_suite(result: Result, folder: Path) -> list[str]:
    """Forest plots and Borda bars of a whole suite; names of the PNGs."""
    protocol = result.protocols[0]
    models = list(result.models)[:MOST_SERIES]
    names = []
    for metric in dict.fromkeys(task.spec.metrics[0] for task in result.tasks):
        rows = _forest_rows(result, models, metric)
        if any(row.ours for row in rows):
            name = f"forest_{metric}"
            forest_plot(
                rows, folder / name, figure_name=metric_title(metric), chance=_chance(metric), title=result.suite
            )
            names.append(f"{name}.png")
    return names + _borda(result, models, protocol, folder)


def plot_column(result: Result, predictions: Mapping[str, Mapping[str, Predictions]], path: Path) -> Path:
    """Draw a run for one column of a paper: its first metric by task, and ROC curves of the first task of two classes.

    Args:
        result: of the run.
        predictions: task (``suite/number``) -> model -> its predictions.
        path: ends in .pdf, .svg or .png.

    Raises:
        DataError: nothing was run.
    """
    models = list(result.models)[:MOST_SERIES]
    metric = next((task.spec.metrics[0] for task in result.tasks if not task.missing), "auroc")
    rows = [row for row in _forest_rows(result, models, metric) if row.ours]
    for task in result.tasks:
        shown = {name: p for name, p in predictions.get(task.spec.key, {}).items() if name in models}
        binary = shown and all(len(p.classes) == 2 and not p.multilabel for p in shown.values())
        if binary and (curves := _roc_curves(shown)):
            kind = {"roc_title": _title(task.spec), "positive": next(iter(shown.values())).classes[1]}
            break
    else:
        curves, kind = {}, {}
    return column_figure(rows, curves, path, figure_name=metric_title(metric), chance=_chance(metric), **kind)


def _forest_rows(result: Result, models: list[str], metric: str) -> list[ForestRow]:
    rows = []
    best = best_published(result.suite)
    for task in result.tasks:
        if task.spec.metrics[0] != metric or task.missing:
            continue
        printed = best.get(task.spec.number)
        ours = _intervals(task, models, result.protocols[0], metric)
        unbounded = all(figure.low is None for figure in ours.values())
        shortcut = task.shortcuts[-1].figures.get(metric) if task.shortcuts else None
        rows.append(
            ForestRow(
                _title(task.spec),
                ours,
                published=printed.value if printed is not None and printed.metric == metric else None,
                shortcut=shortcut.value if shortcut is not None else None,
                note="split leaks" if task.leaks else "few people" * unbounded,
            )
        )
    return rows


def _roc_curves(predictions: Mapping[str, Predictions]) -> dict[str, RocCurve]:
    """Curves with bands where these can be told apart; none for one class or too few people: the tables say so."""
    try:
        bands = {
            name: roc_band(predicted.truth, predicted.mean_scores[:, 1], subjects=predicted.subjects)
            for name, predicted in predictions.items()
        }
    except DataError:
        return {}
    return {
        name: RocCurve(
            band.points.false_positive_rate,
            band.points.true_positive_rate,
            str(band.auroc),
            (band.false_positive_rate, band.low, band.high) if len(bands) <= MOST_BANDS else None,
        )
        for name, band in bands.items()
    }


def plot_task(spec: BenchmarkTask, predictions: Mapping[str, Predictions], folder: Path) -> list[str]:
    """ROC, reliability, confusion and class-wise F1 of one task; model -> its predictions."""
    shown = dict(list(predictions.items())[:MOST_SERIES])
    any_of = next(iter(shown.values()), None)
    if any_of is None or not any_of.classes or any_of.multilabel:
        return []
    names = []
    stem, title, classes = _stem(spec), _title(spec), any_of.classes
    if len(classes) == 2 and (curves := _roc_curves(shown)):
        roc_plot({title: curves}, folder / f"{stem}_roc", positive=classes[1])
        bins = {
            name: reliability(
                predicted.truth,
                predicted.mean_scores[:, 1],
                bins=max(1, min(MOST_BINS, len(predicted.truth) // ROWS_OF_BIN)),
            )
            for name, predicted in shown.items()
        }
        calibration_plot(bins, folder / f"{stem}_calibration", title=f"{title}, positive = {classes[1]}")
        names += [f"{stem}_roc.png", f"{stem}_calibration.png"]
    numbers = list(range(len(classes)))
    decided = {name: predicted.mean_scores.argmax(axis=1) for name, predicted in shown.items()}
    tables = {
        name: confusion_counts(predicted.truth, decided[name], numbers)[1]
        for name, predicted in list(shown.items())[:3]
    }
    confusion_plot(tables, classes, folder / f"{stem}_confusion")
    names.append(f"{stem}_confusion.png")
    truth = any_of.truth
    people = [len({any_of.subjects[row] for row in np.flatnonzero(truth == number)}) for number in numbers]
    if len(classes) > 2 and min(people) >= PEOPLE_OF_CLASS:
        scores = {name: np.asarray(class_scores(truth, d, labels=numbers).f1) for name, d in decided.items()}
        support = np.bincount(truth, minlength=len(classes)).tolist()
        radar_plot(classes, scores, folder / f"{stem}_classes", support=support, title=title)
        names.append(f"{stem}_classes.png")
    return names


def plot_embedding_map(
    spec: BenchmarkTask, model: str, features: np.ndarray, examples: Examples, folder: Path, seed: int
) -> list[str]:
    """Where a model puts recordings of each class (t-SNE), those of training and test told apart.

    Nothing for too few of them, or too many classes.
    """
    if spec.target != "class" or len(features) < FEWEST_POINTS:
        return []
    labels = np.asarray(examples.classes)[examples.labels]
    if not 2 <= len(np.unique(labels)) <= MOST_SERIES:
        return []
    kept = np.linspace(0, len(features) - 1, min(len(features), MOST_POINTS)).round().astype(int)
    name = f"{_stem(spec)}_map_{file_name(model)}"
    embedding_map(
        features[kept],
        labels[kept].tolist(),
        folder / name,
        seed=seed,
        title=f"{_title(spec)}: {model}",
        hollow=np.isin(examples.split[kept], FITTED).tolist(),
    )
    return [f"{name}.png"]


def plot_scaling(spec: BenchmarkTask, sizes: Mapping[str, Mapping[int, Interval]], folder: Path) -> list[str]:
    """Leading metric over the number of training people; nothing where there is only one size."""
    if max((len(series) for series in sizes.values()), default=0) < 2:
        return []
    name = f"{_stem(spec)}_scaling"
    metric = spec.metrics[0]
    series = dict(list(sizes.items())[:MOST_SERIES])
    scaling_plot(series, folder / name, figure_name=metric_title(metric), chance=_chance(metric), title=_title(spec))
    return [f"{name}.png"]


def _chance(metric: str) -> float | None:
    return 0.5 if metric == "auroc" else None


def _stem(spec: BenchmarkTask) -> str:
    return "".join(sign if sign.isalnum() else "-" for sign in spec.number)


def _title(spec: BenchmarkTask) -> str:
    return spec.title if spec.number == spec.title else f"{spec.number} {spec.title}"


class _Point(NamedTuple):
    """A figure that has no interval."""

    value: float
    low: None = None
    high: None = None


def _intervals(task: TaskResult, models: list[str], protocol: str, metric: str) -> dict[str, Interval | _Point]:
    intervals: dict[str, Interval | _Point] = {}
    for model in models:
        result = task.of(model, protocol)
        estimate = result.figures.get(metric) if result is not None else None
        if estimate is not None and estimate.value is not None:
            intervals[model] = estimate.interval or _Point(estimate.value)
    return intervals


def _borda(result: Result, models: list[str], protocol: str, folder: Path) -> list[str]:
    """AuscultaBench's figure 4: points by function, kind of sound and kind of task, over the tasks that were run."""
    run = [task for task in result.tasks if not task.missing]
    if len(models) < 2 or result.suite != "auscultabench16" or not run:
        return []
    results = [[task.of(model, protocol) for model in models] for task in run]
    table = [
        [of_model.figures["macro_f1"].value if of_model is not None else None for of_model in row] for row in results
    ]
    if any(value is None for row in table for value in row):
        return []
    points = borda_count(np.array(table, np.float64), tasks=[task.spec.number for task in run], models=models)
    kinds: dict[str, Callable[[TaskResult], str]] = {
        "function": lambda task: task.spec.group,
        "sound": lambda task: task.spec.sound,
        "labels": _labels,
    }
    panels = {}
    for panel, kind in kinds.items():
        groups: dict[str, list[str]] = {}
        for task in run:
            groups.setdefault(kind(task), []).append(task.spec.number)
        panels[panel] = {f"{group} ({len(members)})": points.score(members) for group, members in groups.items()}
    title = f"Borda count of macro-F1, {len(run)} of {len(result.tasks)} tasks run"
    borda_plot(panels, folder / "borda", title=title)
    return ["borda.png"]


def _labels(task: TaskResult) -> str:
    if task.spec.target == "classes":
        return "several labels"
    return "two classes" if "auroc" in task.spec.metrics else "several classes"
