"""What others have printed: every figure of the papers' tables, and the best published value of each task."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from ..errors import DataError

EVIDENCE = ("paper", "code", "second-hand")


@dataclass(frozen=True)
class PublishedFigure:
    """A figure as a paper prints it.

    Args:
        suite, table, task: where it stands; the table by the paper's number.
        model: in the paper's name for it.
        metric: of :data:`hf_auscult.evaluation.task.METRICS`, or of retrieval.
        value: shares of 1, or the unit of the value regressed.
        spread: standard deviation over runs (over subjects for errors), where printed.
        note: what is wrong with the figure as printed; empty for most.
    """

    suite: str
    table: str
    task: str
    model: str
    metric: str
    value: float
    spread: float | None
    note: str = ""


@dataclass(frozen=True)
class BestPublished:
    """The highest published value of a task that its evidence supports.

    Args:
        suite, task, metric: what is measured.
        value: as published.
        model: whose it is.
        protocol: how it was obtained, so that nobody compares what cannot be compared.
        evidence: ``paper`` (its own table), ``code`` (its own files) or ``second-hand``.
    """

    suite: str
    task: str
    metric: str
    value: float
    model: str
    protocol: str
    evidence: str


@cache
def published_figures(suite: str) -> tuple[PublishedFigure, ...]:
    """Every printed figure of a suite, in the order of the paper's tables.

    Example:
        >>> [figure.value for figure in published_figures("acula18") if figure.task == "T8"][-1]
        0.77
    """
    rows = (row for row in _rows("published.tsv") if row["suite"] == suite)
    return tuple(
        PublishedFigure(
            **{
                **row,
                "value": float(row["value"]),
                "spread": float(row["spread"]) if row["spread"] else None,
                "note": row["note"] or "",
            }
        )
        for row in rows
    )


@cache
def best_published(suite: str) -> dict[str, BestPublished]:
    """Task number -> the best published value, where there is one.

    Raises:
        DataError: the file is damaged.

    Example:
        >>> best_published("acula18")["T7"].model
        'OPERA-CT'
    """
    found = {}
    for row in _rows("best_published.tsv"):
        if row["evidence"] not in EVIDENCE:
            raise DataError(f"evidence {row['evidence']!r}", where="best_published.tsv", remedy="reinstall")
        if row["suite"] == suite:
            found[row["task"]] = BestPublished(**{**row, "value": float(row["value"])})
    return found


def _rows(name: str) -> Iterator[dict[str, Any]]:
    text = resources.files(__package__).joinpath(name).read_text("utf-8")
    yield from csv.DictReader((line for line in text.splitlines() if not line.startswith("#")), delimiter="\t")
