"""Models on tasks: encode once, probe, metrics over people, compare with shortcuts; and what a run leaves on disk."""

from __future__ import annotations

import functools
import itertools
import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from ..data.load import manifest_of
from ..embedding.cache import FeatureCache, RecordingEncoder
from ..embedding.precision import Precision
from ..errors import ConfigurationError, DataError
from ..files import output_folder, write_json
from .benchmark_plots import plot_embedding_map, plot_scaling, plot_task
from .benchmark_readme import write_readme
from .contamination import HeldOutPeople, contamination_of
from .estimates import Bootstrap
from .examples import Examples, counts_of, examples_of, test_parts
from .load import Task, load_task, missing_data, require_positive
from .model_evaluation import chosen_penalty, compare, evaluate_model
from .models import RecordingLevel, alignment_of, find_encoder, model_type_of
from .predictions import Predictions, estimates
from .probes import ProbeSettings
from .results import ModelResult, Result, TaskResult, correct, file_name, versions
from .scaling import scaling
from .shortcuts import LEVEL, METADATA, METADATA_AND_LEVEL, ShortcutSpec, shortcut_features, shortcut_spec
from .suites import find_tasks
from .task import PROTOCOLS, BenchmarkTask
from .task_probe import predictions_of, probe_task


def default_cache() -> Path:
    """Folder of encoded recordings: ``features`` in ``AUSCULT_CACHE``, else in ``~/.cache/hf_auscult``."""
    return Path(os.environ.get("AUSCULT_CACHE", "~/.cache/hf_auscult")).expanduser() / "features"


@dataclass(frozen=True)
class BenchmarkSettings:
    """How models are evaluated.

    Args:
        data_root: folder of prepared datasets, each in a folder of its name.
        output: folder of results.json, README.md, predictions and plots, which appears whole; None to write none.
        cache: folder of encoded recordings.
        protocols: of the probes.
        encoding, precision: how encoders cut and average windows, and compute: the ``protocol`` and ``precision`` of
            :func:`hf_auscult.embed`.
        draws: bootstrap resamples.
        seed: of bootstrap, balancing and published probes.
        overwrite: replace the folder of an earlier run.

    Raises:
        ConfigurationError: an unknown protocol.
    """

    data_root: Path
    output: Path | None = None
    cache: Path = field(default_factory=default_cache)
    protocols: tuple[str, ...] = ("default",)
    encoding: str = "default"
    precision: Precision = "exact"
    draws: int = 2000
    seed: int = 0
    overwrite: bool = False

    def __post_init__(self) -> None:
        if not self.protocols or set(self.protocols) - set(PROTOCOLS):
            raise ConfigurationError(f"protocols {self.protocols}", remedy=f"use {' or '.join(PROTOCOLS)}")

    @property
    def bootstrap(self) -> Bootstrap:
        """How intervals are made."""
        return Bootstrap(self.draws, self.seed)


def evaluate(
    model_or_id: Any,
    tasks: str | Path | BenchmarkTask | Sequence[str | BenchmarkTask],
    *,
    root: str | Path,
    protocol: str = "default",
    settings: BenchmarkSettings | None = None,
    progress: bool = True,
) -> Result:
    """Evaluate a model on a task, several tasks or a suite: encode, probe, metrics with intervals over people.

    Args:
        model_or_id: a folder, Hub id or model as :func:`hf_auscult.embed` takes them; ``logmel``, ``opensmile``, or a
            ``.parquet`` file of embeddings.
        tasks: ``acula18/T8``, a list of such keys, a suite (``acula18``), a YAML file of tasks, or tasks of your own.
        root: folder of prepared datasets, each in a folder of its name.
        protocol: of the probe, ``default`` or ``published``; also how the encoder cuts recordings is part of
            ``settings``.
        settings: everything else, such as the folder of results and the bootstrap's draws; its ``data_root`` and
            ``protocols`` give way to the arguments.
        progress: show bars.

    Returns:
        Metrics of every task, those that could not be run with the reason.

    Raises:
        ConfigurationError: no such model, task or protocol.
        DataError: a recording that the model cannot encode.

    Example:
        `hf_auscult.evaluate("auscult/acula-opera", "acula18/T17", root="prepared").task("T17").results[0].figures`
    """
    settings = replace(settings or BenchmarkSettings(Path(root)), data_root=Path(root), protocols=(protocol,))
    suite, chosen = find_tasks(tasks)
    return run_benchmark([model_or_id], chosen, settings, suite=suite, progress=progress)


def run_benchmark(
    models: Sequence[Any],
    tasks: Sequence[BenchmarkTask],
    settings: BenchmarkSettings,
    *,
    suite: str = "tasks",
    command: str = "",
    progress: bool = True,
) -> Result:
    """Run every task whose data is prepared, say of every other what it needs, and write what the settings ask for.

    A run that was interrupted has written nothing but encoded recordings into the cache, from which the next one goes
    on.

    Raises:
        ConfigurationError: no models, two of one name, a task of two classes of which none is named as positive, or an
            output folder that would be lost.
        DataError: a recording that a model cannot encode.
    """
    if settings.output is None:
        return _run(models, tasks, settings, suite=suite, command=command, progress=progress)
    with output_folder(settings.output, overwrite=settings.overwrite) as folder:
        inside = replace(settings, output=folder)
        return _run(models, tasks, inside, suite=suite, command=command, progress=progress)


