"""A recording's log-mel image, the heat over it, and the annotators' intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...features.logmel import band_centres
from ...features.spec import FrontEnd
from ...files import new_file


def draw(
    target: Path,
    image: np.ndarray,
    heat: np.ndarray,
    spec: FrontEnd,
    sound: Sequence[tuple[float, float]],
    title: str,
) -> None:
    """Write a PNG: what is heard above, where the decision comes from below, bars where the sound was annotated."""
    from matplotlib.figure import Figure

    seconds = len(image) * spec.hop_length / spec.sampling_rate
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    extent = (0.0, seconds, 0.0, float(image.shape[1]))
    options = {"origin": "lower", "aspect": "auto", "extent": extent, "interpolation": "nearest"}
    above.imshow(image.T, cmap="gray_r", **options)
    below.imshow(heat.T, cmap="cividis", **options)
    centres = band_centres(spec)
    ticks = np.linspace(0, len(centres) - 1, 5).round().astype(int)
    for axes in (above, below):
        axes.set_yticks(ticks + 0.5, [f"{centres[tick]:.0f}" for tick in ticks])
        axes.set_ylabel("Hz")
        for start, end in sound:
            axes.axvspan(start, min(end, seconds), ymin=0.96, color="#D55E00", linewidth=0)
    above.set_title(f"{title}\norange: annotated sound", fontsize=9, loc="left")
    below.set_xlabel("seconds")
    above.text(0.995, 0.05, "log-mel", transform=above.transAxes, ha="right", fontsize=8)
    below.text(0.995, 0.05, "evidence", transform=below.transAxes, ha="right", fontsize=8, color="white")
    with new_file(target) as part:
        figure.savefig(part, dpi=110, format="png")
