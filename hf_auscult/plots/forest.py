"""All tasks on one page: ours with intervals, the published value, and how far one gets without an encoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError
from .style import GREY, Estimate, Saved, bounds, canvas, legend_below, look, save, styled, wrapped


@dataclass(frozen=True)
class ForestRow:
    """One task.

    Attributes:
        task: its name.
        ours: model -> figure with interval; a model that was not run is left out.
        published: best published value, if any.
        shortcut: figure of metadata and recording level, if any.
        note: printed at the right edge ("leaks", "no data").
    """

    task: str
    ours: Mapping[str, Estimate]
    published: float | None = None
    shortcut: float | None = None
    note: str = ""


@styled
def forest_plot(
    rows: Sequence[ForestRow],
    path: str | Path,
    *,
    figure_name: str = "AUROC",
    chance: float | None = 0.5,
    title: str = "",
) -> Saved:
    """Draw one line per task and model.

    Args:
        rows: tasks, first on top.
        path: of the figure.
        figure_name: what is measured.
        chance: value of a guess, drawn as a line; None for none.
        title: above it.

    Raises:
        DataError: no rows.
        ConfigurationError: more than seven models.
    """
    if not rows:
        raise DataError("no tasks to draw", where="rows")
    lanes = _lanes(rows)
    figure, axes = canvas(8.2, 1.5 + _step(lanes) * len(rows) + 0.2 * (1 + (lanes + 2) // 4))
    draw_forest(axes, rows, figure_name=figure_name, chance=chance)
    axes.set_title(title)
    legend_below(figure, axes)
    return save(figure, path)


def draw_forest(
    axes: Any, rows: Sequence[ForestRow], *, figure_name: str, chance: float | None, width: int = 34
) -> None:
    """Draw a forest plot into axes, without title and legend; `width` is that of the tasks' names, in letters."""
    models = list(dict.fromkeys(name for row in rows for name in row.ours))
    lanes = _lanes(rows)
    for number in range(0, len(rows), 2):
        axes.axhspan(number - 0.5, number + 0.5, color="#f3f3f3", linewidth=0, zorder=0)
    for number, name in enumerate(models):
        style = look(number)
        offset = (number - (lanes - 1) / 2) * 0.78 / lanes
        for position, row in enumerate(rows):
            if name in row.ours:
                estimate, height = row.ours[name], position + offset
                axes.plot(bounds(estimate), [height, height], color=style.colour, linewidth=1.6, zorder=2)
                axes.plot(estimate.value, height, style.marker, color=style.colour, markersize=5.5, zorder=3)
        axes.plot([], [], color=style.colour, marker=style.marker, linewidth=1.6, markersize=5.5, label=name)
    for name, label, line, colour in (
        ("published", "published", "-", "black"),
        ("shortcut", "metadata + recording level", (0, (1.5, 1)), GREY),
    ):
        known = [(getattr(row, name), place) for place, row in enumerate(rows) if getattr(row, name) is not None]
        if known:
            value, place = np.array(known, dtype=np.float64).T
            axes.vlines(value, place - 0.42, place + 0.42, colors=colour, linestyles=line, linewidth=2, zorder=1.5)
            axes.plot([], [], color=colour, linestyle=line, linewidth=2, label=label)
    if chance is not None:
        axes.axvline(chance, color=GREY, linewidth=0.8, zorder=1)
    axes.set_yticks(range(len(rows)), [wrapped(row.task, width) for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set(xlabel=f"{figure_name} (95 % interval over people)")
    for position, row in enumerate(rows):
        axes.text(1.01, position, row.note, transform=axes.get_yaxis_transform(), va="center", fontsize=8, color=GREY)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _lanes(rows: Sequence[ForestRow]) -> int:
    """Lines of a task: one a model."""
    return max(1, len({name for row in rows for name in row.ours}))


def _step(lanes: int) -> float:
    """Height of a task in inches."""
    return max(0.45, 0.16 * lanes + 0.14)
