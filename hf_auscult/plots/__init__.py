"""Pictures as PNG and SVG: plain data in, two files out, equal data give equal bytes.

Colours are Okabe and Ito's; lines, markers and hatches differ too, so that figures survive grey paper. Needs matplotlib
(``pip install 'hf-auscult[viz]'``), which is imported when something is drawn.
"""

from __future__ import annotations

from .borda import borda_plot
from .column import column_figure
from .confusion import confusion_plot
from .curves import RocCurve, calibration_plot, loss_plot, price_plot, roc_plot, scaling_plot
from .forest import ForestRow, forest_plot
from .images import RetrievedReport, evidence_plot, retrieval_plot
from .maps import embedding_map, flat_map
from .radar import radar_plot
from .style import Saved

__all__ = [
    "ForestRow",
    "RetrievedReport",
    "RocCurve",
    "Saved",
    "borda_plot",
    "calibration_plot",
    "column_figure",
    "confusion_plot",
    "embedding_map",
    "evidence_plot",
    "flat_map",
    "forest_plot",
    "loss_plot",
    "price_plot",
    "radar_plot",
    "retrieval_plot",
    "roc_plot",
    "scaling_plot",
]
