"""Test recordings with the three training reports that they retrieve (AcuLa, figure 3)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from ...audio import read
from ...features.logmel import band_centres, display_front_end, log_mel
from ...plots import RetrievedReport, retrieval_plot
from ..examples import Examples
from ..results import file_name
from .aligned import AlignedEncoder
from .pipeline import Pipeline
from .texts import Reports

REPORTS = 3


def plot_retrieved(
    pipeline: Pipeline,
    encoder: AlignedEncoder,
    examples: Examples,
    rows: Mapping[str, np.ndarray],
    reports: Reports,
    folder: Path,
    count: int,
) -> tuple[str, ...]:
    """Draw recordings of every class in turn, chosen by name alone; returns the names of the files.

    Args:
        pipeline: what was retrieved.
        encoder: for its front end.
        examples: all of the task.
        rows: split -> rows of the examples.
        reports: that were searched.
        folder: of the pictures.
        count: how many.
    """
    spec = display_front_end(encoder.embedder.feature_extractor)
    names = []
    for place in chosen(examples, rows["test"])[:count]:
        row = int(rows["test"][place])
        cell = examples.cells[row]
        waveform = read(cell.audio, sampling_rate=spec.sampling_rate).array
        padded = np.pad(waveform, (0, max(0, spec.n_fft - len(waveform))))
        retrieved = [
            RetrievedReport(str(reports.texts[rows["train"][pipeline.first[report]]]), float(similarity))
            for report, similarity in zip(pipeline.neighbours[place], pipeline.similarity[place], strict=True)
        ]
        own = reports.texts[row]
        saved = retrieval_plot(
            log_mel(torch.from_numpy(padded)[None], spec)[0].numpy().T,
            retrieved[:REPORTS],
            folder / f"retrieved-{file_name(cell.entry)}",
            seconds=len(waveform) / spec.sampling_rate,
            band_centres=band_centres(spec),
            title=f"{cell.key}: {_label(examples, row)}",
            caption="" if own is None else f"Its own report, which is not among those searched: {own}",
        )
        names.append(saved.png.name)
    return tuple(names)


def chosen(examples: Examples, test: np.ndarray) -> list[int]:
    """Test people's first recordings by name, in the order of drawing: classes take turns, the last first."""
    first: dict[tuple[str, str], int] = {}
    for place in sorted(range(len(test)), key=lambda place: examples.cells[test[place]].entry):
        first.setdefault((_label(examples, int(test[place])), str(examples.subjects[test[place]])), place)
    labels = sorted({label for label, _ in first}, key=lambda label: (-_class_number(examples, label), label))
    turns = [
        (turn, rank, place)
        for rank, label in enumerate(labels)
        for turn, place in enumerate(place for (other, _), place in first.items() if other == label)
    ]
    return [place for _, _, place in sorted(turns)]


def _label(examples: Examples, row: int) -> str:
    label = examples.labels[row]
    if examples.labels.ndim == 1:
        return examples.classes[int(label)]
    return " + ".join(name for name, carried in zip(examples.classes, label, strict=True) if carried) or "none"


def _class_number(examples: Examples, label: str) -> int:
    return examples.classes.index(label) if label in examples.classes else -1
