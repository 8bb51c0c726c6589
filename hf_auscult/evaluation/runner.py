"""A whole benchmark: encode once, probe, judge over people, compare with the shortcut, write tables and plots."""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from ..data.load import manifest_of
from ..embedding.cache import FeatureCache
from ..errors import ConfigurationError, DataError
from ..files import write_json
from .examples import Examples, examples_of
from .figures import map_figure, scaling_figure, task_figures
from .judge import compare, judge
from .load import load_task, missing_data
from .models import QUALITY, BenchModel, SoundQuality, bench_model
from .probe_run import probe
from .record import counts_of, facts_of, versions, write_predictions
from .report import write_report
from .results import ModelResult, SuiteResult, TaskResult, correct
from .scaling import scaling
from .scoring import Predictions, figures
from .shortcuts import shortcut_features, shortcut_spec
from .task import BenchmarkTask

SHORTCUT = "metadata only"


@dataclass(frozen=True)
class BenchConfig:
    """What a benchmark run is made of.

    Args:
        models: as :func:`hf_auscult.evaluation.models.bench_model` takes them.
        data_root: folder of prepared datasets, each in a folder of its name.
        output: folder of the results.
        cache: folder of encoded recordings.
        protocols: of the probes.
        encoding: how encoders cut and average windows.
        draws: bootstrap resamples.
        seed: of bootstrap, balancing and published probes.
    """

    models: tuple[str, ...]
    data_root: Path
    output: Path
    cache: Path
    protocols: tuple[str, ...] = ("default",)
    encoding: str = "default"
    draws: int = 2000
    seed: int = 0


def bench(
    suite: str, tasks: Sequence[BenchmarkTask], config: BenchConfig, *, command: str = "", progress: bool = True
) -> SuiteResult:
    """Run every task whose data is prepared and say of every other what it needs; write all of it to the output.

    Raises:
        ConfigurationError: no models, two of one name, or an unknown protocol.
        DataError: a recording that a model cannot encode.
    """
    unknown = set(config.protocols) - {"default", "published"}
    if unknown or not config.models:
        raise ConfigurationError(f"protocols {config.protocols}, models {config.models}", remedy="see --help")
    models = [bench_model(name, config.encoding) for name in config.models]
    if len({model.name for model in models}) < len(models):
        raise ConfigurationError(f"two models of one name among {config.models}", remedy="rename a folder")
    clock: dict[str, float] = defaultdict(float)
    widths: dict[str, int] = {}
    found = []
    for spec in tqdm(tasks, suite, unit="task", disable=not progress):
        found.append(_run_task(spec, models, config, clock, widths, progress))
    identity = {
        model.name: {"given": given, "fingerprint": model.fingerprint, "width": widths.get(model.name)}
        for given, model in zip(config.models, models, strict=True)
    }
    result = SuiteResult(
        suite=suite,
        tasks=correct(found),
        models=identity,
        protocols=config.protocols,
        command=command,
        seeds={"seed": config.seed, "bootstrap_draws": config.draws},
        versions=versions(),
        seconds=dict(clock),
    )
    write_json(config.output / "results.json", result.to_dict())
    write_report(result, config.output)
    return result


