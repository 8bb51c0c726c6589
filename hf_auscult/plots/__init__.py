"""Figures as PNG and SVG: plain data in, two files out, equal data give equal bytes.

Colours are Okabe and Ito's; lines, markers and hatches differ too, so that figures survive grey paper. Needs matplotlib
(``pip install 'hf-auscult[viz]'``), which is imported when something is drawn.
"""

from __future__ import annotations

from .borda import borda_plot
from .calibration import calibration_plot
from .confusion import confusion_plot
from .forest import ForestRow, forest_plot
from .maps import embedding_map, flat_map
from .radar import radar_plot
from .retrieval import RetrievedReport, retrieval_plot
from .roc import roc_plot
from .scaling import scaling_plot
from .style import Saved

__all__ = [
    "ForestRow",
    "RetrievedReport",
    "Saved",
    "borda_plot",
    "calibration_plot",
    "confusion_plot",
    "embedding_map",
    "flat_map",
    "forest_plot",
    "radar_plot",
    "retrieval_plot",
    "roc_plot",
    "scaling_plot",
]
