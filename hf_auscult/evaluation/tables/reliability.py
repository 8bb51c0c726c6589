"""What a suite's numbers leave open: calibration, prediction sets, abstention, and who is served worse."""

from __future__ import annotations

from ...metrics.fairness import GroupFigure
from ...metrics.tables import Cell, Table, estimate
from ..reliability import Reliability
from ..results import ModelResult, Result, TaskResult


def calibration(result: Result) -> Table:
    """Probabilities of two-class tasks: how far off they are, before and after Platt scaling on validation people.

    The calibration error is debiased and has no interval, see :func:`~hf_auscult.metrics.debiased_ece`.
    """
    rows: list[list[Cell]] = []
    for task, of_model, reliability in _reliable(result):
        if reliability.ece is None:
            continue
        everybody = reliability.sets.get("everybody")
        line, after, selective = reliability.line, reliability.recalibrated, reliability.selective
        cells: list[Cell] = [line.slope, line.intercept] if line is not None else [None, None]
        cells += [after.ece.value, estimate(after.brier)] if after is not None else [None, None]
        if everybody is not None:
            cells += [estimate(everybody.coverage), everybody.sizes.mean]
        else:
            cells += [None, None]
        cells.append(selective.auroc if selective is not None else None)
        rows.append(
            [
                task.spec.number,
                of_model.model,
                reliability.ece.value,
                estimate(reliability.brier),
                *cells,
            ]
        )
    header = ("", "model", "ECE, debiased", "Brier", "slope", "intercept", "ECE after Platt", "Brier after")
    return Table((*header, "coverage of 90 % sets", "classes a set", "AUROC, surest 80 %"), rows)


def subgroups(result: Result) -> Table:
    """Sensitivity, specificity, accuracy and AUROC by sex and age; groups with too few positive people are refused."""
    rows: list[list[Cell]] = []
    for task, of_model, reliability in _reliable(result):
        groups: dict[tuple[str, str], dict[str, GroupFigure]] = {}
        for cell in reliability.fairness.groups if reliability.fairness is not None else ():
            groups.setdefault((cell.attribute, cell.group), {})[cell.figure] = cell
        for (attribute, group), cells in groups.items():
            first = next(iter(cells.values()))
            shown = [_group(cells.get(name)) for name in ("sensitivity", "specificity", "accuracy", "auroc")]
            people = f"{first.people} ({first.positives})"
            rows.append([task.spec.number, of_model.model, f"{attribute}: {group}", people, *shown])
    header = ("", "model", "group", "people (positive)", "sensitivity", "specificity", "accuracy", "AUROC")
    return Table(header, rows, names=3)


def _reliable(result: Result) -> list[tuple[TaskResult, ModelResult, Reliability]]:
    return [
        (task, of_model, of_model.reliability)
        for task in result.tasks
        for of_model in task.results
        if of_model.protocol == result.protocols[0] and of_model.reliability is not None
    ]


def _group(cell: GroupFigure | None) -> str | None:
    if cell is None:
        return None
    return "too few" if cell.interval is None else estimate(cell.interval)