def _run(
    models: Sequence[Any],
    tasks: Sequence[BenchmarkTask],
    settings: BenchmarkSettings,
    *,
    suite: str,
    command: str,
    progress: bool,
) -> Result:
    encoders = [find_encoder(model, settings.encoding, settings.precision) for model in models]
    if not encoders or len({encoder.name for encoder in encoders}) < len(encoders):
        names = [encoder.name for encoder in encoders]
        raise ConfigurationError(f"no models, or two of one name: {names}", remedy="give each a folder of its name")
    for spec in tasks:
        require_positive(spec, settings.data_root)
    run = _Run(encoders, settings, progress)
    found = [row for spec in tqdm(tasks, suite, unit="task", disable=not progress) for row in run.rows(spec)]
    result = Result(
        suite=suite,
        tasks=correct(found),
        models={
            encoder.name: {
                "given": getattr(encoder, "given", "") or encoder.name,
                "fingerprint": encoder.fingerprint,
                "width": run.widths.get(encoder.name),
                **alignment_of(encoder),
            }
            for encoder in encoders
        },
        protocols=settings.protocols,
        command=command,
        seeds={"seed": settings.seed, "bootstrap_draws": settings.draws},
        versions=versions(),
        seconds=dict(run.clock),
    )
    if settings.output is not None:
        write_json(settings.output / "results.json", result.to_dict())
        write_readme(result, settings.output)
    return result


