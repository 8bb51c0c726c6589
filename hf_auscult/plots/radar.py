"""Class-wise figures of several models as a radar (AuscultaBench, figure 13)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DataError
from .style import Saved, canvas, legend_below, look, save, styled, wrapped


@styled
def radar_plot(
    classes: Sequence[str],
    scores: Mapping[str, ArrayLike],
    path: str | Path,
    *,
    support: Sequence[int] | None = None,
    title: str = "",
) -> Saved:
    """Draw one closed line per model over the classes.

    Args:
        classes: at least three.
        scores: model -> (C,) figures in [0, 1].
        path: of the figure.
        support: (C,) recordings per class, printed below its name.
        title: above it.

    Raises:
        DataError: fewer than three classes, no model, or another number of figures than classes.
    """
    if len(classes) < 3 or not scores:
        raise DataError(f"{len(classes)} classes, {len(scores)} models; a radar needs three classes", where="classes")
    angles = np.linspace(0, 2 * np.pi, len(classes), endpoint=False)
    closed = np.append(angles, angles[0])
    figure, axes = canvas(6.4, 6.0 + (0.35 if title else 0), subplot_kw={"projection": "polar"})
    axes.set_theta_offset(np.pi / 2)
    axes.set_theta_direction(-1)
    for number, (name, given) in enumerate(scores.items()):
        values, style = np.asarray(given, dtype=np.float64), look(number)
        if values.shape != angles.shape or not ((values >= 0) & (values <= 1)).all():
            raise DataError(f"needs {len(classes)} figures in [0, 1], got {values.tolist()}", where=name)
        axes.plot(
            closed,
            np.append(values, values[0]),
            color=style.colour,
            linestyle=style.line,
            marker=style.marker,
            markersize=5,
            linewidth=1.8,
            label=name,
        )
    names = [wrapped(str(name), 14) for name in classes]
    if support is not None:
        names = [f"{name}\n({count})" for name, count in zip(names, support, strict=True)]
    axes.set_xticks(angles, [""] * len(names))
    for angle, name in zip(angles, names, strict=True):
        side, rise = np.sin(angle), np.cos(angle)  # clockwise from the top
        axes.text(
            angle,
            1.06,
            name,
            ha="center" if abs(side) < 0.1 else ("left" if side > 0 else "right"),
            va="center" if abs(rise) < 0.95 else ("bottom" if rise > 0 else "top"),
        )
    axes.set_ylim(0, 1)
    axes.set_yticks([0.2, 0.4, 0.6, 0.8, 1.0])
    axes.set_yticklabels(["0.2", "0.4", "0.6", "0.8", "1"], fontsize=8, color="#555555")
    axes.set_rlabel_position(180 / len(classes))
    if title:
        figure.suptitle(title)
    legend_below(figure, axes)
    return save(figure, path)
