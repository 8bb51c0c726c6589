"""A flat map of an embedding. It shows neighbourhoods; distances between clusters and their sizes mean nothing."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ConfigurationError, DataError
from .style import Saved, canvas, legend_below, look, save, styled

Method = Literal["tsne", "umap"]
_NAMES = {"tsne": "t-SNE", "umap": "UMAP"}


def flat_map(embeddings: ArrayLike, *, method: Method = "tsne", seed: int = 0) -> NDArray[np.float64]:
    """(n, 2) coordinates; equal inputs and seeds give equal maps on one machine.

    Args:
        embeddings: (n, d), at least 4 rows.
        method: "tsne" (scikit-learn) or "umap" (only where umap-learn is installed).
        seed: of the method.

    Raises:
        DataError: fewer than 4 rows or NaN.
        ConfigurationError: an unknown method, or umap-learn is missing.
    """
    rows = np.asarray(embeddings, dtype=np.float64)
    if rows.ndim != 2 or len(rows) < 4 or not np.isfinite(rows).all():
        raise DataError(f"must be at least 4 finite rows, got shape {rows.shape}", where="embeddings")
    if method == "tsne":
        from sklearn.manifold import TSNE

        near = min(30.0, (len(rows) - 1) / 3)
        start = "pca" if rows.shape[1] > 1 else "random"
        flat = TSNE(perplexity=near, init=start, random_state=seed).fit_transform(rows)
    elif method == "umap":
        if find_spec("umap") is None:
            raise ConfigurationError("umap-learn is not installed", remedy="pip install umap-learn, or use 'tsne'")
        flat = import_module("umap").UMAP(random_state=seed).fit_transform(rows)
    else:
        raise ConfigurationError(f"unknown method {method!r}", remedy="use 'tsne' or 'umap'")
    return np.asarray(flat, dtype=np.float64)


@styled
def embedding_map(
    embeddings: ArrayLike,
    labels: Sequence[str],
    path: str | Path,
    *,
    method: Method = "tsne",
    seed: int = 0,
    title: str = "",
    hollow: Sequence[bool] | None = None,
) -> Saved:
    """Draw every row at its place, coloured and marked by its label.

    Args:
        embeddings: (n, d).
        labels: (n,) class, dataset or device of each row; at most seven of them.
        path: of the figure.
        method: as in :func:`flat_map`.
        seed: of the method.
        title: above it.
        hollow: (n,) rows that are drawn as outlines: recordings that a probe was trained on, beside filled test ones.

    Raises:
        DataError: as :func:`flat_map`, or another number of labels.
        ConfigurationError: as :func:`flat_map`, or more than seven labels.
    """
    flat = flat_map(embeddings, method=method, seed=seed)
    names = np.asarray(labels).astype(str)
    if names.shape != (len(flat),):
        raise DataError(f"shape {names.shape} for {len(flat)} rows", where="labels")
    outlined = np.zeros(len(flat), bool) if hollow is None else np.asarray(hollow, bool)
    figure, axes = canvas(6.0, 6.0)
    kinds, counts = np.unique(names, return_counts=True)
    size = float(np.clip(1500 / len(flat), 6, 40))
    for number, place in enumerate(np.argsort(-counts, kind="stable")):  # rare labels are drawn last, on top
        style, rows = look(number), names == kinds[place]
        common = {"s": size, "marker": style.marker, "alpha": 0.75}
        axes.scatter(*flat[rows & outlined].T, facecolors="none", edgecolors=style.colour, linewidths=0.8, **common)
        label = f"{kinds[place]} ({counts[place]})"
        filled = flat[rows & ~outlined].T
        axes.scatter(*filled, color=style.colour, linewidths=0.3, edgecolors="white", label=label, **common)
    note = "; outlines: not test" if outlined.any() else ""
    axes.set(xticks=[], yticks=[], title=title, xlabel=f"{_NAMES[method]}, seed {seed}; axes have no unit{note}")
    axes.spines[:].set_visible(False)
    legend_below(figure, axes)
    for handle in figure.legends[0].legend_handles:
        handle.set_sizes([45.0])
    return save(figure, path)
