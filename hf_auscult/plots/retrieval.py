"""One recording and the reports it retrieves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DataError
from .style import Saved, canvas, save, styled, wrapped

_LETTERS = 78  # per line of a report
_LINES = 9  # of one report


@dataclass(frozen=True)
class RetrievedReport:
    """A report, its similarity, and whether it is the recording's own."""

    text: str
    similarity: float
    own: bool = False


@styled
def retrieval_plot(
    spectrogram: ArrayLike,
    reports: Sequence[RetrievedReport],
    path: str | Path,
    *,
    seconds: float,
    band: tuple[float, float],
    title: str = "",
    caption: str = "",
) -> Saved:
    """Draw the log-mel spectrogram on the left and the reports, best first, on the right.

    Args:
        spectrogram: (mels, frames), low frequencies first, in any logarithmic unit.
        reports: usually three.
        path: of the figure.
        seconds: length of the recording.
        band: lowest and highest frequency in Hz.
        title: of the query.
        caption: under the reports ("its own report stands at rank 7 of 90").

    Raises:
        DataError: no reports, or a spectrogram that is no finite table.
    """
    image = np.asarray(spectrogram, dtype=np.float64)
    if image.ndim != 2 or not image.size or not np.isfinite(image).all():
        raise DataError(f"must be a finite (mels, frames) table, got shape {image.shape}", where="spectrogram")
    if not reports:
        raise DataError("no reports to draw", where="reports")
    blocks = []
    for place, report in enumerate(reports, start=1):
        lines = wrapped(" ".join(report.text.split()), _LETTERS).split("\n")
        if len(lines) > _LINES:
            lines = [*lines[: _LINES - 1], f"{lines[_LINES - 1][: _LETTERS - 2]} …"]
        mark = ", its own report" if report.own else ""
        blocks.append((f"{place}. cosine {report.similarity:.2f}{mark}", lines, report.own))
    rows = max(15, sum(len(lines) + 2 for _, lines, _ in blocks) + (2 if caption else 0))
    height = 0.175 * rows + 0.8
    figure, (left, right) = canvas(12, height, columns=2, gridspec_kw={"width_ratios": [1, 1.05]})
    mels = image.shape[0]
    shown = left.imshow(image, origin="lower", aspect="auto", cmap="magma", extent=(0, seconds, 0, mels))
    left.set(xlabel="seconds", ylabel=f"mel band ({band[0]:g}–{band[1]:g} Hz)")
    left.set_title(wrapped(title, 60), loc="left")
    figure.colorbar(shown, ax=left, pad=0.01, label="log energy").outline.set_visible(False)
    right.axis("off")
    right.set(xlim=(0, 1), ylim=(rows, 0))
    line = 0.0
    for head, lines, own in blocks:
        right.text(0.02, line, head, va="top", weight="bold", fontsize=9.5)
        right.text(0.02, line + 1.1, "\n".join(lines), va="top", fontsize=9, linespacing=1.25)
        if own:
            right.plot([0, 0], [line, line + len(lines) + 1.1], color="black", linewidth=2.5, clip_on=False)
        line += len(lines) + 2
    if caption:
        right.text(0.02, line, wrapped(caption, _LETTERS + 8), va="top", fontsize=9, style="italic")
    return save(figure, path)