class _Run:
    """Tasks one after the other: what they share is the encoders, the settings and the clock."""

    def __init__(self, encoders: Sequence[RecordingEncoder], settings: BenchmarkSettings, progress: bool) -> None:
        self.encoders, self.settings, self.progress = encoders, settings, progress
        self.clock: dict[str, float] = defaultdict(float)
        self.widths: dict[str, int] = {}

    def rows(self, spec: BenchmarkTask) -> list[TaskResult]:
        """Run one task, or say why it cannot be run: a row for each test part of its split."""
        absent = missing_data(spec, self.settings.data_root)
        if absent:
            return [TaskResult(spec, missing="; ".join(absent.values()))]
        try:
            task = load_task(spec, root=self.settings.data_root)
        except (DataError, ConfigurationError) as error:
            return [TaskResult(spec, missing=str(error))]
        parts = test_parts(task)
        if spec.test or len(parts) < 2 or spec.folds == "subject":
            return [self._row(task)]
        named = (
            replace(spec, number=f"{spec.number} {part}", title=f"{spec.title}, {part}", test=part) for part in parts
        )
        return [self._row(replace(task, spec=row)) for row in named]

    def _row(self, task: Task) -> TaskResult:
        spec = task.spec
        try:
            examples = examples_of(task, seed=self.settings.seed)
            _refuse_empty(spec, examples)
        except (DataError, ConfigurationError) as error:
            return TaskResult(spec, missing=str(error))
        with self._timed("encode"):
            encoded = self._encode(self.encoders, examples)
            (level,) = self._encode([RecordingLevel()], examples).values()
        self.widths |= {name: rows.shape[1] for name, rows in encoded.items()}
        with self._timed("shortcuts"):
            shortcuts, columns, guessed = self._shortcuts(spec, examples, level, task.leaks)
        splits = {name: manifest["split_sha256"] for name, manifest in task.manifests.items()}
        results: list[ModelResult] = []
        notes: dict[str, None] = dict.fromkeys(examples.notes)
        predictions: dict[tuple[str, str], Predictions] = {}
        for encoder, protocol in itertools.product(self.encoders, self.settings.protocols):
            with self._timed("probes"):
                try:
                    probe = spec.probe(protocol, model_type_of(encoder))
                    outcome = probe_task(spec, encoded[encoder.name], examples, probe, leaks=task.leaks)
                except (DataError, ConfigurationError) as error:
                    notes[f"{protocol} protocol: {error}"] = None
                    continue
            with self._timed("intervals"):
                evaluated = evaluate_model(
                    spec, encoder.name, protocol, outcome, examples, guessed, self.settings.bootstrap
                )
            predicted = predictions[encoder.name, protocol] = predictions_of(
                examples, outcome.test_rows, outcome.scores
            )
            tested = HeldOutPeople(
                dataset=spec.dataset,
                people=examples.ids_of(outcome.test_rows),
                splits=splits,
                prepared=self.settings.data_root / spec.dataset,
            )
            given, config = getattr(encoder, "given", ""), getattr(encoder, "config", None)
            contamination = contamination_of(encoder.name, given, tested, config)
            file = self._write(spec, encoder.name, protocol, predicted)
            results.append(replace(evaluated, contamination=contamination, predictions=file))
        with self._timed("intervals"):
            differences = compare(spec.metrics[0], predictions, self.settings.bootstrap)
        sizes: dict[str, dict[int, Any]] = {}
        if spec.scaling and not examples.in_turn:
            with self._timed("scaling"):
                sizes = scaling(spec, encoded, examples, self.settings.bootstrap, leaks=task.leaks)
        plots: list[str] = []
        if self.settings.output is not None:
            folder = self.settings.output / "plots"
            first = {
                model: found
                for (model, protocol), found in predictions.items()
                if protocol == self.settings.protocols[0]
            }
            with self._timed("plots"):
                plots += plot_task(spec, first, folder)
                for name in first:
                    plots += plot_embedding_map(spec, name, encoded[name], examples, folder, self.settings.seed)
                plots += plot_scaling(spec, sizes, folder)
        return TaskResult(
            spec=spec,
            positive=examples.positive,
            data=task.facts,
            counts=counts_of(examples),
            balance=examples.balance,
            results=tuple(results),
            shortcuts=shortcuts,
            shortcut_columns=columns,
            differences=differences,
            scaling=sizes,
            plots=tuple(plots),
            notes=tuple(notes),
        )

    @contextmanager
    def _timed(self, part: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.clock[part] += time.perf_counter() - start

    def _encode(self, encoders: Sequence[RecordingEncoder], examples: Examples) -> dict[str, np.ndarray]:
        """Model -> (n, dim), in one pass over the recordings; those of each dataset have a cache of their own."""
        rows: dict[str, dict[int, np.ndarray]] = {encoder.name: {} for encoder in encoders}
        for source in np.unique(examples.sources):
            numbers = np.flatnonzero(examples.sources == source).tolist()
            content = manifest_of(self.settings.data_root / str(source))["audio_sha256"]
            cells = [examples.cells[number] for number in numbers]
            cache = FeatureCache(self.settings.cache, content)
            for name, features in cache.features_of(encoders, cells, progress=self.progress).items():
                rows[name] |= dict(zip(numbers, features, strict=True))
        return {name: np.stack([found[number] for number in range(len(found))]) for name, found in rows.items()}

    def _shortcuts(
        self, spec: BenchmarkTask, examples: Examples, level: np.ndarray, leaks: bool
    ) -> tuple[tuple[ModelResult, ...], tuple[str, ...], Predictions | None]:
        """The default probe on metadata, without the sound and with its level alone; the last one's predictions."""
        rows = [
            {**row, **dict(zip(LEVEL, values.tolist(), strict=True))}
            for row, values in zip(examples.rows, level, strict=True)
        ]
        metadata = shortcut_spec(spec.dataset, spec.config)
        results: list[ModelResult] = []
        columns: tuple[str, ...] = ()
        predictions: Predictions | None = None
        for name, chosen in ((METADATA, metadata), (METADATA_AND_LEVEL, metadata.with_level())):
            try:
                used: set[str] = set()
                learn = functools.partial(_learned, rows, chosen, used)
                outcome = probe_task(spec, learn, examples, ProbeSettings(), leaks=leaks)
            except DataError:  # nothing but constants, or a training part that teaches nothing: no shortcut to take
                continue
            columns = tuple(name for name in chosen.columns if name in used)
            predictions = predictions_of(examples, outcome.test_rows, outcome.scores)
            shown = estimates(spec.metrics, predictions, self.settings.bootstrap)
            results.append(ModelResult(name, "default", shown, chosen_penalty(outcome), outcome.seconds))
        return tuple(results), columns, predictions

    def _write(self, spec: BenchmarkTask, model: str, protocol: str, predictions: Predictions) -> str | None:
        """File of the predictions, relative to the results."""
        if self.settings.output is None:
            return None
        name = f"predictions/{file_name(spec.key)}--{file_name(model)}--{protocol}.parquet"
        predictions.write(self.settings.output / name)
        return name


def _learned(
    rows: Sequence[Mapping[str, Any]], spec: ShortcutSpec, used: set[str], train: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Metadata as numbers, by the categories and medians of one fold's training rows; adds the columns it ``used``."""
    made = shortcut_features(rows, spec, np.isin(np.arange(len(rows)), train))
    used.update(made.used)
    return made.values.astype(np.float32)


def _refuse_empty(spec: BenchmarkTask, examples: Examples) -> None:
    """A task that cannot be trained or tested says so instead of giving a number."""
    if spec.folds == "subject" or examples.in_turn:
        if len(np.unique(examples.subjects)) < 3:
            raise DataError("fewer than three people", where=spec.key, remedy="prepare the complete dataset")
        return
    for part in ("train", "test"):
        labels = examples.labels[examples.split == part]
        one_class = spec.target == "class" and len(np.unique(labels)) < 2
        if not len(labels) or one_class:
            raise DataError(
                f"{len(labels)} recordings in {part}" + (", all of one class" if one_class and len(labels) else ""),
                where=spec.key,
                remedy="prepare the complete dataset, or another split",
            )
