"""Lines of several models in one picture: ROC, reliability, growth with the training people, losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from .style import GREY, Estimate, Look, Saved, bounds, canvas, legend_below, look, save, styled


@dataclass(frozen=True)
class RocCurve:
    """One ROC curve.

    Attributes:
        false_positive_rate: (points,) ascending.
        sensitivity: (points,) at these rates.
        figure: printed in the legend (the AUROC with its interval).
        band: (3, grid) rates, lower and upper sensitivity of a pointwise band; None for none.
    """

    false_positive_rate: ArrayLike
    sensitivity: ArrayLike
    figure: str
    band: ArrayLike | None = None


class Bins(Protocol):
    """Reliability bins, such as :class:`~hf_auscult.metrics.Reliability`: (bins,) arrays and the error over them."""

    @property
    def predicted(self) -> NDArray[np.float64]:
        """Mean probability."""

    @property
    def observed(self) -> NDArray[np.float64]:
        """Share that came true."""

    @property
    def count(self) -> NDArray[np.int64]:
        """Rows."""

    @property
    def ece(self) -> float:
        """Expected calibration error."""


@styled
def roc_plot(
    panels: Mapping[str, Mapping[str, RocCurve]], path: str | Path, *, title: str = "", positive: str = ""
) -> Saved:
    """Draw ROC curves, one panel beside the other; a model looks alike in all of them.

    Args:
        panels: title of the panel -> model -> curve.
        path: of the picture.
        title: above all panels.
        positive: name of the positive class, for the axes.

    Raises:
        DataError: no curves.
        ConfigurationError: more than seven models.
    """
    names = list(dict.fromkeys(name for curves in panels.values() for name in curves))
    if not names:
        raise DataError("no curves to draw", where="panels")
    figure, grid = canvas(5.4 * len(panels), 5.4 + 0.22 * len(names), columns=len(panels), squeeze=False)
    for axes, (heading, curves) in zip(grid[0], panels.items(), strict=True):
        draw_roc(axes, curves, names, positive)
        axes.set_title(heading)
    for number, name in enumerate(names):
        style = look(number)
        shown = " / ".join(curves[name].figure for curves in panels.values() if name in curves)
        grid[0, 0].plot([], [], color=style.colour, linestyle=style.line, linewidth=1.8, label=f"{name}: {shown}")
    if title:
        figure.suptitle(title)
    figure.legend(loc="outside lower center", ncols=1)
    return save(figure, path)


def draw_roc(axes: Any, curves: Mapping[str, RocCurve], names: Sequence[str], positive: str = "") -> None:
    """Draw curves into axes, without title and legend; a model looks as its place in `names` says."""
    for name, curve in curves.items():
        style = look(names.index(name))
        if curve.band is not None:
            axes.fill_between(*np.asarray(curve.band), color=style.colour, alpha=0.16, linewidth=0)
        axes.plot(
            curve.false_positive_rate,
            curve.sensitivity,
            color=style.colour,
            linestyle=style.line,
            linewidth=1.8,
        )
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8)
    of = f" (positive = {positive})" if positive else ""
    axes.set(xlabel="1 − specificity" + of, ylabel="sensitivity" + of, xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.set_aspect("equal")


@styled
def calibration_plot(curves: Mapping[str, Bins], path: str | Path, *, title: str = "") -> Saved:
    """Draw observed shares over predicted probabilities.

    The bar of a point is the Wilson 95 % interval of its share over the rows of the bin: few rows, long bar. Where
    people have several rows it is too short.

    Args:
        curves: name -> bins.
        path: of the picture.
        title: above it.

    Raises:
        DataError: no curves.
        ConfigurationError: more than seven.
    """
    if not curves:
        raise DataError("no curves to draw", where="curves")
    figure, axes = canvas(5.4, 5.4 + 0.22 * len(curves))
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8)
    for number, (name, bins) in enumerate(curves.items()):
        low, high = _wilson(bins)
        reach = np.maximum([bins.observed - low, high - bins.observed], 0)
        _points(axes, look(number), bins.predicted, bins.observed, reach, f"{name}: plug-in ECE {bins.ece:.3f}")
    axes.set(xlabel="predicted probability", ylabel="share that came true", title=title)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    figure.legend(loc="outside lower center", ncols=1)
    return save(figure, path)


@styled
def scaling_plot(
    series: Mapping[str, Mapping[int, Estimate]],
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
        path: of the picture.
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
        shift = 1.03 ** (number - (len(series) - 1) / 2)  # intervals of equal sizes must not hide each other
        order = sorted(points)
        value = np.array([points[size].value for size in order])
        reach = np.abs(np.array([bounds(points[size]) for size in order]).T - value)
        _points(axes, look(number), np.array(order) * shift, value, reach, name)
    axes.set_xscale("log")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes], rotation=0 if len(sizes) < 8 else 45)
    axes.minorticks_off()
    if chance is not None:
        axes.axhline(chance, color=GREY, linewidth=0.8)
    axes.set(xlabel=unit, ylabel=f"{figure_name} (95 % interval)", title=title)
    legend_below(figure, axes)
    return save(figure, path)


@styled
def loss_plot(
    panels: Mapping[str, Mapping[str, ArrayLike]], path: str | Path, *, unit: str = "optimizer step", title: str = ""
) -> Saved:
    """Draw losses over training, one panel beside the other; a run looks alike in all of them.

    Args:
        panels: what is on the vertical axis -> run -> (2, points) steps and losses.
        path: of the picture.
        unit: of the steps.
        title: above all panels.

    Raises:
        DataError: no losses.
        ConfigurationError: more than seven runs.
    """
    names = list(dict.fromkeys(name for runs in panels.values() for name in runs))
    if not names:
        raise DataError("no losses to draw", where="panels")
    figure, grid = canvas(5 * len(panels), 4.0, columns=len(panels), squeeze=False)
    for axes, (label, runs) in zip(grid[0], panels.items(), strict=True):
        for name, points in runs.items():
            style = look(names.index(name))
            axes.plot(*np.asarray(points), color=style.colour, linestyle=style.line, linewidth=1.6)
        axes.set(xlabel=unit, ylabel=label)
    for number, name in enumerate(names):
        style = look(number)
        grid[0, 0].plot([], [], color=style.colour, linestyle=style.line, linewidth=1.6, label=name)
    if title:
        figure.suptitle(title)
    legend_below(figure, grid[0, 0])
    return save(figure, path)


def price_plot(panels: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]], path: str | Path) -> Saved:
    """Draw what it costs to hide a label: the share of facts that reports keep against the AUROC of the label in them.

    Args:
        panels: dataset -> task -> (share of facts kept, AUROC) from the mask ``paper`` to the mask ``middle``.
        path: of the picture.

    Raises:
        DataError: no tasks.
        ConfigurationError: more than seven tasks of a dataset.
    """
    if not any(panels.values()):
        raise DataError("no tasks to draw", where="tasks")
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    figure, grid = canvas(2.0 + 4.2 * columns, 0.6 + 3.4 * rows, rows=rows, columns=columns, squeeze=False)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for axes, (dataset, tasks) in zip(grid.flat[: len(panels)], panels.items(), strict=True):
        for number, (name, points) in enumerate(tasks.items()):
            kept, auroc = np.asarray(points, dtype=np.float64).T
            _points(axes, look(number), 100 * kept, auroc, None, name)
        axes.axhline(0.5, color="black", linewidth=0.8, linestyle=":")
        axes.set(title=dataset, xlabel="facts kept (%)", ylabel="AUROC of the label in the text", ylim=(0.4, 1.02))
        axes.set_xlim(102, -2)
        axes.legend(loc="lower left", fontsize="small", frameon=False)
    return save(figure, path)


def _points(axes: Any, style: Look, x: Any, y: Any, reach: Any, label: str) -> None:
    axes.errorbar(
        x,
        y,
        yerr=reach,
        color=style.colour,
        linestyle=style.line,
        marker=style.marker,
        markersize=5.5,
        linewidth=1.6,
        elinewidth=1,
        capsize=2.5,
        label=label,
    )


def _wilson(bins: Bins) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    z, n, share = 1.959964, bins.count, bins.observed
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return centre - reach, centre + reach
