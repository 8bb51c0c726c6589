"""The papers' tables, rendered anew: their numbers as printed, and ours beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...errors import ConfigurationError
from ...metrics.tables import DASH, Cell, Table, estimate, number
from ..published import PublishedFigure, published_figures
from ..results import Result
from ..suites import suite_of


@dataclass(frozen=True)
class PaperTable:
    """A table of a paper as data.

    Args:
        suite, number, title: which one.
        tables: the printed tables that its figures come from.
        tasks: task numbers, or groups of tasks; empty for all that have a printed figure.
        metric: of its figures; empty where it differs by row.
    """

    suite: str
    number: str
    title: str
    tables: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    metric: str = ""


_T = tuple(f"T{number}" for number in range(1, 19))
_GROUPS = ("respiratory", "lung function", "cardiac")
PAPER_TABLES: Mapping[str, PaperTable] = {
    f"{item.suite}/{item.number}": item
    for item in (
        PaperTable("acula18", "IV", "Respiratory health", ("IV",), _T[:9]),
        PaperTable("acula18", "V", "Lung function", ("V",), _T[9:16]),
        PaperTable("acula18", "VI", "Encoders, aligned", ("VI",), _T[:16]),
        PaperTable("acula18", "VII", "Zero-shot", ("VII",), _T[:9]),
        PaperTable("acula18", "VIII", "Teachers, by group", ("VIII",), _GROUPS),
        PaperTable("acula18", "IX", "The same audio without reports, by group", ("IX",), _GROUPS),
        PaperTable("acula18", "X", "Training data, augmentation and layers, by group", ("X",), _GROUPS),
        PaperTable("acula18", "XI", "Parts of the loss, by group", ("XI",), _GROUPS),
        PaperTable("acula18", "XIII", "openSMILE", ("XIII",), _T[:16]),
        PaperTable("acula18", "XIV", "Teachers", ("XIV",)),
        PaperTable("acula18", "XVI", "Masked reports", ("XVI",)),
        PaperTable("acula18", "XVII", "The same audio without reports, respiratory", ("XVII",), _T[:9]),
        PaperTable("acula18", "XVIII", "The same audio without reports, lung function", ("XVIII",), _T[9:16]),
        PaperTable("acula18", "XIX", "The same audio without reports, cardiac", ("XIX",), _T[16:]),
        PaperTable("acula18", "XX", "Retrieval", ("XX",), ("audio to text", "text to audio")),
        PaperTable("auscultabench16", "1 (macro-F1)", "Macro-F1", ("1",), metric="macro_f1"),
        PaperTable("auscultabench16", "1 (micro-F1)", "Micro-F1", ("1",), metric="micro_f1"),
        PaperTable("auscultabench16", "1 (precision)", "Precision", ("1",), metric="macro_precision"),
        PaperTable("auscultabench16", "1 (recall)", "Recall", ("1",), metric="macro_recall"),
        PaperTable("auscultabench16", "7", "Linear probe and full fine-tuning, AUROC", ("7",), metric="auroc"),
        PaperTable(
            suite="auscultabench16",
            number="8",
            title="Linear probe and full fine-tuning, macro-F1",
            tables=("1", "8"),
            tasks=("T12",),
            metric="macro_f1",
        ),
        PaperTable("covid_balanced", "text", "As stated in the report's text", ("text",), metric="auroc"),
    )
}


def paper_table(key: str, result: Result | None = None, protocol: str = "published") -> Table:
    """Render one of :data:`PAPER_TABLES`: the paper's columns, then ours, empty where a task was not run.

    Args:
        key: e.g. ``acula18/IV``.
        result: of the same suite; None for the printed figures alone.
        protocol: whose figures of ours to show.

    Raises:
        ConfigurationError: no such table, or a result of another suite.

    Example:
        >>> paper_table("acula18/XIX").markdown().splitlines()[2]
        '| T17 | Murmur (heart) | .640 | .652 |'
    """
    if key not in PAPER_TABLES:
        raise ConfigurationError(f"no table {key!r}", remedy=f"choose one of {', '.join(PAPER_TABLES)}")
    wanted = PAPER_TABLES[key]
    if result is not None and result.suite != wanted.suite:
        raise ConfigurationError(f"results are of {result.suite}", where=key, remedy="give results of that suite")
    printed = [
        figure
        for figure in published_figures(wanted.suite)
        if figure.table in wanted.tables and wanted.metric in ("", figure.metric)
    ]
    models = list(dict.fromkeys(figure.model for figure in printed))
    ours = list(result.models) if result is not None else []
    names = {task.number: task for task in suite_of(wanted.suite)}
    rows: list[list[Cell]] = []
    for task in wanted.tasks or tuple(dict.fromkeys(figure.task for figure in printed)):
        for metric in dict.fromkeys(figure.metric for figure in printed if figure.task == task):
            spec = names.get(task)
            title = spec.title if spec is not None else metric
            cells = [_printed(printed, task, metric, model) for model in models]
            mine = [_ours(result, task, metric, model, protocol) for model in ours]
            rows.append([task, title, *cells, *mine])
    return Table(["", "", *models, *(f"ours: {model}" for model in ours)], rows)


def _printed(figures: list[PublishedFigure], task: str, metric: str, model: str) -> str:
    for figure in figures:
        if (figure.task, figure.metric, figure.model) == (task, metric, model):
            shown_value = f"{figure.value:g}" if metric == "median rank" else number(figure.value)
            return shown_value if figure.spread is None else f"{shown_value} ± {number(figure.spread)}"
    return DASH


def _ours(result: Result | None, task: str, metric: str, model: str, protocol: str) -> Cell:
    assert result is not None
    of_task = next((item for item in result.tasks if item.spec.number == task), None)
    if of_task is not None:
        of_model = of_task.of(model, protocol)
        return estimate(of_model.figures.get(metric) if of_model is not None else None, marks="†" * of_task.leaks)
    members = [item.of(model, protocol) for item in result.tasks if item.spec.group == task]
    values = [
        of_model.figures[metric].value for of_model in members if of_model is not None and metric in of_model.figures
    ]
    known = [value for value in values if value is not None]
    # A mean over some of a group's tasks is no number of the paper's.
    return float(np.mean(known)) if known and len(known) == len(members) else None
