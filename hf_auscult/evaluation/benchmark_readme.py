"""What a benchmark run leaves for people to read: ``README.md`` with its tables and plots, and the tables as files."""

from __future__ import annotations

import re
from pathlib import Path

from ..files import write_text
from ..metrics.tables import Table
from .benchmark_plots import plot_suite
from .results import Result
from .tables import LEGEND, PAPER_TABLES, calibration, differences, missing, overview, paper_table, subgroups
from .task import lower_is_better, metric_title


def write_readme(result: Result, folder: str | Path) -> Path:
    """Write ``README.md``, and each of its tables as CSV and LaTeX into ``tables``."""

    def titled(title: str, table: Table) -> list[str]:
        stem = Path(folder) / "tables" / re.sub(r"\W+", "-", title.lower()).strip("-")
        write_text(stem.with_suffix(".csv"), table.csv())
        write_text(stem.with_suffix(".tex"), table.latex() + "\n")
        return [f"## {title}", table.markdown()]

    parts = [f"# {result.suite}", f"Made by `{result.command}`." if result.command else "", LEGEND]
    parts += [f"![{name}](plots/{name})" for name in plot_suite(result, Path(folder) / "plots")]
    metrics = dict.fromkeys(metric for task in result.tasks if not task.missing for metric in task.spec.metrics)
    for protocol in result.protocols:
        for metric in metrics:
            title = metric_title(metric) + (" (lower is better)" if lower_is_better(metric) else "")
            parts += titled(f"{title}, {protocol} protocol", overview(result, protocol, metric))
    for title, table in (
        ("Differences between models", differences(result)),
        ("Calibration", calibration(result)),
        ("By sex and age", subgroups(result)),
        ("Not run", missing(result)),
    ):
        parts += titled(title, table) if table.rows else []
    for task in result.tasks:
        if task.plots:
            plots = " ".join(f"![{name}](plots/{name})" for name in task.plots)
            parts += [f"## {task.spec.number}: {task.spec.title}", plots]
    for key, item in PAPER_TABLES.items():
        if item.suite == result.suite:
            table = paper_table(key, result, result.protocols[-1])
            parts += titled(f"Table {item.number}: {item.title}", table)
    target = Path(folder) / "README.md"
    write_text(target, "\n\n".join(part for part in parts if part) + "\n")
    return target
