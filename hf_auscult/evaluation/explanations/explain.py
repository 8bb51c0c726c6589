"""Explaining an encoder on a prepared dataset: heat of test recordings against the annotators' intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
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
from ...files import output_folder, write_json
from ...metrics import mean_hits
from ...plots import evidence_plot
from ...reports.generate import name_of
from ..estimates import Bootstrap, Estimate, estimate
from ..models import EncoderModel, find_encoder
from ..probes import ProbeSettings, fit_linear
from .evidence import EvidenceSpec, Interval, evidence_of, spec_of
from .heat import heat_maps
from .localisation import Localisation, localise

SCORES = {"time_auroc": None, "pointing": "time_share", "energy": "time_share", "band": "band_share"}
"""Score -> the score that is its chance level; None for one half."""


@dataclass(frozen=True)
class ExplainSettings:
    """What is explained and how.

    Args:
        model: encoder, folder or Hub id.
        data: prepared dataset.
        task: configuration whose annotation says where the sound is.
        output: folder of the results, which appears whole.
        overwrite: replace the folder of an earlier run.
        cache: folder of encoded recordings.
        method: of :func:`hf_auscult.evaluation.explanations.heat_maps`.
        recordings: at most so many, the first of the test split by name; 0 for all.
        pictures: of so many of them.
        bootstrap: resamples of people.
    """

    model: str
    data: Path
    task: str
    output: Path
    cache: Path
    method: str = "occlusion"
    recordings: int = 0
    pictures: int = 4
    bootstrap: Bootstrap = field(default_factory=Bootstrap)
    overwrite: bool = False


@dataclass(frozen=True)
class ScoreWithChance:
    """Mean of a score over recordings with its interval over people, beside what needs no model.

    Attributes:
        estimate: of the heat.
        chance: what heat without meaning would score.
        loudness: what the loudness of the frames scores in its place: annotated sounds are often louder than the rest,
            so this, and not chance, is the floor; None for the band, of which loudness says nothing.
    """

    estimate: Estimate
    chance: float
    loudness: Estimate | None = None


@dataclass(frozen=True)
class Explanation:
    """What :func:`explain` returns, also in ``explanation.json``.

    Attributes:
        scores: name of a score (see :data:`SCORES`) -> its mean.
        method, model, task: what was explained.
        band_hz: frequencies in which the sound is expected.
        without_heat: recordings without a score: nothing in them speaks for the class.
        people: in the recordings with a score.
        trained_on: how many of them the model was trained on; None where its folder does not say.
        per_recording: name of a recording -> its scores.
    """

    scores: Mapping[str, ScoreWithChance]
    method: str
    model: str
    task: str
    band_hz: tuple[float, float]
    without_heat: int
    people: int
    trained_on: int | None
    per_recording: Mapping[str, Localisation]

    @property
    def recordings(self) -> int:
        """Number of recordings with a score."""
        return len(self.per_recording)

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        out = asdict(self)
        for name, score in self.scores.items():
            interval = score.estimate.interval
            out[name] = {
                "value": score.estimate.value,
                "interval": interval.to_dict() if interval is not None else None,
                "chance": score.chance,
                "loudness": None if score.loudness is None else score.loudness.value,
            }
        del out["scores"]
        rows = [{"recording_id": name, **asdict(score)} for name, score in self.per_recording.items()]
        return {**out, "recordings": self.recordings, "per_recording": rows}


def explain(settings: ExplainSettings, *, progress: bool = True) -> Explanation:
    """Score the heat of every annotated test recording, and draw some.

    Raises:
        ConfigurationError: an encoder without log-mel windows, a dataset whose annotation does not say where, or an
            output folder that would be lost.
        DataError: no annotated recording in the test split.
    """
    with output_folder(settings.output, overwrite=settings.overwrite) as folder:
        return _explain(replace(settings, output=folder), progress)


def _explain(settings: ExplainSettings, progress: bool) -> Explanation:
    dataset = str(manifest_of(settings.data)["dataset"])
    spec = spec_of(dataset, settings.task)
    model = find_encoder(settings.model)
    if not isinstance(model, EncoderModel):
        raise ConfigurationError(f"{settings.model} is not an encoder of log-mel windows", remedy="give a model folder")
    front_end = front_end_of(model.embedder)
    direction = _direction(model, settings, spec, progress)
    encoder = model.embedder.encoder.eval()
    if settings.method == "rollout":
        encoder.set_attn_implementation("eager")  # the fused kernels keep no weights
    annotated_rows = list(_annotated(settings, spec))[: settings.recordings or None]
    if not annotated_rows:
        raise DataError("no annotated recording of the class in the test split", where=settings.data)
    scores: dict[str, Localisation] = {}
    floors: list[Localisation] = []
    subjects: list[str] = []
    centres = band_centres(front_end)
    for row, sound, annotated in tqdm(annotated_rows, f"explain {model.name}", unit="recording", disable=not progress):
        image, heat, loudness = recording_heat(encoder, model.embedder, row["audio"], direction, settings.method)
        seconds_per_frame = front_end.hop_length / front_end.sampling_rate
        try:
            found = localise(heat.astype(np.float64), seconds_per_frame, sound, annotated, centres, spec.band)
        except DataError:  # nothing in it speaks for the class
            continue
        if len(scores) < settings.pictures:
            evidence_plot(
                image.T,
                heat.T,
                settings.output / str(row["recording_id"]),
                seconds=len(image) * seconds_per_frame,
                band_centres=centres,
                annotated=sound,
                heard=annotated,
                title=f"{row['recording_id']}: {settings.method}, AUROC over time {found.time_auroc:.2f}",
            )
        floors.append(localise(loudness[:, None], seconds_per_frame, sound, annotated, centres[:1], spec.band))
        scores[row["recording_id"]] = found
        subjects.append(row["person"])
    explanation = Explanation(
        scores=_means(list(scores.values()), floors, subjects, settings.bootstrap),
        method=settings.method,
        model=model.name,
        task=f"{dataset}/{settings.task}",
        band_hz=spec.band,
        without_heat=len(annotated_rows) - len(scores),
        people=len(set(subjects)),
        trained_on=seen_in_training(settings.model, dataset, set(subjects), prepared=settings.data),
        per_recording=scores,
    )
    write_json(settings.output / "explanation.json", explanation.to_dict())
    return explanation


def recording_heat(
    encoder: Any, embedder: Embedder, audio: Any, direction: torch.Tensor, method: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log-mel image and heat of a whole recording, (frames, bands) both, and (frames,) root mean squares of the sound.

    Windows stand side by side, padding is cut off.
    """
    extractor, spec = embedder.feature_extractor, front_end_of(embedder)
    waveform = read(audio, sampling_rate=spec.sampling_rate).array
    frames = _frames(embedder)
    length = frames * spec.hop_length
    count = -(-len(waveform) // length)
    padded = np.pad(waveform, (0, count * length - len(waveform)))
    # A window gives one frame more than it has hops; the last belongs to the next.
    images = extractor.window_features(padded.reshape(count, length))[:, :frames]
    # Front ends that do not look beyond a window's edges make a frame or two less of it.
    images = np.pad(images, ((0, 0), (0, frames - images.shape[1]), (0, 0)), mode="edge")
    heat = heat_maps(encoder, torch.from_numpy(images), direction, method).numpy()
    kept = -(-len(waveform) // spec.hop_length)
    hops = padded[: kept * spec.hop_length].reshape(kept, spec.hop_length).astype(np.float64)
    loudness = np.sqrt((hops**2).mean(axis=1))
    return images.reshape(-1, images.shape[2])[:kept], heat.reshape(-1, heat.shape[2])[:kept], loudness


def front_end_of(embedder: Embedder) -> FrontEnd:
    """The log-mel front end of an encoder.

    Raises:
        ConfigurationError: it has none.
    """
    spec = getattr(embedder.feature_extractor, "front_end", None)
    if not isinstance(spec, FrontEnd):
        raise ConfigurationError(
            f"{type(embedder.encoder).__name__} does not read log-mel windows of this package's extractor",
            remedy="explain an encoder of this package, as OPERA, AudioMAE, PANNs, BEATs, or AcuLa over one of them",
        )
    return spec


# Length of the windows of an encoder that reads recordings whole: OPERA's.
_WHOLE = 8.0  # seconds


def _frames(embedder: Embedder) -> int:
    """Frames of the windows that are explained: the encoder's own length, or that of its window policy."""
    spec = front_end_of(embedder)
    if own := getattr(embedder.encoder.config, "num_frames", None):
        return int(own)
    policy = embedder.feature_extractor.windows
    seconds = policy.seconds or (policy.samples or 0) / spec.sampling_rate or _WHOLE
    return round(seconds * spec.sampling_rate / spec.hop_length)


def _direction(model: EncoderModel, settings: ExplainSettings, spec: EvidenceSpec, progress: bool) -> torch.Tensor:
    """Weights of the task's probe, in the space of the pooled vector: the default protocol, one class against all."""
    cache = FeatureCache(settings.cache, manifest_of(settings.data)["audio_sha256"])
    train = load_prepared(settings.data, settings.task)["train"]
    rows = [dict(row) for row in train]
    features = cache.features(model, [Example(name_of(row), row["audio"]) for row in rows], progress=progress)
    positive = train.features["label"].str2int(spec.positive)
    labels = np.array([int(row["label"] == positive) for row in rows])
    _, owner = np.unique([str(row["person"]) for row in rows], return_inverse=True)
    fit, _ = fit_linear(features.astype(np.float64), np.eye(2, dtype=int)[labels], True, owner, ProbeSettings())
    return torch.from_numpy(fit.weights[:, 0].astype(np.float32))


def _annotated(
    settings: ExplainSettings, spec: EvidenceSpec
) -> Iterator[tuple[Mapping[str, Any], list[Interval], list[Interval]]]:
    """Test recordings of the class: the row, intervals with the sound, and all intervals that were annotated."""
    test = load_prepared(settings.data, settings.task)["test"]
    positive = test.features["label"].str2int(spec.positive)
    for row in sorted((dict(row) for row in test), key=lambda row: str(row["recording_id"])):
        evidence = evidence_of(spec.dataset, row) if row["label"] == positive else None
        if evidence is not None:
            yield row, *evidence


def _means(
    scores: list[Localisation], floors: list[Localisation], subjects: list[str], bootstrap: Bootstrap
) -> dict[str, ScoreWithChance]:
    def of(name: str, localised: list[Localisation]) -> Estimate:
        if not localised:
            return Estimate(None, None, "no recording has a score")
        values = np.array([getattr(score, name) for score in localised], np.float64)
        return estimate(mean_hits, values, subjects=subjects, bootstrap=bootstrap)  # all of them are in [0, 1]

    means = {}
    for name, chance in SCORES.items():
        level = 0.5 if chance is None or not scores else float(np.mean([getattr(score, chance) for score in scores]))
        means[name] = ScoreWithChance(of(name, scores), level, None if name == "band" else of(name, floors))
    return means
