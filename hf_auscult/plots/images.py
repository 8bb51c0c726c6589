"""Spectrograms: a recording with the reports it retrieves, or with the evidence of a decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from .style import COLOURS, Saved, canvas, save, styled, wrapped

_LETTERS = 78  # per line of a report
_LINES = 9  # of one report
_TICK_GAP = 0.08  # of the height of a picture, between two frequencies: they touch below


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
    band_centres: ArrayLike,
    title: str = "",
    caption: str = "",
) -> Saved:
    """Draw the log-mel spectrogram on the left and the reports, best first, on the right.

    Args:
        spectrogram: (mels, frames), low frequencies first, in any logarithmic unit.
        reports: usually three.
        path: of the figure.
        seconds: length of the recording.
        band_centres: (mels,) in Hz.
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
    left.set(xlabel="seconds", ylabel="Hz")
    left.set_yticks(*_frequencies(np.asarray(band_centres)))
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


@styled
def evidence_plot(
    spectrogram: ArrayLike,
    evidence: ArrayLike,
    path: str | Path,
    *,
    seconds: float,
    band_centres: ArrayLike,
    annotated: Sequence[tuple[float, float]] = (),
    heard: Sequence[tuple[float, float]] | None = None,
    title: str = "",
) -> Saved:
    """Draw what is heard above, where the decision comes from below, and bars where the sound was annotated.

    Args:
        spectrogram: (mels, frames), low frequencies first.
        evidence: (mels, frames) of the same recording.
        path: of the picture.
        seconds: length of the recording.
        band_centres: (mels,) in Hz.
        annotated: begin and end of each annotated sound in seconds.
        heard: begin and end of everything that an annotator judged; the rest is hatched. None: all of it.
        title: above it.

    Raises:
        DataError: tables of other shapes than the bands.
    """
    tables = {"log-mel": np.asarray(spectrogram), "evidence": np.asarray(evidence)}
    centres = np.asarray(band_centres)
    for name, table in tables.items():
        if table.ndim != 2 or len(table) != len(centres):
            raise DataError(f"shape {table.shape} for {len(centres)} bands", where=name)
    figure, both = canvas(9, 4.6, rows=2, sharex=True)
    places, names = _frequencies(centres)
    units = {"log-mel": "log energy", "evidence": "evidence"}
    for axes, (name, table), colours in zip(both, tables.items(), ("gray_r", "cividis"), strict=True):
        extent = (0.0, seconds, 0.0, float(len(table)))
        shown = axes.imshow(table, origin="lower", aspect="auto", cmap=colours, extent=extent, interpolation="nearest")
        figure.colorbar(shown, ax=axes, pad=0.01, label=units[name]).outline.set_visible(False)
        axes.set_yticks(places, names)
        axes.set_ylabel("Hz")
        ink = "white" if name == "evidence" else "black"
        for begin, end in _gaps(heard, seconds):
            axes.axvspan(begin, end, facecolor="none", edgecolor=ink, hatch="///", alpha=0.4, linewidth=0)
        for begin, end in annotated:
            axes.axvspan(begin, min(end, seconds), ymin=0.96, color=COLOURS[1], linewidth=0)
    note = "orange: annotated sound" + ("; hatched: not annotated" if _gaps(heard, seconds) else "")
    both[0].set_title(f"{title}\n{note}", fontsize=9, loc="left")
    both[1].set_xlabel("seconds")
    return save(figure, path)


def _frequencies(centres: NDArray[np.float64]) -> tuple[list[float], list[str]]:
    """Round frequencies in Hz that lie in a picture's bands, and where: bands are one high."""
    steps = [digit * 10.0**power for power in range(1, 5) for digit in (1, 2, 5)]
    inside = [hertz for hertz in steps if centres[0] <= hertz <= centres[-1]] or [centres[0], centres[-1]]
    places = np.interp(inside, centres, np.arange(len(centres)) + 0.5)
    kept: list[int] = []
    for number in reversed(range(len(inside))):  # mel bands crowd the low frequencies
        if not kept or places[kept[-1]] - places[number] >= _TICK_GAP * len(centres):
            kept.append(number)
    return [float(places[number]) for number in kept], [f"{inside[number]:g}" for number in kept]


def _gaps(heard: Sequence[tuple[float, float]] | None, seconds: float) -> list[tuple[float, float]]:
    """What of a recording lies in none of some intervals."""
    gaps, at = [], 0.0
    for begin, end in sorted(heard if heard is not None else [(0.0, seconds)]):
        if begin > at:
            gaps.append((at, begin))
        at = max(at, end)
    return [*gaps, (at, seconds)] if at < seconds else gaps
