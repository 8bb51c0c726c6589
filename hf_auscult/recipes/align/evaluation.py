"""Evaluation of conditions: probes on held-out people, retrieval both ways, zero-shot, what else embeddings carry."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch

from ...alignment.maps import project_text, ridge_map, store_map
from ...alignment.objectives import get
from ...alignment.teachers import default_device
from ...audio import assess
from ...embedding.embedder import Embedder, encode_all
from ...evaluation.estimates import Estimate
from ...evaluation.model_evaluation import attributes_of
from ...evaluation.probe_evaluation import EvaluationSettings, ProbeResult, evaluate_probe
from ...evaluation.shortcuts import METADATA, METADATA_AND_LEVEL, evaluate_shortcuts, shortcut_spec
from ...evaluation.zero_shot.evaluation_set import margins
from ...features import WindowedFeatureExtractor
from ...features.logmel import band_statistics, display_front_end, log_mel
from ...metrics import (
    Interval,
    auroc,
    auroc_over_runs,
    bidirectional_retrieval,
    debiased_cka,
    effective_rank,
    paired_difference,
    person_interval,
    retrieval_intervals,
    zero_shot_scores,
)
from ...metrics.fairness import GroupFigure, fairness_report
from ...models.acula.modeling_acula import AcuLaModel
from .conditions import Condition
from .config import AlignConfig
from .corpus import SPLITS, AudioReportCorpus, EmbeddedReports
from .results import BaselineResult, ConditionResult, DataSummary, RetrievalResult, SplitCounts
from .train import TrainedModel


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Every recording of a corpus through one model: pooled (n, dim), and projected, behind its map if any (n, D)."""

    pooled: np.ndarray
    projected: np.ndarray


def embed_corpus(
    models: Mapping[str, AcuLaModel], corpus: AudioReportCorpus, extractor: WindowedFeatureExtractor, *, progress: bool
) -> dict[str, Embeddings]:
    """Embed whole recordings with every model; windows are cut and transformed once for all of them."""
    networks: list[torch.nn.Module] = list(models.values())
    for network in networks:
        network.to(default_device())
    recordings = (
        {"array": recording.waveform[:], "sampling_rate": corpus.sampling_rate} for recording in corpus.recordings
    )
    outputs = ("pooler_output", "audio_embeds")
    embedders = {name: Embedder(model, extractor) for name, model in models.items()}
    rows = [encoded.rows for encoded in encode_all(embedders, recordings, outputs=outputs, progress=progress)]
    for network in networks:
        network.cpu()
    return {
        name: Embeddings(
            pooled=np.stack([row[name]["pooler_output"] for row in rows]),
            projected=np.stack([row[name]["audio_embeds"] for row in rows]),
        )
        for name in models
    }


