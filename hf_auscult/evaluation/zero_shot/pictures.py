"""Held-out recordings with the three training reports that they retrieve (AcuLa, figure 3)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ...audio import read
from ...features.logmel import display_front_end, log_mel
from ...plots import RetrievedReport, retrieval_plot
from ..examples import Examples
from .model import AlignedModel
from .result import ZeroShotResult
from .texts import Reports

REPORTS = 3


def draw_examples(
    result: ZeroShotResult,
    model: AlignedModel,
    examples: Examples,
    test: np.ndarray,
    train: tuple[str, ...],
    reports: Reports,
    folder: Path,
    count: int,
) -> tuple[str, ...]:
    """Draw recordings of every class in turn, chosen by name alone; returns the names of the files.

    Args:
        result: whose first mask is drawn.
        model: for its front end.
        examples: all of the task.
        test: places of the held-out ones.
        train: names of the training ones.
        reports: of the first mask.
        folder: of the pictures.
        count: how many.
    """
    found = result.pipelines[0]
    spec = display_front_end(model.extractor)
    of_key = {cell.key: place for place, cell in enumerate(examples.cells)}
    names = []
    for row in chosen(examples, test)[:count]:
        place = int(test[row])
        cell = examples.cells[place]
        waveform = read(cell.audio, sampling_rate=spec.sampling_rate).array
        padded = np.pad(waveform, (0, max(0, spec.n_fft - len(waveform))))
        image = log_mel(torch.from_numpy(padded)[None], spec)[0].numpy().T
        retrieved = [
            RetrievedReport(str(reports.texts[of_key[train[found.first[report]]]]), float(similarity))
            for report, similarity in zip(found.neighbours[row], found.similarity[row], strict=True)
        ]
        own = reports.texts[place]
        saved = retrieval_plot(
            image,
            retrieved[:REPORTS],
            folder / f"retrieved-{_plain(cell.entry)}",
            seconds=len(waveform) / spec.sampling_rate,
            band=(spec.f_min, spec.f_max),
            title=f"{cell.key}, {result.task}: {_label(examples, place)}",
            caption="" if own is None else f"Its own report, which is not among those searched: {own}",
        )
        names.append(saved.png.name)
    return tuple(names)


def chosen(examples: Examples, test: np.ndarray) -> list[int]:
    """Held-out people's first recordings by name, in the order of drawing: classes take turns, the last first."""
    first: dict[tuple[str, str], int] = {}
    for row in sorted(range(len(test)), key=lambda row: examples.cells[test[row]].entry):
        first.setdefault((_label(examples, int(test[row])), str(examples.subjects[test[row]])), row)
    names = sorted({label for label, _ in first}, key=lambda name: (-_number(examples, name), name))
    turns = [
        (turn, place, row)
        for place, name in enumerate(names)
        for turn, row in enumerate(row for (label, _), row in first.items() if label == name)
    ]
    return [row for _, _, row in sorted(turns)]


def _label(examples: Examples, place: int) -> str:
    label = examples.labels[place]
    if examples.labels.ndim == 1:
        return examples.classes[int(label)]
    return " + ".join(name for name, carried in zip(examples.classes, label, strict=True) if carried) or "none"


def _number(examples: Examples, name: str) -> int:
    return examples.classes.index(name) if name in examples.classes else -1


def _plain(text: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "-_." else "-" for sign in text)
