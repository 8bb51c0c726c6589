"""How a figure grows with the number of training recordings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..errors import DataError
from ..metrics import Interval
from .style import GREY, Saved, canvas, legend_below, look, save, styled


@styled
def scaling_plot(
    series: Mapping[str, Mapping[int, Interval]],
    path: str | Path,
    *,
    figure_name: str = "AUROC",
    unit: str = "training people",
    chance: float | None = 0.5,
    title: str = "",
) -> Saved:
    """Draw one line per model over sizes on a logarithmic axis, each point with its interval.

    Args:
        series: model -> size -> figure.
        path: of the figure.
        figure_name: what is measured.
        unit: what the sizes count.
        chance: value of a guess; None for none.
        title: above it.

    Raises:
        DataError: nothing to draw, or a size below 1.
    """
    sizes = sorted({size for points in series.values() for size in points})
    if not sizes or sizes[0] < 1:
        raise DataError(f"sizes {sizes[:3]}; at least one, from 1 up", where="series")
    figure, axes = canvas(6.4, 4.4)
    for number, (name, points) in enumerate(series.items()):
        style = look(number)
        shift = 1.03 ** (number - (len(series) - 1) / 2)  # intervals of equal sizes must not hide each other
        order = sorted(points)
        places, value = [size * shift for size in order], [points[size].value for size in order]
        reach = [
            [points[size].value - points[size].low for size in order],
            [points[size].high - points[size].value for size in order],
        ]
        axes.errorbar(
            places,
            value,
            yerr=reach,
            color=style.colour,
            linestyle=style.line,
            marker=style.marker,
            markersize=5.5,
            linewidth=1.6,
            elinewidth=1,
            capsize=2.5,
            label=name,
        )
    axes.set_xscale("log")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes], rotation=0 if len(sizes) < 8 else 45)
    axes.minorticks_off()
    if chance is not None:
        axes.axhline(chance, color=GREY, linewidth=0.8)
    axes.set(xlabel=unit, ylabel=f"{figure_name} (95 % interval)", title=title)
    legend_below(figure, axes)
    return save(figure, path)
