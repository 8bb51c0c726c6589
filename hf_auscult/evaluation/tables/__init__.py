"""Results as tables: a suite's own, and the papers' with our metrics beside theirs."""

from __future__ import annotations

from .overview import LEGEND, differences, missing, overview
from .paper import PAPER_TABLES, PaperTable, paper_table
from .reliability import calibration, subgroups

__all__ = [
    "LEGEND",
    "PAPER_TABLES",
    "PaperTable",
    "calibration",
    "differences",
    "missing",
    "overview",
    "paper_table",
    "subgroups",
]
