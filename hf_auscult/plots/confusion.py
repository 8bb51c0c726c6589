"""Confusion matrices, one beside the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DataError
from .style import Saved, canvas, save, styled, wrapped


@styled
def confusion_plot(tables: Mapping[str, ArrayLike], labels: Sequence[str], path: str | Path) -> Saved:
    """Draw counts, shaded and labelled with the share of the true class.

    Args:
        tables: title -> (C, C) counts, rows are the truth.
        labels: names of the classes.
        path: of the figure.

    Raises:
        DataError: no table, or one that is not (C, C) of non-negative numbers.
    """
    size = len(labels)
    if not tables:
        raise DataError("no tables to draw", where="tables")
    side = max(2.6, 0.8 * size + 0.6)
    figure, grid = canvas(len(tables) * (side + 1.1) + 1.2, side + 1.2, columns=len(tables), squeeze=False)
    for axes, (title, given) in zip(grid[0], tables.items(), strict=True):
        counts = np.asarray(given)
        if counts.shape != (size, size) or (counts < 0).any():
            raise DataError(f"must be ({size}, {size}) counts, got shape {counts.shape}", where=title)
        support = counts.sum(axis=1, keepdims=True)
        share = counts / np.maximum(support, 1)
        image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
        for row in range(size):
            for column in range(size):
                text = f"{counts[row, column]:,}\n{100 * share[row, column]:.0f} %" if support[row, 0] else "0"
                colour = "white" if share[row, column] > 0.55 else "black"
                axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=9)
        names = [wrapped(str(label), 12) for label in labels]
        long = max(len(part) for name in names for part in name.split("\n")) > 7 and size > 2
        axes.set_xticks(range(size), names, rotation=35 if long else 0, ha="right" if long else "center")
        axes.set_yticks(range(size), [f"{name}\n(n={int(n)})" for name, n in zip(names, support[:, 0], strict=True)])
        axes.set(title=title, xlabel="decided", ylabel="true")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=list(grid[0]), fraction=0.05, pad=0.03, shrink=0.9, label="share of the true class")
    bar.outline.set_visible(False)
    return save(figure, path)