@dataclass(frozen=True, eq=False)
class Evaluator:
    """Applies the same measures to every condition and baseline, on the same held-out people.

    Args:
        config: of the run.
        corpus: the recordings.
        extractor: the encoder's.
        reports: under the run's own mask.
        prompts: class -> embeddings of its prompt sentences, (prompts, text_size).
    """

    config: AlignConfig
    corpus: AudioReportCorpus
    extractor: WindowedFeatureExtractor
    reports: EmbeddedReports
    prompts: Mapping[str, np.ndarray]

    @property
    def shared_frame(self) -> bool:
        """Whether the objective, or a map stored in the model, makes cosines between audio and text mean something."""
        return get(self.config.objective).shared_frame or self.config.retrieval_map is not None

    @property
    def needs_map(self) -> bool:
        """Whether the run asks for a map and its objective leaves audio and text in frames of their own."""
        return self.config.retrieval_map is not None and not get(self.config.objective).shared_frame

    def with_map(self, model: AcuLaModel, embeddings: Embeddings) -> Embeddings:
        """Fit the run's map on the training pairs, store it in the model, and return the recordings behind it."""
        kind = self.config.retrieval_map
        assert kind is not None
        train = self.corpus.rows("train")
        people = [recording.subject_id for recording in self.corpus.take(train)]
        audio = embeddings.projected if kind == "procrustes" else embeddings.pooled
        fitted = store_map(model, audio[train], self.reports.first(train), kind=kind, subjects=people)
        return replace(embeddings, projected=fitted.apply(audio, centred=True).astype(np.float32))

    def condition(self, condition: Condition, trained: TrainedModel, embeddings: Embeddings) -> ConditionResult:
        """Evaluate one condition."""
        test = self.corpus.rows("test")
        with_text = condition.text is not None
        probe = self.probe(embeddings.pooled)
        return ConditionResult(
            condition=condition,
            probe=probe,
            subgroups=self._subgroups(probe) if condition.name == "aligned" else (),
            sex=self._sex(embeddings.pooled),
            effective_rank=effective_rank(embeddings.pooled[test], center=True),
            debiased_cka=debiased_cka(embeddings.pooled[test], self.reports.first(test)),
            history=trained.history,
            # Only models whose text side was trained have anything to retrieve with.
            retrieval=self._retrieval(trained.model, embeddings) if with_text else None,
            zero_shot=self._zero_shot(trained.model, embeddings) if with_text and self.shared_frame else None,
        )

    def baselines(self) -> dict[str, BaselineResult]:
        """Probe what needs no encoder: band statistics of the log-mel, and metadata without and with the level."""
        spec, rows = display_front_end(self.extractor), self.corpus.rows(labelled=True)
        statistics = [
            band_statistics(log_mel(torch.from_numpy(recording.waveform[:])[None], spec)[0].numpy())
            for recording in self.corpus.take(rows)
        ]
        return {
            "log_mel_statistics": BaselineResult(
                "log-mel statistics",
                "is an encoder needed?",
                self._probe(np.stack(statistics).astype(np.float32), rows, self._labels(rows), self.settings),
            ),
            **self._shortcuts(),
        }

    def _shortcuts(self) -> dict[str, BaselineResult]:
        """Probe metadata, and metadata beside what the level of the recording alone gives away."""
        rows = self.corpus.rows(labelled=True)
        chosen = self.corpus.take(rows)
        table = []
        for recording in chosen:
            quality = assess(recording.waveform[:], self.corpus.sampling_rate)
            level = {"loudness": quality.loudness_dbfs, "silence_ratio": quality.silence_ratio}
            table.append({**recording.row, **level})
        spec = shortcut_spec(self.corpus.dataset, self.config.data.task)
        baselines = {}
        for key, title, columns in (
            ("metadata", METADATA, spec),
            ("metadata_and_level", METADATA_AND_LEVEL, spec.with_level()),
        ):
            result = evaluate_shortcuts(
                table,
                [recording.label for recording in chosen],
                [recording.subject_id for recording in chosen],
                [recording.split for recording in chosen],
                columns,
                self.settings,
            )
            used = {"used": list(result.used), "absent": list(result.absent), "constant": list(result.constant)}
            baselines[key] = BaselineResult(title, "is listening needed?", result.probe, used)
        return baselines

    def gains(self, probes: Mapping[str, Sequence[ProbeResult]]) -> dict[str, dict[float, Interval]]:
        """AUROC of "aligned" minus that of every other row, on the same people.

        Args:
            probes: row -> its probe at every seed, or at one where seeds change nothing. The difference is that of the
                seeds' means, its interval over people, seeds and who is labelled.
        """
        aligned = probes["aligned"]
        known = self.corpus.rows(labelled=True)
        tested = self.corpus.take([known[row] for row in aligned[0].test_rows])
        labels = [recording.label for recording in tested]

        def difference(others: Sequence[ProbeResult], fraction: float) -> Interval:
            ours, theirs = ([one.test_runs[fraction][:, :, 1].T for one in side] for side in (aligned, others))
            theirs = theirs * (len(ours) // len(theirs))
            # Who is labelled is drawn alike at every seed, so that seeds and draws are crossed.
            draws = ours[0].shape[1]
            factors = [np.repeat(range(len(ours)), draws), np.tile(range(draws), len(ours))]
            return paired_difference(
                partial(auroc_over_runs, factors=factors),
                np.concatenate(ours, axis=1),
                np.concatenate(theirs, axis=1),
                labels=labels,
                subjects=[recording.subject_id for recording in tested],
                draws=self.config.evaluation.bootstrap_draws,
                seed=self.config.seed,
            )

        return {
            name: {fraction: difference(others, fraction) for fraction in aligned[0].test_runs}
            for name, others in probes.items()
            if name != "aligned"
        }

    def probe(self, features: np.ndarray) -> ProbeResult:
        """Fit linear probes of the task on the labelled recordings' features, with all and with few labels."""
        rows = self.corpus.rows(labelled=True)
        return self._probe(features[rows], rows, self._labels(rows), self.settings)

    def _subgroups(self, probe: ProbeResult) -> tuple[GroupFigure, ...]:
        """AUROC by sex and age, or why there is none; nothing for more than two classes, or where neither is known."""
        known = self.corpus.rows(labelled=True)
        tested = self.corpus.take([known[row] for row in probe.test_rows])
        columns = attributes_of([recording.row for recording in tested])
        groups = {name: column for name, column in columns.items() if set(column.tolist()) - {None, ""}}
        if len(probe.classes) != 2 or not groups:
            return ()
        report = fairness_report(
            [recording.label for recording in tested],
            probe.test_scores[1.0][:, 1],
            groups,
            subjects=[recording.subject_id for recording in tested],
            threshold=0.5,  # of figures that are not kept: an AUROC needs none
        )
        return tuple(figure for figure in report.groups if figure.figure == "auroc")

    @property
    def settings(self) -> EvaluationSettings:
        """Of the task's probes."""
        own = self.config.evaluation
        return EvaluationSettings(
            fractions=(1.0, own.label_fraction),
            label_draws=own.fraction_draws,
            bootstrap_draws=own.bootstrap_draws,
            seed=self.config.seed,
        )

    def _probe(
        self, features: np.ndarray, rows: Sequence[int], labels: Sequence[int], settings: EvaluationSettings
    ) -> ProbeResult:
        chosen = self.corpus.take(rows)
        subjects, splits = [recording.subject_id for recording in chosen], [recording.split for recording in chosen]
        return evaluate_probe(features, labels, subjects, splits, settings)

    def _labels(self, rows: Sequence[int]) -> list[int]:
        return [recording.label for recording in self.corpus.take(rows)]

    def _sex(self, features: np.ndarray) -> Estimate | None:
        rows = [
            row
            for row, recording in enumerate(self.corpus.recordings)
            if recording.dataset == self.corpus.dataset and recording.row.get("sex") in ("female", "male")
        ]
        chosen = self.corpus.take(rows)
        if any(len({recording.row["sex"] for recording in chosen if recording.split == split}) < 2 for split in SPLITS):
            return None
        labels = [int(recording.row["sex"] == "female") for recording in chosen]
        settings = replace(self.settings, fractions=(1.0,))
        return self._probe(features[rows], rows, labels, settings).headline

    def _retrieval(self, model: AcuLaModel, embeddings: Embeddings) -> RetrievalResult:
        test = self.corpus.rows("test")
        if self.shared_frame:
            audio, text = embeddings.projected[test], project_text(model, self.reports.first(test))
            compared_by = "cosine of projections"
            if model.retrieval_map is not None:
                kind = model.config.retrieval_map_kind
                compared_by = f"cosine behind the model's own {kind} map, fitted on training pairs"
        else:
            train = self.corpus.rows("train")
            people = [recording.subject_id for recording in self.corpus.take(train)]
            fitted = ridge_map(embeddings.pooled[train], self.reports.first(train), subjects=people)
            audio, text = fitted.apply(embeddings.pooled[test], centred=True), fitted.centre(self.reports.first(test))
            compared_by = "ridge map fitted on training pairs"
        ids = self.reports.texts
        scores = bidirectional_retrieval(audio, text, text_ids=[ids[row] for row in test])
        intervals = retrieval_intervals(scores, [recording.subject_id for recording in self.corpus.take(test)])
        return RetrievalResult(scores, compared_by, intervals)

    def _zero_shot(self, model: AcuLaModel, embeddings: Embeddings) -> Interval:
        """AUROC of the cosine with class prompts; of two classes, the second one is positive."""
        test = self.corpus.rows("test", labelled=True)
        prompts = {name: project_text(model, rows) for name, rows in self.prompts.items()}
        chosen = self.corpus.take(test)
        return person_interval(
            auroc,
            [recording.label for recording in chosen],
            margins(zero_shot_scores(embeddings.projected[test], prompts))[:, 1],
            subjects=[recording.subject_id for recording in chosen],
        )


def summary_of(corpus: AudioReportCorpus) -> DataSummary:
    """Return what was observed of the data: people, recordings, classes and hashes."""
    splits = {}
    for split in SPLITS:
        chosen = corpus.take(corpus.rows(split))
        labels = [recording.label for recording in chosen]
        splits[split] = SplitCounts(
            people=len(corpus.people(split)),
            recordings=len(chosen),
            per_class={name: labels.count(index) for index, name in enumerate(corpus.classes)},
        )
    sources = [recording.dataset for recording in corpus.recordings]
    return DataSummary(
        dataset=corpus.dataset,
        splits=splits,
        people=len(corpus.people()),
        recordings={name: sources.count(name) for name in dict.fromkeys(sources)},
        classes=corpus.classes,
        split_sha256=corpus.split_sha256(),
        audio_sha256=corpus.audio_sha256(),
        licence=tuple(sorted({str(recording.row["licence"]) for recording in corpus.recordings})),
        prepare=json.loads((corpus.folder / "prepare.json").read_text("utf-8")),
    )
