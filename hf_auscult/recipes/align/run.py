"""The main job: align an encoder with reports, run its standing checks, judge all of them, write the model."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import torch
from accelerate import PartialState
from transformers import AutoTokenizer
from transformers.utils.logging import disable_progress_bar as disable_transformers_bars

from ...alignment.objectives import get
from ...alignment.teachers import Teacher, default_device
from ...data.trained_on import FILE as PEOPLE_FILE
from ...data.trained_on import training_people
from ...evaluation.probe_evaluation import ProbeResult
from ...files import check_folder, new_folder, write_json
from ...hub.model_card import write_model_card
from ...metrics import auroc_over_runs, paired_difference
from ...models.acula.teacher_acula import resolve_teacher
from . import plots
from .conditions import Condition, permutation, select
from .config import RunConfig
from .evaluate import (
    Encoded,
    encode,
    log_mel_statistics,
    probe,
    representation,
    retrieval,
    sex_probe,
    shortcut,
    with_map,
    zero_shot_auroc,
)
from .pairs import (
    Corpus,
    data_folder,
    keep_reported,
    load_corpus,
    make_reports,
    prepare_data,
    read_prompts,
    read_reports,
    source_of,
    training_examples,
)
from .table import render, tables
from .train import Trained, feature_extractor, new_model, train

PACKAGES = ("hf-auscult", "torch", "transformers", "datasets", "accelerate", "scikit-learn", "numpy")


def run(config: RunConfig, *, command: str = "", progress: bool = True) -> dict[str, Any]:
    """Align, check, judge and write.

    Args:
        config: of the run.
        command: what was typed, for the card.
        progress: show bars.

    Returns:
        The contents of results.json; on other processes than the first, an empty mapping.

    Writes `config.output`: config.json, model.safetensors, preprocessor_config.json, the teacher's tokenizer,
    README.md, results.json and plots. The folder is replaced as a whole, once everything in it is there.
    """
    state = PartialState()
    # The run has its own bars; the libraries' would bury them.
    disable_transformers_bars()
    datasets.disable_progress_bars()
    say: Callable[[str], None] = state.print if progress else lambda _: None
    check_folder(config.output, replace=True)
    started = time.perf_counter()
    work = Path(config.work)
    extractor = feature_extractor(config)
    with state.main_process_first():
        if state.is_main_process:
            prepare_data(config.data, work)
    corpus = load_corpus(config.data, data_folder(config.data, work), extractor.sampling_rate)
    corpus, left_out = keep_reported(corpus, config.reports, config.data.task)
    say(_people_line(corpus, left_out))

    teacher = Teacher(config.teacher, cache=work / "teachers", device=default_device())
    conditions = select(config.checks)
    masks = {config.reports.mask, *(c.text for c in conditions if c.text not in (None, "aligned"))}
    reports = {mask: make_reports(corpus, config.reports, mask, config.data.task) for mask in sorted(masks)}
    texts = {mask: read_reports(found, teacher, progress=progress) for mask, found in reports.items()}
    with state.main_process_first():
        prompts = read_prompts(corpus, config.data.task, teacher)

    trained: dict[str, Trained] = {}
    random_model = new_model(config, texts[config.reports.mask].shape[-1])
    before = Trained(random_model.eval(), [])
    if config.start.steps:
        before = train(config, "start", random_model, training_examples(corpus), extractor, progress=progress)
    for condition in conditions:
        if not condition.trained:
            trained[condition.name] = Trained(random_model, []) if condition.starts == "random" else before
            continue
        examples = _examples(condition, corpus, texts, reports, config)
        trained[condition.name] = train(
            config,
            condition.name,
            before.model,
            examples,
            extractor,
            condition=condition,
            classes=len(corpus.classes),
            progress=progress,
        )
    state.wait_for_everyone()
    if not state.is_main_process:
        return {}
    encoded = encode({name: found.model for name, found in trained.items()}, corpus, extractor, progress=progress)
    shared_frame = get(config.training.get("objective", "infonce")).shared_frame
    if config.retrieval_map and not shared_frame:
        for condition in conditions:
            if condition.text is not None:
                model, name = trained[condition.name].model, condition.name
                encoded[name] = with_map(
                    model, encoded[name], texts[config.reports.mask][:, 0], corpus, config.retrieval_map
                )
    judged = _Judge(config, corpus, extractor, texts[config.reports.mask][:, 0], reports, prompts, encoded)
    say("judging on held-out people …")
    results: dict[str, Any] = {
        "name": Path(config.output).name,
        "reports": {**source_of(config.reports), "left_out": left_out},
        "command": command,
        "processes": state.num_processes,
        "config": config.to_dict(),
        "data": describe(corpus),
        "teacher": {
            "name": config.teacher.name,
            "fingerprint": config.teacher.fingerprint(),
            "provenance": teacher.provenance(),
        },
        "conditions": {c.name: {"title": c.title, "asks": c.asks, **judged(c, trained[c.name])} for c in conditions},
        "log_mel_statistics": judged.probe_only("log_mel_statistics", log_mel_statistics(corpus, extractor)),
        "shortcut": judged.shortcut(),
        "gains": judged.gains(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
    }
    results["seconds"] = round(time.perf_counter() - started, 1)
    results = json.loads(json.dumps(results, default=_plain))
    table = render(results)
    say("\n" + table)
    _write(config, trained["aligned"], extractor, results, judged)
    shutil.rmtree(work / "training", ignore_errors=True)
    say(f"\nwrote {config.output} in {results['seconds']} s")
    return results


def _examples(
    condition: Condition, corpus: Corpus, texts: dict[str, np.ndarray], reports: dict[str, Any], config: RunConfig
) -> list[Any]:
    if condition.text is None:
        return training_examples(corpus)
    mask = config.reports.mask if condition.text == "aligned" else condition.text
    labels = [corpus.recordings[index].label for index in corpus.rows("train")]
    order = permutation(len(labels), condition.permute, labels, config.seed)
    return training_examples(corpus, texts[mask], order, reports[mask])


class _Judge:
    """Applies the same measures to every condition and keeps what the plots need."""

    def __init__(
        self,
        config: RunConfig,
        corpus: Corpus,
        extractor: Any,
        texts: np.ndarray,
        reports: dict[str, Any],
        prompts: dict[str, np.ndarray],
        encoded: dict[str, Encoded],
    ) -> None:
        self.config, self.corpus, self.extractor, self.texts, self.prompts = config, corpus, extractor, texts, prompts
        self.reports = [group[0].text for group in reports[config.reports.mask]]
        objective = get(config.training.get("objective", "infonce"))
        self.shared_frame = objective.shared_frame or config.retrieval_map is not None
        self.encoded = encoded
        self.probes: dict[str, ProbeResult] = {}

    def __call__(self, condition: Condition, trained: Trained) -> dict[str, Any]:
        config, corpus, seed = self.config, self.corpus, self.config.seed
        encoded = self.encoded[condition.name]
        result = probe(encoded.pooled, corpus, config.evaluation, seed)
        self.probes[condition.name] = result
        found: dict[str, Any] = {
            "probe": result.to_dict(),
            "sex": sex_probe(encoded.pooled, corpus, config.evaluation, seed),
            "representation": representation(encoded, self.texts, corpus),
            "history": trained.history,
        }
        # Only models whose text side was trained have anything to retrieve with.
        if condition.text is not None:
            found["retrieval"] = retrieval(
                trained.model,
                encoded,
                self.texts,
                self.reports,
                corpus,
                config.evaluation,
                shared_frame=self.shared_frame,
                seed=seed,
            )
            if self.shared_frame:
                found["zero_shot"] = zero_shot_auroc(
                    trained.model, encoded, self.prompts, corpus, config.evaluation, seed
                )
        return found

    def probe_only(self, name: str, features: np.ndarray) -> dict[str, Any]:
        self.probes[name] = probe(features, self.corpus, self.config.evaluation, self.config.seed)
        return {"probe": self.probes[name].to_dict()}

    def shortcut(self) -> dict[str, Any]:
        found = shortcut(self.corpus, self.config.evaluation, self.config.seed)
        self.probes["shortcut"] = found.probe
        return found.to_dict()

    def gains(self) -> dict[str, dict[str, Any]]:
        """Aligned minus every other row, on the same resamples of people."""
        known = self.corpus.rows(labelled=True)
        aligned = self.probes["aligned"]
        tested = [self.corpus.recordings[known[row]] for row in aligned.test_rows]
        found: dict[str, dict[str, Any]] = {}
        for name, other in self.probes.items():
            if name == "aligned":
                continue
            found[name] = {
                str(fraction): paired_difference(
                    auroc_over_runs,
                    runs[:, :, 1].T,
                    other.test_runs[fraction][:, :, 1].T,
                    labels=[recording.label for recording in tested],
                    subjects=[recording.subject_id for recording in tested],
                    draws=self.config.evaluation.bootstrap_draws,
                    seed=self.config.seed,
                ).to_dict()
                for fraction, runs in aligned.test_runs.items()
            }
        return found


def describe(corpus: Corpus) -> dict[str, Any]:
    """Return what was observed of the data: people, recordings, classes and hashes."""
    splits = {}
    for split in ("train", "validation", "test"):
        rows = corpus.rows(split)
        labels = [corpus.recordings[index].label for index in rows]
        splits[split] = {
            "people": corpus.people(split),
            "recordings": len(rows),
            **{name: labels.count(index) for index, name in enumerate(corpus.classes)},
        }
    recorded = json.loads((corpus.folder / "prepare.json").read_text())
    members = sorted((recording.recording_id, recording.split) for recording in corpus.recordings)
    licences = sorted({str(recording.row["licence"]) for recording in corpus.recordings})
    return {
        "dataset": corpus.dataset,
        "splits": splits,
        "people": corpus.people(),
        "classes": list(corpus.classes),
        "split_sha256": hashlib.sha256(json.dumps(members).encode()).hexdigest(),
        "audio_sha256": hashlib.sha256(
            "".join(sorted(str(recording.row["audio_sha256"]) for recording in corpus.recordings)).encode()
        ).hexdigest(),
        "licence": licences,
        "prepare": recorded,
    }


def _write(config: RunConfig, aligned: Trained, extractor: Any, results: dict[str, Any], judged: _Judge) -> None:
    with new_folder(config.output, replace=True) as folder:
        aligned.model.save_pretrained(folder)
        extractor.save_pretrained(folder)
        # The pipelines need the teacher's tokenizer beside the model; its weights stay where they are.
        AutoTokenizer.from_pretrained(
            resolve_teacher(config.teacher.name), revision=config.teacher.revision
        ).save_pretrained(folder)
        write_json(folder / "results.json", results, sort_keys=True)
        corpus = judged.corpus
        trained_on = {corpus.recordings[row].subject_id for row in corpus.rows("train")}
        write_json(folder / PEOPLE_FILE, training_people(corpus.dataset, trained_on))
        plots.loss_curves(results, folder / "loss_curves.png")
        plots.roc(results, judged, folder / "roc.png")
        plots.retrieval_example(judged, aligned.model, folder / "retrieval_example.png")
        write_model_card(folder, results, tables(results))


def _people_line(corpus: Corpus, left_out: dict[str, int]) -> str:
    parts = [f"{split} {corpus.people(split)}" for split in ("train", "validation", "test")]
    line = f"{corpus.dataset}: {len(corpus.recordings)} recordings of {corpus.people()} people ({', '.join(parts)})"
    number = sum(left_out.values())
    return f"{line}; {number} more are left out for want of a report" if number else line


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, (tuple, set)):
        return list(value)
    if isinstance(value, torch.Tensor):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no JSON form")


__all__ = ["describe", "run"]
