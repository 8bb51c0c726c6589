"""Judging a condition: probes on held-out people, retrieval both ways, zero-shot, and what else the embedding knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from tqdm.auto import tqdm

from ...alignment.maps import project_text, ridge_map, store_map
from ...alignment.teachers import default_device
from ...audio import assess
from ...embedding.embedder import by_shape, window_mean
from ...evaluation.probe_evaluation import EvaluationSettings, ProbeResult, evaluate_probe
from ...evaluation.shortcuts import ShortcutResult, ShortcutSpec, evaluate_shortcuts
from ...evaluation.zero_shot.evaluation_set import margins
from ...features import WindowedFeatureExtractor
from ...features.logmel import band_statistics, display_front_end, log_mel
from ...metrics import (
    auroc,
    bidirectional_retrieval,
    debiased_cka,
    effective_rank,
    patient_bootstrap,
    retrieval_intervals,
    zero_shot_scores,
)
from ...models.acula.modeling_acula import AcuLaModel
from .config import EvaluationConfig
from .pairs import Corpus


@dataclass(frozen=True, eq=False)
class Encoded:
    """Every recording of a corpus through one model: pooled (n, dim), and projected, behind its map if any (n, D)."""

    pooled: np.ndarray
    projected: np.ndarray


@torch.inference_mode()
def encode(
    models: Mapping[str, AcuLaModel], corpus: Corpus, extractor: WindowedFeatureExtractor, *, progress: bool = False
) -> dict[str, Encoded]:
    """Embed whole recordings with every model: the duration-weighted mean over windows that cover them.

    Windows are cut and transformed once for all models.
    """
    device = default_device()
    for model in models.values():
        model.eval().to(device)
    rows: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {name: [] for name in models}
    for recording in tqdm(corpus.recordings, "embed", unit="recording", disable=not progress):
        features = extractor.features(recording.waveform, corpus.sampling_rate)
        batches = [(part, images.to(device)) for part, images in by_shape(features.windows, batch_size=32)]
        order = np.argsort([index for part, _ in batches for index in part])
        seconds = torch.tensor(features.seconds)
        for name, model in models.items():
            found = [model(images) for _, images in batches]
            pooled = torch.cat([windows.pooler_output for windows in found])[order]
            projected = torch.cat([windows.audio_embeds for windows in found])[order]
            rows[name].append((window_mean(pooled, seconds), window_mean(projected, seconds)))
    for model in models.values():
        model.cpu()
    return {
        name: Encoded(np.stack([pooled for pooled, _ in found]), np.stack([projected for _, projected in found]))
        for name, found in rows.items()
    }


def log_mel_statistics(corpus: Corpus, extractor: WindowedFeatureExtractor) -> np.ndarray:
    """Return mean, standard deviation and 10th and 90th percentile over time of every band, (n, 4 * bands)."""
    rows, spec = [], display_front_end(extractor)
    for recording in corpus.recordings:
        image = log_mel(torch.from_numpy(recording.waveform)[None], spec)[0].numpy()
        rows.append(band_statistics(image))
    return np.stack(rows).astype(np.float32)


def probe(features: np.ndarray, corpus: Corpus, config: EvaluationConfig, seed: int) -> ProbeResult:
    """Fit and judge linear probes of the run's task."""
    rows = corpus.rows(labelled=True)
    chosen = [corpus.recordings[index] for index in rows]
    return evaluate_probe(
        features[rows],
        [recording.label for recording in chosen],
        [recording.subject_id for recording in chosen],
        [recording.split for recording in chosen],
        probe_settings(config, seed),
    )


def probe_settings(config: EvaluationConfig, seed: int, *, few_labels: bool = True) -> EvaluationSettings:
    """The run's probe: with all labels, and with a fraction of them."""
    return EvaluationSettings(
        fractions=(1.0, config.label_fraction) if few_labels else (1.0,),
        label_draws=config.fraction_draws,
        bootstrap_draws=config.bootstrap_draws,
        seed=seed,
    )


def sex_probe(features: np.ndarray, corpus: Corpus, config: EvaluationConfig, seed: int) -> dict[str, Any] | None:
    """AUROC of a linear probe for the person's sex: what else the embedding carries; `None` without both sexes."""
    known = [index for index in corpus.rows() if corpus.recordings[index].row.get("sex") in ("female", "male")]
    chosen = [corpus.recordings[index] for index in known]
    per_split = {split: {r.row["sex"] for r in chosen if r.split == split} for split in ("train", "validation", "test")}
    if any(len(sexes) < 2 for sexes in per_split.values()):
        return None
    result = evaluate_probe(
        features[known],
        [int(recording.row["sex"] == "female") for recording in chosen],
        [recording.subject_id for recording in chosen],
        [recording.split for recording in chosen],
        probe_settings(config, seed, few_labels=False),
    )
    return result.to_dict()["figures"]["1.0"]["recording"]


