"""A run's pictures: losses, ROC curves, and one recording with the reports it retrieves."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...alignment.maps import project_text
from ...features.logmel import display_front_end, log_mel
from ...metrics import roc_points

COLOURS = {
    "before": "#8a8a8a",
    "aligned": "#0b6e99",
    "audio_only": "#c7a76c",
    "shuffled": "#c0392b",
    "shuffled_within_label": "#e59866",
    "context_only": "#7d6b91",
    "label_supervision": "#3a7d44",
}


def _figure(columns: int, width: float, height: float) -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False, "figure.dpi": 130})
    return plt.subplots(1, columns, figsize=(width, height), layout="constrained")


def _save(figure: Any, path: Path) -> None:
    import matplotlib.pyplot as plt

    figure.savefig(path)
    plt.close(figure)


def loss_curves(results: Mapping[str, Any], path: Path) -> None:
    """Draw alignment and reconstruction losses of every trained condition over steps."""
    figure, axes = _figure(2, 10, 3.8)
    names = {"alignment_loss": f"alignment loss ({results['config']['training'].get('objective', 'infonce')})"}
    names["reconstruction_loss"] = "masked reconstruction loss"
    for axis, (key, label) in zip(axes, names.items(), strict=True):
        for name, found in results["conditions"].items():
            points = [(entry["step"], entry[key]) for entry in found["history"] if key in entry]
            if points and name in COLOURS and name != "before":
                axis.plot(*zip(*points, strict=True), label=found["title"], color=COLOURS[name], linewidth=1.6)
        axis.set(xlabel="optimizer step", ylabel=label)
        axis.legend(frameon=False, fontsize=8)
    _save(figure, path)


def roc(results: Mapping[str, Any], judged: Any, path: Path) -> None:
    """Draw ROC curves of before, aligned and shuffled on the held-out people, for all and for few labels."""
    few = results["config"]["evaluation"]["label_fraction"]
    figure, axes = _figure(2, 10, 4.6)
    labels = np.asarray([recording.label for recording in judged.corpus.recordings])
    known = np.flatnonzero(labels >= 0)
    for axis, fraction in zip(axes, (1.0, few), strict=True):
        for name in ("before", "aligned", "shuffled", "label_supervision"):
            if name not in judged.probes:
                continue
            probe = judged.probes[name]
            points = roc_points(labels[known[probe.test_rows]], probe.test_scores[fraction][:, 1])
            found = results["conditions"][name]
            value = found["probe"]["figures"][str(fraction)]["recording"]["value"]
            label = f"{found['title']} ({value:.2f})"
            axis.plot(
                points.false_positive_rate, points.true_positive_rate, color=COLOURS[name], linewidth=1.8, label=label
            )
        axis.plot([0, 1], [0, 1], color="#cccccc", linewidth=1, linestyle="--")
        title = "all labels" if fraction == 1 else f"{100 * fraction:g} % of the labels (mean of draws)"
        axis.set(title=title, xlabel="1 − specificity", ylabel="sensitivity", aspect="equal")
        axis.legend(frameon=False, fontsize=8, loc="lower right")
    test = results["data"]["splits"]["test"]
    figure.suptitle(
        f"{results['data']['dataset']} {results['config']['data']['task']}, {test['people']} held-out people"
    )
    _save(figure, path)


def retrieval_example(judged: Any, model: Any, path: Path) -> None:
    """Draw one held-out recording, chosen by its id alone, with the three reports it retrieves."""
    corpus = judged.corpus
    test = corpus.rows("test")
    positive = [index for index in test if corpus.recordings[index].label == 1] or test
    query = min(positive, key=lambda index: corpus.recordings[index].recording_id)
    audio, text = judged.encoded["aligned"].projected, project_text(model, judged.texts[test])
    similarity = _unit(audio[query][None]) @ _unit(text).T
    order = np.argsort(-similarity[0], kind="stable")
    recording = corpus.recordings[query]
    spec = display_front_end(judged.extractor)
    image = log_mel(torch.from_numpy(recording.waveform)[None], spec)[0].numpy().T
    figure, axes = _figure(2, 12, 4.4)
    seconds = len(recording.waveform) / corpus.sampling_rate
    axes[0].imshow(image, origin="lower", aspect="auto", cmap="magma", extent=(0, seconds, 0, spec.n_mels))
    axes[0].set(xlabel="seconds", ylabel=f"mel band ({spec.f_min:g}–{spec.f_max:g} Hz)")
    label = corpus.classes[recording.label] if recording.label >= 0 else "unknown"
    axes[0].set_title(f"query {recording.recording_id} ({judged.config.data.task}: {label})", fontsize=10)
    rank = int(np.flatnonzero(order == test.index(query))[0]) + 1
    lines = []
    for place, position in enumerate(order[:3], start=1):
        mark = "  ← its own report" if test[position] == query else ""
        body = textwrap.fill(judged.reports[test[position]], 84)
        lines.append(f"{place}.  cosine {similarity[0, position]:.2f}{mark}\n{body}")
    lines.append(f"Its own report stands at rank {rank} of {len(test)}.")
    axes[1].axis("off")
    axes[1].text(0, 1, "\n\n".join(lines), va="top", fontsize=8.5, family="sans-serif")
    axes[1].set_title("top three retrieved reports", fontsize=10, loc="left")
    _save(figure, path)


def _unit(rows: np.ndarray) -> np.ndarray:
    scaled: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return scaled
