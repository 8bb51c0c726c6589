"""Results as tables: a suite's own, and the papers' with our figures beside theirs."""

from __future__ import annotations

from .overview import LEGEND, TITLES, differences, missing, overview
from .paper import PAPER_TABLES, PaperTable, paper_table
from .reliance import calibration, subgroups

__all__ = [
    "LEGEND",
    "PAPER_TABLES",
    "TITLES",
    "PaperTable",
    "calibration",
    "differences",
    "missing",
    "overview",
    "paper_table",
    "subgroups",
]
