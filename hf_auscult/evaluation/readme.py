"""What a benchmark run leaves for people to read: ``README.md`` with its tables."""

from __future__ import annotations

from pathlib import Path

from ..files import write_text
from .figures import suite_figures
from .results import SuiteResult
from .tables import LEGEND, PAPER_TABLES, TITLES, calibration, differences, missing, overview, paper_table, subgroups


def write_report(result: SuiteResult, folder: str | Path) -> Path:
    """Write the tables, whole or not at all."""
    parts = [f"# {result.suite}", f"Made by `{result.command}`." if result.command else "", LEGEND]
    parts += [f"![{name}](figures/{name})" for name in suite_figures(result, Path(folder) / "figures")]
    metrics = dict.fromkeys(metric for task in result.tasks for metric in task.spec.metrics)
    for protocol in result.protocols:
        for metric in metrics:
            parts += [f"## {TITLES[metric]}, {protocol} protocol", overview(result, protocol, metric)]
    compared = differences(result)
    if compared:
        parts += ["## Differences between models", compared]
    for title, text in (("Calibration", calibration(result)), ("By sex and age", subgroups(result))):
        parts += [f"## {title}", text] if text else []
    absent = missing(result)
    if absent:
        parts += ["## Not run", absent]
    for task in result.tasks:
        if task.figures:
            pictures = " ".join(f"![{name}](figures/{name})" for name in task.figures)
            parts += [f"## {task.spec.number}: {task.spec.title}", pictures]
    for key, item in PAPER_TABLES.items():
        if item.suite == result.suite:
            parts += [f"## Table {item.number}: {item.title}", paper_table(key, result, result.protocols[-1])]
    target = Path(folder) / "README.md"
    write_text(target, "\n\n".join(part for part in parts if part) + "\n")
    return target
