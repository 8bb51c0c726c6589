"""Reliability diagram: what was promised and what came true."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..errors import DataError
from ..metrics import Reliability
from .style import GREY, Saved, canvas, look, save, styled


@styled
def calibration_plot(curves: Mapping[str, Reliability], path: str | Path, *, title: str = "") -> Saved:
    """Draw observed shares over predicted probabilities.

    The bar of a point is the Wilson 95 % interval of its share over the rows of the bin: few rows, long bar. Where
    people have several rows it is too short; the ECE's own interval is :func:`~hf_auscult.metrics.patient_bootstrap`.

    Args:
        curves: name -> :func:`~hf_auscult.metrics.reliability`.
        path: of the figure.
        title: above it.

    Raises:
        DataError: no curves.
        ConfigurationError: more than seven.
    """
    if not curves:
        raise DataError("no curves to draw", where="curves")
    figure, axes = canvas(5.4, 5.4 + 0.22 * len(curves))
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8)
    for number, (name, found) in enumerate(curves.items()):
        style = look(number)
        low, high = _wilson(found)
        axes.errorbar(
            found.predicted,
            found.observed,
            yerr=np.maximum([found.observed - low, high - found.observed], 0),
            color=style.colour,
            linestyle=style.line,
            marker=style.marker,
            markersize=5,
            linewidth=1.5,
            elinewidth=0.9,
            label=f"{name}: ECE {found.ece:.3f}",
        )
    axes.set(xlabel="predicted probability", ylabel="share that came true", title=title)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    figure.legend(loc="outside lower center", ncols=1)
    return save(figure, path)


def _wilson(found: Reliability) -> tuple[np.ndarray, np.ndarray]:
    z, n, share = 1.959964, found.count, found.observed
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return centre - reach, centre + reach
