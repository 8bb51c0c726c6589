"""ROC curves with the band that other people would have given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..errors import DataError
from ..metrics import RocBand
from .style import GREY, Saved, canvas, look, save, styled


@styled
def roc_plot(curves: Mapping[str, RocBand], path: str | Path, *, title: str = "", bands: bool = True) -> Saved:
    """Draw ROC curves, each with its pointwise band and its AUROC with interval in the legend.

    Args:
        curves: name -> :func:`~hf_auscult.metrics.roc_band`.
        path: of the figure.
        title: above it.
        bands: whether to fill the bands; with more than three curves they cover each other.

    Raises:
        DataError: no curves.
        ConfigurationError: more than seven.
    """
    if not curves:
        raise DataError("no curves to draw", where="curves")
    figure, axes = canvas(5.4, 5.4 + 0.22 * len(curves))
    for number, (name, band) in enumerate(curves.items()):
        style = look(number)
        if bands:
            axes.fill_between(
                band.false_positive_rate, band.low, band.high, color=style.colour, alpha=0.16, linewidth=0
            )
        points = band.points
        axes.plot(
            points.false_positive_rate,
            points.true_positive_rate,
            color=style.colour,
            linestyle=style.line,
            linewidth=1.8,
            label=f"{name}: {band.auroc}",
        )
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8)
    axes.set(xlabel="1 − specificity", ylabel="sensitivity", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    axes.set_title(title)
    figure.legend(loc="outside lower center", ncols=1)
    return save(figure, path)
