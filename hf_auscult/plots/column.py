"""A benchmark in one column of a paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import DataError
from .curves import RocCurve, draw_roc
from .forest import ForestRow, draw_forest
from .style import COLUMN, COLUMN_RC, canvas, look, save_as, styled


@styled
def column_figure(
    rows: Sequence[ForestRow],
    curves: Mapping[str, RocCurve],
    path: str | Path,
    *,
    figure_name: str = "AUROC",
    chance: float | None = 0.5,
    roc_title: str = "",
    positive: str = "",
) -> Path:
    """Draw (a) a forest plot of tasks and (b) ROC curves of one of them, in 8 pt and the width of a journal's column.

    Args:
        rows: tasks, first on top.
        curves: model -> curve; none for a figure without (b).
        path: ends in .pdf, .svg or .png.
        figure_name, chance: of the forest plot, see :func:`forest_plot`.
        roc_title, positive: task and positive class of the curves.

    Raises:
        DataError: no rows.
        ConfigurationError: more than seven models, or another suffix.

    Example:
        `hf-auscult tables results --figure paper.pdf`
    """
    import matplotlib

    if not rows:
        raise DataError("no tasks to draw", where="rows")
    models = list(dict.fromkeys(name for row in rows for name in row.ours))
    matplotlib.rcParams.update(COLUMN_RC)  # undone with the package's other settings
    forest = 0.6 + len(rows) * max(0.3, 0.12 * len(models) + 0.08)
    parts = [forest, 0.8 * COLUMN] if curves else [forest]  # a square beside the tasks' names
    legend = 0.16 * (len(models) + 3)
    figure, axes = canvas(COLUMN, sum(parts) + legend, rows=len(parts), height_ratios=parts, squeeze=False)
    draw_forest(axes[0, 0], rows, figure_name=figure_name, chance=chance, width=20)
    if curves:
        draw_roc(axes[1, 0], curves, models, positive)
        axes[0, 0].set_title("(a)", loc="left")
        axes[1, 0].set_title(f"(b) {roc_title}", loc="left")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    for handle, label in zip(handles, labels, strict=True):
        if label in models:
            handle.set_linestyle(look(models.index(label)).line)  # as in (b)
    figure.legend(handles, labels, loc="outside lower left", ncols=1)
    return save_as(figure, path)
