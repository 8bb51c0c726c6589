"""Borda scores by function, sound type and task type (AuscultaBench, figure 4)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..errors import DataError
from .style import Saved, canvas, legend_below, look, save, styled, wrapped

Panel = Mapping[str, Mapping[str, float]]


@styled
def borda_plot(panels: Mapping[str, Panel], path: str | Path, *, title: str = "") -> Saved:
    """Draw grouped bars, a panel per way of grouping tasks.

    Args:
        panels: panel ("sound type") -> group ("lung") -> model -> score of
            :meth:`~hf_auscult.metrics.BordaCount.score`.
        path: of the figure.
        title: above it.

    Raises:
        DataError: nothing to draw, or groups of different models.
    """
    groups = [group for panel in panels.values() for group in panel.values()]
    if not groups or any(set(group) != set(groups[0]) for group in groups):
        raise DataError("every group of every panel needs the same models", where="panels")
    models = list(groups[0])
    sizes = [len(panel) for panel in panels.values()]
    width = 0.82 / len(models)
    inches = max(6.0, 0.9 + sum(sizes) * max(0.95, 0.34 * len(models)))
    figure, table = canvas(
        inches, 4.2, columns=len(panels), sharey=True, squeeze=False, gridspec_kw={"width_ratios": sizes}
    )
    for axes, (name, panel) in zip(table[0], panels.items(), strict=True):
        for number, model in enumerate(models):
            style = look(number)
            places = np.arange(len(panel)) + (number - (len(models) - 1) / 2) * width
            heights = [group[model] for group in panel.values()]
            bars = axes.bar(
                places, heights, width * 0.94, facecolor=style.colour, hatch=style.hatch, edgecolor="white", label=model
            )
            axes.bar_label(bars, [f"{height:.1f}" for height in heights], fontsize=7, padding=1)
        axes.set_xticks(range(len(panel)), [wrapped(group, 13) for group in panel])
        axes.set(title=name, xlim=(-0.55, len(panel) - 0.45), ylim=(0, len(models) + 0.4))
        axes.tick_params(axis="x", length=0)
    table[0, 0].set_ylabel(f"Borda score (1 to {len(models)})")
    if title:
        figure.suptitle(title)
    legend_below(figure, table[0, 0])
    return save(figure, path)
