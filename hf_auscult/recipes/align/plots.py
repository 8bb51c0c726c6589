"""A run's figures: losses, ROC curves, and one recording with the reports it retrieves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ...alignment.maps import project_text
from ...features.logmel import band_centres, display_front_end, log_mel
from ...metrics import roc_points
from ...metrics.retrieval import unit_rows
from ...models.acula.modeling_acula import AcuLaModel
from ...plots import RetrievedReport, RocCurve, loss_plot, retrieval_plot, roc_plot
from .evaluation import Embeddings, Evaluator
from .results import AlignResult

# What the ROC figure compares, beside models aligned elsewhere: many more curves would cover each other.
ROC_CONDITIONS = ("before", "aligned", "shuffled", "label_supervision")


def draw_losses(result: AlignResult, path: Path) -> None:
    """Draw alignment losses and those of the encoder's own objective, of every trained condition over steps."""
    names = {
        "alignment_loss": f"alignment loss ({result.config.objective})",
        "reconstruction_loss": "loss of the encoder's own objective",
    }
    panels: dict[str, dict[str, np.ndarray]] = {}
    for key, label in names.items():
        for name, row in result.conditions.items():
            points = [(entry["step"], entry[key]) for entry in row.history if key in entry]
            if points and name != "before":
                panels.setdefault(label, {})[row.condition.title] = np.array(points).T
    if panels:
        loss_plot(panels, path)


def draw_roc(result: AlignResult, evaluator: Evaluator, path: Path) -> None:
    """Draw ROC curves of a few conditions on the held-out people, for all and for few labels."""
    corpus, few = evaluator.corpus, result.config.evaluation.label_fraction
    headings = {1.0: "all labels", few: f"{100 * few:g} % of the labels (mean of draws)"}
    labels = np.array([recording.label for recording in corpus.take(corpus.rows(labelled=True))])
    panels: dict[str, dict[str, RocCurve]] = {}
    for fraction, heading in headings.items():
        for name in (*ROC_CONDITIONS, *(Path(path).name for path in result.config.compare)):
            if name not in result.conditions:
                continue
            condition, probe = result.conditions[name].condition, result.conditions[name].probe
            points = roc_points(labels[probe.test_rows], probe.test_scores[fraction][:, 1])
            panels.setdefault(heading, {})[condition.title] = RocCurve(
                points.false_positive_rate, points.true_positive_rate, str(probe.figures[fraction].recording)
            )
    people = result.data.splits["test"].people
    title = f"{corpus.dataset} {result.config.data.task}, {people} held-out people"
    roc_plot(panels, path, title=title, positive=corpus.classes[-1])


def draw_retrieval(model: AcuLaModel, embeddings: Embeddings, evaluator: Evaluator, path: Path) -> None:
    """Draw one held-out recording, chosen by its id alone, with the three reports it retrieves."""
    corpus, texts = evaluator.corpus, evaluator.reports.texts
    test = corpus.rows("test")
    positive = [row for row in test if corpus.recordings[row].label == 1] or test
    query = min(positive, key=lambda row: corpus.recordings[row].recording_id)
    recording = corpus.recordings[query]
    text = project_text(model, evaluator.reports.first(test))
    similarity = unit_rows(embeddings.projected[query][None]) @ unit_rows(text).T
    order = np.argsort(-similarity[0], kind="stable")
    rank = int(np.flatnonzero(order == test.index(query))[0]) + 1
    spec = display_front_end(evaluator.extractor)
    label = corpus.classes[recording.label] if recording.label >= 0 else "unknown"
    retrieval_plot(
        log_mel(torch.from_numpy(recording.waveform[:])[None], spec)[0].numpy().T,
        [
            RetrievedReport(texts[test[position]], float(similarity[0, position]), own=test[position] == query)
            for position in order[:3]
        ],
        path,
        seconds=len(recording.waveform) / corpus.sampling_rate,
        band_centres=band_centres(spec),
        title=f"query {recording.recording_id} ({evaluator.config.data.task}: {label})",
        caption=f"Its own report stands at rank {rank} of {len(test)}.",
    )