def retrieval(
    model: AcuLaModel,
    encoded: Encoded,
    texts: np.ndarray,
    ids: list[str],
    corpus: Corpus,
    config: EvaluationConfig,
    *,
    shared_frame: bool,
    seed: int,
) -> dict[str, Any]:
    """Bidirectional retrieval among the test recordings and their reports.

    Args:
        model: whose projections are compared by cosine when `shared_frame`.
        encoded: of all recordings.
        texts: (n, text_size) teacher embeddings, one report a recording.
        ids: the report texts; equal ones count as one target.
        corpus: the recordings.
        config: bootstrap settings.
        shared_frame: whether the objective, or a map stored in the model, brings both sides into one frame; without it
            a ridge map from pooled audio to teacher space is fitted on training pairs.
        seed: of the bootstrap.
    """
    test = corpus.rows("test")
    if shared_frame:
        audio, text = encoded.projected[test], project_text(model, texts[test])
    else:
        train = corpus.rows("train")
        people = [corpus.recordings[index].subject_id for index in train]
        fitted = ridge_map(encoded.pooled[train], texts[train], subjects=people)
        audio, text = fitted.apply(encoded.pooled[test], centred=True), fitted.centre(texts[test])
    scores = bidirectional_retrieval(audio, text, text_ids=[ids[index] for index in test])
    people = [corpus.recordings[index].subject_id for index in test]
    intervals = retrieval_intervals(scores, people, draws=config.bootstrap_draws, seed=seed)
    return {
        **scores.to_dict(),
        "map": _compared_by(model, shared_frame),
        "intervals": {way: {key: found.to_dict() for key, found in row.items()} for way, row in intervals.items()},
    }


def _compared_by(model: AcuLaModel, shared_frame: bool) -> str:
    if model.retrieval_map is not None:
        return f"cosine behind the model's own {model.config.retrieval_map_kind} map, fitted on training pairs"
    return "cosine of projections" if shared_frame else "ridge map fitted on training pairs"


def with_map(
    model: AcuLaModel, encoded: Encoded, texts: np.ndarray, corpus: Corpus, kind: Literal["procrustes", "ridge"]
) -> Encoded:
    """Fit a map on the training pairs, store it in the model, and return the recordings behind it."""
    train = corpus.rows("train")
    people = [corpus.recordings[index].subject_id for index in train]
    audio = encoded.projected if kind == "procrustes" else encoded.pooled
    fitted = store_map(model, audio[train], texts[train], kind=kind, subjects=people)
    return Encoded(encoded.pooled, fitted.apply(audio, centred=True).astype(np.float32))


def zero_shot_auroc(
    model: AcuLaModel,
    encoded: Encoded,
    prompts: dict[str, np.ndarray],
    corpus: Corpus,
    config: EvaluationConfig,
    seed: int,
) -> dict[str, Any]:
    """AUROC of the cosine with class prompts on the test people; two classes, the second one positive."""
    test = corpus.rows("test", labelled=True)
    projected = {name: project_text(model, rows) for name, rows in prompts.items()}
    scores = margins(zero_shot_scores(encoded.projected[test], projected))[:, 1]
    chosen = [corpus.recordings[index] for index in test]
    interval = patient_bootstrap(
        auroc,
        [recording.label for recording in chosen],
        scores,
        subjects=[recording.subject_id for recording in chosen],
        draws=config.bootstrap_draws,
        seed=seed,
    )
    return interval.to_dict()


def representation(encoded: Encoded, texts: np.ndarray, corpus: Corpus) -> dict[str, float]:
    """Effective rank of the test embeddings and their debiased CKA with the teacher, within this one dataset."""
    test = corpus.rows("test")
    return {
        "effective_rank": effective_rank(encoded.pooled[test], center=True),
        "debiased_cka": debiased_cka(encoded.pooled[test], texts[test]),
    }


def shortcut(corpus: Corpus, config: EvaluationConfig, seed: int) -> ShortcutResult:
    """Probe metadata and loudness alone, with the same people: how far one gets without listening."""
    chosen = [corpus.recordings[index] for index in corpus.rows(labelled=True)]
    rows = [
        {**recording.row, "loudness": assess(recording.waveform, corpus.sampling_rate).loudness_dbfs}
        for recording in chosen
    ]
    return evaluate_shortcuts(
        rows,
        [recording.label for recording in chosen],
        [recording.subject_id for recording in chosen],
        [recording.split for recording in chosen],
        ShortcutSpec().with_level(),
        probe_settings(config, seed),
    )