def _run_task(
    spec: BenchmarkTask,
    models: Sequence[BenchModel],
    config: BenchConfig,
    clock: dict[str, float],
    widths: dict[str, int],
    progress: bool,
) -> TaskResult:
    absent = missing_data(spec, config.data_root)
    if absent:
        return TaskResult(spec, missing="; ".join(absent.values()))
    try:
        task = load_task(spec, root=config.data_root)
        examples = examples_of(task, seed=config.seed)
        _refuse_empty(spec, examples)
    except (DataError, ConfigurationError) as error:
        return TaskResult(spec, missing=str(error))
    start = time.perf_counter()
    encoded = {model.name: _encode(model, examples, config, progress) for model in models}
    quality = _encode(SoundQuality(), examples, config, progress)
    clock["encode"] += time.perf_counter() - start
    widths |= {name: rows.shape[1] for name, rows in encoded.items()}
    start = time.perf_counter()
    shortcut, columns, guessed = _shortcut(spec, examples, quality, config, task.leaks)
    clock["shortcuts"] += time.perf_counter() - start
    results: list[ModelResult] = []
    notes: dict[str, None] = {}
    said: dict[tuple[str, str], Predictions] = {}
    for model, protocol in itertools.product(models, config.protocols):
        start = time.perf_counter()
        try:
            outcome = probe(spec, encoded[model.name], examples, protocol, leaks=task.leaks)
        except (DataError, ConfigurationError) as error:
            notes[f"{protocol} protocol: {error}"] = None
            continue
        finally:
            clock["probes"] += time.perf_counter() - start
        said[model.name, protocol] = outcome.predictions
        start = time.perf_counter()
        judged = judge(spec, model, protocol, outcome, examples, guessed, draws=config.draws, seed=config.seed)
        file = write_predictions(spec, model.name, protocol, outcome.predictions, config.output)
        results.append(replace(judged, predictions=file))
        clock["intervals"] += time.perf_counter() - start
    start = time.perf_counter()
    pairs = compare(spec, said, draws=config.draws, seed=config.seed)
    clock["intervals"] += time.perf_counter() - start
    first = {model: found for (model, protocol), found in said.items() if protocol == config.protocols[0]}
    start = time.perf_counter()
    pictures = task_figures(spec, first, config.output / "figures") if first else []
    if first and spec.target == "class":
        names = np.asarray(examples.classes)[examples.labels].tolist()
        pictures += map_figure(
            spec, models[0].name, encoded[models[0].name], names, config.output / "figures", config.seed
        )
    clock["figures"] += time.perf_counter() - start
    start = time.perf_counter()
    sizes_wanted = spec.scaling and examples.fixed
    sizes = (
        scaling(spec, encoded, examples, draws=config.draws, seed=config.seed, leaks=task.leaks) if sizes_wanted else {}
    )
    pictures += scaling_figure(spec, sizes, config.output / "figures")
    clock["scaling"] += time.perf_counter() - start
    return TaskResult(
        spec=spec,
        data=facts_of(task),
        counts=counts_of(examples),
        results=tuple(results),
        shortcut=shortcut,
        shortcut_columns=columns,
        differences=pairs,
        scaling=sizes,
        figures=tuple(pictures),
        notes=tuple(notes),
    )


def _refuse_empty(spec: BenchmarkTask, examples: Examples) -> None:
    """A task that cannot be trained or tested says so instead of giving a number."""
    if spec.folds == "subject" or not examples.fixed:
        if len(np.unique(examples.subjects)) < 3:
            raise DataError("fewer than three people", where=spec.key, remedy="prepare the complete dataset")
        return
    for part in ("train", "test"):
        labels = examples.labels[examples.split == part]
        several = spec.target == "class" and len(np.unique(labels)) < 2
        if not len(labels) or several:
            raise DataError(
                f"{len(labels)} recordings in {part}" + (", all of one class" if several and len(labels) else ""),
                where=spec.key,
                remedy="prepare the complete dataset, or another split",
            )


def _encode(model: BenchModel, examples: Examples, config: BenchConfig, progress: bool) -> np.ndarray:
    """(n, dim); recordings of each dataset have a cache of their own."""
    rows: list[np.ndarray | None] = [None] * len(examples.cells)
    for source in np.unique(examples.sources):
        places = np.flatnonzero(examples.sources == source)
        content = manifest_of(config.data_root / str(source))["audio_sha256"]
        cache = FeatureCache(config.cache, content)
        for place, row in zip(
            places, cache.features(model, [examples.cells[place] for place in places], progress=progress), strict=True
        ):
            rows[place] = row
    return np.stack([row for row in rows if row is not None])


def _shortcut(
    spec: BenchmarkTask, examples: Examples, quality: np.ndarray, config: BenchConfig, leaks: bool
) -> tuple[ModelResult | None, tuple[str, ...], Predictions | None]:
    """The default probe on what is known without listening."""
    rows = [
        {**row, **dict(zip(QUALITY, values.tolist(), strict=True))}
        for row, values in zip(examples.rows, quality, strict=True)
    ]
    in_turn = spec.folds == "subject" or not examples.fixed
    train = np.ones(len(rows), bool) if in_turn else examples.split == "train"
    try:
        made = shortcut_features(rows, shortcut_spec(spec.dataset, spec.config), train)
        outcome = probe(spec, made.values.astype(np.float32), examples, "default", leaks=leaks)
    except DataError:  # nothing but constants, or a training part that teaches nothing: no shortcut to take
        return None, (), None
    shown = figures(spec, outcome.predictions, draws=config.draws, seed=config.seed)
    result = ModelResult(SHORTCUT, "default", shown, outcome.penalty, outcome.seconds)
    return result, made.used, outcome.predictions
