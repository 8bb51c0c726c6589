"""The papers' tables, rendered anew: their numbers as printed, and ours beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ...errors import ConfigurationError
from ...metrics.tables import DASH, Cell, Table, estimate, number
from ..published import PublishedFigure, published_figures
from ..results import Result
from ..suites import SUITES, suite_of


@dataclass(frozen=True)
class PaperTable:
    """A table of a paper as data.

    Args:
        suite, number, title: which one.
        tables: the printed tables that its figures come from.
        tasks: task numbers, or groups of tasks; empty for all that have a printed figure.
        metric: of its figures; empty where it differs by row.
        made: how a figure of ours must have been made to stand in it: by a ``probe`` on any model, on one that was
            ``aligned`` with reports, or on one aligned with ``masked`` reports; ``zero-shot`` and ``retrieval`` have
            tables of their own and none here.
    """

    suite: str
    number: str
    title: str
    tables: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    metric: str = ""
    made: Literal["probe", "aligned", "masked", "zero-shot", "retrieval"] = "probe"


_T = tuple(f"T{number}" for number in range(1, 19))
_GROUPS = ("respiratory", "lung function", "cardiac")
PAPER_TABLES: Mapping[str, PaperTable] = {
    f"{item.suite}/{item.number}": item
    for item in (
        PaperTable("acula18", "IV", "Respiratory health", ("IV",), _T[:9]),
        PaperTable("acula18", "V", "Lung function", ("V",), _T[9:16]),
        PaperTable("acula18", "VI", "Encoders, aligned", ("VI",), _T[:16], made="aligned"),
        PaperTable("acula18", "VII", "Zero-shot", ("VII",), _T[:9], made="zero-shot"),
        PaperTable("acula18", "VIII", "Teachers, by group", ("VIII",), _GROUPS, made="aligned"),
        PaperTable("acula18", "IX", "The same audio without reports, by group", ("IX",), _GROUPS),
        PaperTable("acula18", "X", "Training data, augmentation and layers, by group", ("X",), _GROUPS, made="aligned"),
        PaperTable("acula18", "XI", "Parts of the loss, by group", ("XI",), _GROUPS, made="aligned"),
        PaperTable("acula18", "XIII", "openSMILE", ("XIII",), _T[:16]),
        PaperTable("acula18", "XIV", "Teachers", ("XIV",), made="aligned"),
        PaperTable("acula18", "XVI", "Masked reports", ("XVI",), made="masked"),
        PaperTable("acula18", "XVII", "The same audio without reports, respiratory", ("XVII",), _T[:9]),
        PaperTable("acula18", "XVIII", "The same audio without reports, lung function", ("XVIII",), _T[9:16]),
        PaperTable("acula18", "XIX", "The same audio without reports, cardiac", ("XIX",), _T[16:]),
        PaperTable("acula18", "XX", "Retrieval", ("XX",), ("audio to text", "text to audio"), made="retrieval"),
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
        # M2D's: no suite of ours has their splits, so they stand alone.
        PaperTable("m2d", "CirCor", "Murmur, fine-tuned, best epoch on validation, 3 splits by id", ("CirCor",)),
        PaperTable("m2d", "ICBHI", "Official split, fine-tuned, best epoch on the test set", ("ICBHI",)),
        PaperTable("m2d", "SPRSound", "Inter-subject split, fine-tuned, best epoch on the test set", ("SPRSound",)),
        PaperTable("covid_balanced", "text", "As stated in the report's text", ("text",), metric="auroc"),
    )
}


def paper_table(key: str, result: Result | None = None, protocol: str = "published") -> Table:
    """Render one of :data:`PAPER_TABLES`: the paper's columns, then ours, empty where a task was not run.

    A column of ours says how its figures were made; models that were not made as the table asks have none.

    Args:
        key: e.g. ``acula18/IV``.
        result: of the same suite; None for the printed figures alone.
        protocol: whose figures of ours to show.

    Raises:
        ConfigurationError: no such table, or a result of another suite.

    Example:
        >>> paper_table("acula18/XIX").markdown().splitlines()[2]
        '| T17 | Murmur (heart) | .640 | .652 | .675 |'
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
    models_of_ours = result.models if result is not None else {}
    ours = {name: _made_by(facts, protocol) for name, facts in models_of_ours.items() if _fits(facts, wanted.made)}
    names = {task.number: task for task in suite_of(wanted.suite)} if wanted.suite in SUITES else {}
    rows: list[list[Cell]] = []
    for task in wanted.tasks or tuple(dict.fromkeys(figure.task for figure in printed)):
        for metric in dict.fromkeys(figure.metric for figure in printed if figure.task == task):
            spec = names.get(task)
            title = spec.title if spec is not None else metric
            cells = [_printed(printed, task, metric, model) for model in models]
            mine = [_ours(result, task, metric, model, protocol) for model in ours]
            rows.append([task, title, *cells, *mine])
    return Table(["", "", *models, *(f"ours: {model} ({made})" for model, made in ours.items())], rows)


def _made_by(facts: Mapping[str, Any], protocol: str) -> str:
    """How a column of ours was made: ``made`` of the model's facts, or a probe under the protocol."""
    return str(facts.get("made") or f"{protocol} probe")


def _fits(facts: Mapping[str, Any], wanted: str) -> bool:
    """Whether a model's figures were made as a table asks."""
    made, aligned = facts.get("made") or "probe", bool(facts.get("teacher"))
    masked = aligned and facts.get("mask") not in (None, "none")
    return {"aligned": made == "probe" and aligned, "masked": made == "probe" and masked}.get(wanted, made == wanted)


def _printed(figures: list[PublishedFigure], task: str, metric: str, model: str) -> str:
    for figure in figures:
        if (figure.task, figure.metric, figure.model) == (task, metric, model):
            shown_value = f"{figure.value:g}" if metric == "median rank" else number(figure.value)
            shown_value += "" if figure.spread is None else f" ± {number(figure.spread)}"
            return f"{shown_value} ({figure.note})" if figure.note else shown_value
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
