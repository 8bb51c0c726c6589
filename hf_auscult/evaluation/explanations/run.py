"""Explaining an encoder on a prepared dataset: heat of held-out recordings against the annotators' intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from tqdm.auto import tqdm

from ...audio import read
from ...data import load_prepared
from ...data.load import manifest_of
from ...data.trained_on import seen_in_training
from ...embedding.cache import Example, FeatureCache
from ...embedding.embedder import Embedder
from ...errors import ConfigurationError, DataError
from ...features.logmel import band_centres
from ...features.spec import FrontEnd
from ...files import write_json
from ...metrics import patient_bootstrap
from ...metrics.intervals import Interval as Bounds
from ...reports.generate import name_of
from ..models import EncoderModel, bench_model
from ..probes import LogisticProbe
from . import EvidenceSpec, Localisation, evidence_of, heat_maps, localise
from .evidence import Interval, spec_of
from .plot import draw

FIGURES = {"time_auroc": None, "pointing": "time_share", "energy": "time_share", "band": "band_share"}
"""Score -> the score that is its chance level; None for one half."""


@dataclass(frozen=True)
class ExplainConfig:
    """What is explained and how.

    Args:
        model: encoder, folder or Hub id.
        data: prepared dataset.
        task: configuration whose annotation says where the sound is.
        output: folder of the results.
        cache: folder of encoded recordings.
        method: of :func:`hf_auscult.evaluation.explanations.heat_maps`.
        recordings: at most so many, the first of the test split by name; 0 for all.
        pictures: of so many of them.
        draws: bootstrap resamples of people.
        seed: of the bootstrap.
    """

    model: str
    data: Path
    task: str
    output: Path
    cache: Path
    method: str = "occlusion"
    recordings: int = 0
    pictures: int = 4
    draws: int = 2000
    seed: int = 0


def explain(config: ExplainConfig, *, progress: bool = True) -> dict[str, Any]:
    """Score the heat of every annotated test recording, and draw some.

    Returns:
        Score -> mean over recordings with its interval over people, and its chance level; also in ``explanation.json``.

    Raises:
        ConfigurationError: an encoder without log-mel windows, or a dataset whose annotation does not say where.
        DataError: no annotated recording in the test split.
    """
    dataset = str(manifest_of(config.data)["dataset"])
    spec = spec_of(dataset, config.task)
    model = bench_model(config.model)
    if not isinstance(model, EncoderModel):
        raise ConfigurationError(f"{config.model} is not an encoder of log-mel windows", remedy="give a model folder")
    front_end = front_end_of(model.embedder)
    direction = _direction(model, config, spec, progress)
    encoder = model.embedder.encoder.eval()
    if config.method == "rollout":
        encoder.set_attn_implementation("eager")  # the fused kernels keep no weights
    scores: list[Localisation] = []
    people, names, skipped = [], [], 0
    chosen = list(_annotated(config, spec))
    if not chosen:
        raise DataError("no annotated recording of the class in the test split", where=config.data)
    if config.recordings:
        chosen = chosen[: config.recordings]
    for row, sound, annotated in tqdm(chosen, f"explain {model.name}", unit="recording", disable=not progress):
        image, heat = recording_heat(encoder, model.embedder, row["audio"], direction, config.method)
        try:
            found = localise(
                heat.astype(np.float64),
                front_end.hop_length / front_end.sampling_rate,
                sound,
                annotated,
                band_centres(front_end),
                spec.band,
            )
        except DataError:
            skipped += 1
            continue
        if len(scores) < config.pictures:
            title = f"{row['recording_id']}: {config.method}, AUROC over time {found.time_auroc:.2f}"
            draw(config.output / f"{row['recording_id']}.png", image, heat, front_end, sound, title)
        scores.append(found)
        people.append(row["subject_id"])
        names.append(row["recording_id"])
    results = _summary(scores, people, config) | {
        "method": config.method,
        "model": model.name,
        "task": f"{dataset}/{config.task}",
        "band_hz": list(spec.band),
        "recordings": len(scores),
        "without_heat": skipped,
        "people": len(set(people)),
        "trained_on": seen_in_training(config.model, dataset, set(people)),
    }
    per_recording = [{"recording_id": name, **asdict(score)} for name, score in zip(names, scores, strict=True)]
    config.output.mkdir(parents=True, exist_ok=True)
    write_json(config.output / "explanation.json", {**results, "per_recording": per_recording})
    return results


def recording_heat(
    encoder: Any, embedder: Embedder, audio: Any, direction: torch.Tensor, method: str
) -> tuple[np.ndarray, np.ndarray]:
    """Log-mel image and heat of a whole recording, (frames, bands) both: windows side by side, padding cut off."""
    extractor, spec = embedder.feature_extractor, front_end_of(embedder)
    waveform = read(audio, sampling_rate=spec.sampling_rate).array
    frames = int(encoder.config.num_frames)
    length = frames * spec.hop_length
    count = -(-len(waveform) // length)
    padded = np.pad(waveform, (0, count * length - len(waveform)))
    # A window gives one frame more than it has hops; the last belongs to the next.
    images = extractor.window_features(padded.reshape(count, length))[:, :frames]
    heat = heat_maps(encoder, torch.from_numpy(images), direction, method).numpy()
    kept = -(-len(waveform) // spec.hop_length)
    return images.reshape(-1, images.shape[2])[:kept], heat.reshape(-1, heat.shape[2])[:kept]


def front_end_of(embedder: Embedder) -> FrontEnd:
    """The log-mel front end of an encoder.

    Raises:
        ConfigurationError: it has none.
    """
    spec = getattr(embedder.feature_extractor, "front_end", None)
    if not isinstance(spec, FrontEnd) or not hasattr(embedder.encoder.config, "num_frames"):
        raise ConfigurationError("the encoder has no log-mel windows", remedy="explain OPERA-GT, AudioMAE or AcuLa")
    return spec


def _direction(model: EncoderModel, config: ExplainConfig, spec: EvidenceSpec, progress: bool) -> torch.Tensor:
    """Weights of the linear probe of the task, in the space of the pooled vector."""
    cache = FeatureCache(config.cache, manifest_of(config.data)["audio_sha256"])
    parts = load_prepared(config.data, config.task)
    data: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
    for name in ("train", "validation"):
        rows = [dict(row) for row in parts[name]]
        features = cache.features(model, [Example(name_of(row), row["audio"]) for row in rows], progress=progress)
        positive = parts[name].features["label"].str2int(spec.positive)
        labels = np.array([int(row["label"] == positive) for row in rows])
        data[name] = features, labels, np.array([row["subject_id"] for row in rows])
    (x, y, _), (held, truth, who) = data["train"], data["validation"]
    penalty = LogisticProbe().fit(x, y, held, truth, subjects_val=who).penalty
    scaler = StandardScaler().fit(x)
    fitted = LogisticRegression(C=penalty, class_weight="balanced", max_iter=5000).fit(scaler.transform(x), y)
    return torch.from_numpy((fitted.coef_[0] / scaler.scale_).astype(np.float32))


def _annotated(
    config: ExplainConfig, spec: EvidenceSpec
) -> Iterator[tuple[Mapping[str, Any], list[Interval], list[Interval]]]:
    test = load_prepared(config.data, config.task)["test"]
    positive = test.features["label"].str2int(spec.positive)
    for row in sorted((dict(row) for row in test), key=lambda row: str(row["recording_id"])):
        found = evidence_of(spec.dataset, row) if row["label"] == positive else None
        if found is not None:
            yield row, *found


def _summary(scores: list[Localisation], people: list[str], config: ExplainConfig) -> dict[str, Any]:
    summary: dict[str, Any] = {}
    for name, chance in FIGURES.items():
        values = np.array([getattr(score, name) for score in scores], np.float64)
        level = 0.5 if chance is None else float(np.mean([getattr(score, chance) for score in scores]))
        try:
            bounds: Bounds | None = patient_bootstrap(
                np.mean, values, subjects=people, draws=config.draws, seed=config.seed
            )
        except DataError:
            bounds = None
        summary[name] = {
            "value": float(values.mean()) if len(values) else None,
            "interval": bounds.to_dict() if bounds is not None else None,
            "chance": level,
        }
    return summary
