"""Fine-tune an encoder on benchmark tasks: one YAML file in, models and figures with intervals over people out."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml
from accelerate import PartialState
from accelerate.utils import parse_flag_from_env
from transformers import AutoConfig, AutoFeatureExtractor, AutoModelForAudioClassification, set_seed
from transformers.trainer_callback import PrinterCallback, ProgressCallback

from ..audio import WindowPolicy
from ..data.people import order
from ..data.trained_on import FILE as PEOPLE_FILE
from ..data.trained_on import merged, read_training_people, salt_of, training_people
from ..embedding.store import weights_of
from ..errors import ConfigurationError, DataError
from ..evaluation.contamination import ORIGIN, HeldOutPeople, contamination_of, origins_of
from ..evaluation.estimates import Bootstrap, Estimate
from ..evaluation.examples import Examples, examples_of
from ..evaluation.load import Task, load_task
from ..evaluation.predictions import Predictions, estimates
from ..evaluation.suites import task_of
from ..evaluation.task import METRICS, PROTOCOLS, BenchmarkTask, read_tasks
from ..evaluation.task_probe import predictions_of
from ..features import WindowedFeatureExtractor
from ..files import Serialisable, check_folder, new_folder, to_json, write_json, write_text
from ..metrics.sprsound import sprsound_score
from ..metrics.tables import Table
from ..models.reachable import check_reachable
from ..training.align import last_complete_checkpoint
from ..training.finetune import (
    FinetuneArguments,
    FinetuneTrainer,
    RecordingRows,
    Target,
    WindowDataset,
    adapted,
    balanced_weights,
    probabilities,
)
from .align.config import build, check_training, read_settings
from .align.results import repository_name, without_absolute_paths

PACKAGES = ("hf-auscult", "torch", "transformers", "peft", "numpy")


@dataclass(frozen=True)
class ExtraTarget:
    """A further target of the same network, read from a column of the recordings (multi-task learning).

    Args:
        column: of the prepared dataset, `spo2` or `respiratory_insufficiency` for example.
        kind: `class`, whose classes are the column's values in training, or `value`.
        weight: of its loss beside the task's.
    """

    column: str
    kind: Literal["class", "value"] = "value"
    weight: float = 1.0


@dataclass(frozen=True)
class FinetuneConfig(Serialisable):
    """Fine-tuning of one encoder on some tasks.

    Args:
        output: folder of the models and figures.
        model: folder or Hub id of the encoder.
        root: folder of prepared datasets, each in a folder of its name.
        tasks: keys of benchmark tasks (`auscultabench16/T8`), or a YAML file of your own.
        work: folder of checkpoints.
        protocol: `default`: the epoch is chosen on validation people. `published`: on the test recordings, where the
            task has no validation people, as AuscultaBench's script does; results are marked.
        seeds: of head, order and dropout; a run each.
        shares: of the training people, a run each: how results grow with them.
        train_seconds: length of the windows that are trained on, for all or by dataset and `default`.
        train_windows, test_windows: settings of `WindowPolicy`, the first without its length; the latter becomes the
            model's.
        head: `linear`, `mlp` or `attentive`.
        adapter: `lora`, `dora` or `ia3` in place of training the encoder's own weights.
        adapter_settings: of PEFT's configuration.
        extra_targets: see `ExtraTarget`.
        training: settings of `FinetuneArguments`, transformers' `TrainingArguments` included.
        bootstrap_draws: resamples of people for intervals.

    Raises:
        ConfigurationError: a setting that does not exist or contradicts another.
    """

    output: str
    model: str
    root: str
    tasks: str | tuple[str, ...]
    work: str = ".auscult"
    protocol: str = "default"
    seeds: tuple[int, ...] = (0,)
    shares: tuple[float, ...] = (1.0,)
    train_seconds: float | dict[str, float] = 8.0
    train_windows: dict[str, Any] = field(default_factory=lambda: {"kind": "sliding", "padding": "repeat"})
    test_windows: dict[str, Any] = field(default_factory=dict)
    head: Literal["linear", "mlp", "attentive"] = "linear"
    adapter: Literal["lora", "dora", "ia3"] | None = None
    adapter_settings: dict[str, Any] = field(default_factory=dict)
    extra_targets: tuple[ExtraTarget, ...] = ()
    training: dict[str, Any] = field(default_factory=dict)
    bootstrap_draws: int = 2000

    def __post_init__(self) -> None:
        check_training(self.training, FinetuneArguments)
        extra = tuple(build(ExtraTarget, value, "extra_targets") if isinstance(value, dict) else value
                      for value in self.extra_targets)  # fmt: skip
        object.__setattr__(self, "extra_targets", extra)
        if self.protocol not in PROTOCOLS:
            raise ConfigurationError(f"no protocol {self.protocol!r}", remedy=f"use {' or '.join(PROTOCOLS)}")
        if not self.seeds or not self.shares or not all(0 < share <= 1 for share in self.shares):
            raise ConfigurationError(
                f"seeds {list(self.seeds)}, shares {list(self.shares)}", remedy="give one or more; shares of 0 to 1"
            )

    def seconds(self, dataset: str) -> float:
        """Return the length of training windows of a dataset."""
        if not isinstance(self.train_seconds, dict):
            return self.train_seconds
        return float(self.train_seconds.get(dataset, self.train_seconds.get("default", 8.0)))

    def task_list(self) -> tuple[BenchmarkTask, ...]:
        """Return the tasks."""
        if isinstance(self.tasks, str) and self.tasks.endswith((".yaml", ".yml")):
            return read_tasks(self.tasks)
        return tuple(task_of(key) for key in ((self.tasks,) if isinstance(self.tasks, str) else self.tasks))


@dataclass(frozen=True)
class FinetuneRow(Serialisable):
    """One task with one share of the training people.

    Args:
        task: its key.
        title: as tables print it.
        share: of the training people.
        people: training people.
        seeds: of the runs; figures are of all of them.
        selected_on: `validation` or `test`.
        unfrozen: names of the parameters that were trained.
        figures: metric -> estimate with its interval over people.
        event_scores: of events and cycles by their dataset's own score, mean over seeds.
        extra: further target -> mean absolute error, or accuracy, on the test recordings that have it.
        contamination: why the encoder may know the test people before it is fine-tuned; empty where nothing is known.
    """

    task: str
    title: str
    share: float
    people: int
    seeds: tuple[int, ...]
    selected_on: str
    unfrozen: tuple[str, ...]
    figures: dict[str, Estimate]
    event_scores: dict[str, float] = field(default_factory=dict)
    extra: dict[str, float] = field(default_factory=dict)
    contamination: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class FinetuneResult(Serialisable):
    """What `finetune` returns: also the contents of results.json.

    Args:
        config: of the run.
        command: what was typed, if anything.
        rows: one a task and share.
        versions: of Python and the packages.
        seconds: of the whole run.
    """

    config: dict[str, Any]
    command: str
    rows: tuple[FinetuneRow, ...]
    versions: dict[str, str]
    seconds: float

    def table(self) -> Table:
        """Return the figures of all rows."""
        metrics = list(dict.fromkeys(name for row in self.rows for name in row.figures))
        header = ("task", "share of training people", "people", *(METRICS.get(name, name) for name in metrics))
        lines: list[list[str | int]] = []
        for row in self.rows:
            mark = " (epoch chosen on test)" if row.selected_on == "test" else ""
            mark += " (the encoder may know the test people)" if row.contamination else ""
            figures = [str(row.figures[name]) if name in row.figures else "–" for name in metrics]
            lines.append([row.title + mark, f"{row.share:g}", row.people, *figures])
        return Table(header, lines, names=2)


def load_config(path: str | Path, overrides: dict[str, Any] | None = None) -> FinetuneConfig:
    """Read a run's YAML file; see `hf_auscult.recipes.align.config.load_config`."""
    return build(FinetuneConfig, read_settings(path, overrides), str(path))


def finetune(
    config: FinetuneConfig | str | Path,
    *,
    command: str = "",
    only: Sequence[str] = (),
    progress: bool = True,
    overwrite: bool = False,
) -> FinetuneResult | None:
    """Fine-tune an encoder on every task, share of people and seed.

    Args:
        config: of the run, or the path of its YAML file; see `examples/configs/finetune_*.yaml`.
        command: what was typed, for the card.
        only: keys of the tasks to run; all of the configuration's by default.
        progress: show bars.
        overwrite: replace the folder of a finished run.

    Returns:
        The results; `None` on other processes than the first.

    Writes `config.output`: results.json, README.md, and for every task a folder with the model of the first seed and
    all training people (the adapter beside it where there is one) and the predictions of all seeds.

    Raises:
        ConfigurationError: a setting is wrong, or the output is finished and not to be replaced, or
            holds files that no earlier run wrote.
        DataError: a dataset is not prepared, or a task has no validation people under the default protocol.

    Example:
        `print(hf_auscult.finetune("examples/configs/finetune_covid.yaml").table().markdown())`
    """
    if not isinstance(config, FinetuneConfig):
        config = load_config(config)
    started = time.perf_counter()
    # Without being told, accelerate takes two CPU processes for two runs of one process.
    state = PartialState(cpu=parse_flag_from_env("ACCELERATE_USE_CPU"))
    check_folder(config.output, replace=overwrite)
    check_reachable(config.model)
    state.wait_for_everyone()  # all have looked before the first one writes
    specs = [spec for spec in config.task_list() if not only or spec.key in only]
    if not state.is_main_process:
        for spec in specs:
            _task(config, spec, None, progress=False)
        return None
    rows = []
    with new_folder(config.output, replace=True) as folder:
        for spec in specs:
            rows += _task(config, spec, folder / spec.key.replace("/", "_").replace(" ", "_"), progress)
        result = FinetuneResult(
            config=without_absolute_paths({**config.to_dict(), "output": repository_name(config.output)}),
            command=command,
            rows=tuple(rows),
            versions={"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
            seconds=round(time.perf_counter() - started, 1),
        )
        write_json(folder / "results.json", result.to_dict(), sort_keys=True)
        write_text(folder / "README.md", _readme(result))
    return result


def _task(config: FinetuneConfig, spec: BenchmarkTask, folder: Path | None, progress: bool) -> list[FinetuneRow]:
    """Train and test on a task; without a folder, on a process that only trains along, there are no rows."""
    task = load_task(spec, root=config.root)
    examples = examples_of(task)
    parts = {name: np.flatnonzero(examples.split == name) for name in ("train", "validation", "test")}
    parts["train"] = parts["train"][~examples.reserved[parts["train"]]]
    selected_on = "validation"
    if not len(parts["validation"]):
        if config.protocol != "published":
            raise DataError(
                "no validation people, on whom the epoch would be chosen",
                where=spec.key,
                remedy="prepare it with a validation split, or set protocol: published, which chooses on test",
            )
        selected_on = "test"
    if config.protocol == "published" and spec.suite == "auscultabench16":
        selected_on = "test"  # its script scores every epoch on the test part and keeps the best
    examples.refuse_reserved(np.concatenate([parts["train"], parts["validation"]]), "training")
    people = sorted({str(who) for who in examples.subjects[parts["train"]]}, key=lambda who: order(who, 0))
    tested = HeldOutPeople(
        dataset=spec.dataset,
        people=examples.ids_of(parts["test"]),
        splits={name: manifest["split_sha256"] for name, manifest in task.manifests.items()},
        prepared=Path(config.root) / spec.dataset,
    )
    encoder = AutoConfig.from_pretrained(config.model)
    known = contamination_of(config.model.rstrip("/").rpartition("/")[2], config.model, tested, encoder)
    rows = []
    for share in config.shares:
        kept = people[: max(2, round(share * len(people)))]
        train = parts["train"][np.isin(examples.subjects[parts["train"]], kept)]
        data = _Data.of(config, task, examples, {**parts, "train": train}, selected_on)
        scores: list[np.ndarray] = []
        unfrozen: tuple[str, ...] = ()
        extra: dict[str, Any] = {}
        for seed in config.seeds:
            first = seed == config.seeds[0] and share == max(config.shares)
            logits, unfrozen = _train(config, data, seed, folder if first else None, progress)
            scores.append(probabilities(logits, data.targets)[data.targets[0].name])
            extra = _extra(logits, data)
        if folder is None:
            continue
        predictions = predictions_of(examples, parts["test"], np.stack(scores))
        name = f"predictions_{share:g}.parquet"
        folder.mkdir(parents=True, exist_ok=True)
        predictions.write(folder / name)
        rows.append(
            FinetuneRow(
                task=spec.key,
                title=spec.title,
                share=share,
                people=len(kept),
                seeds=config.seeds,
                selected_on=selected_on,
                unfrozen=unfrozen,
                figures=estimates(spec.metrics, predictions, Bootstrap(draws=config.bootstrap_draws)),
                event_scores=event_scores(predictions) if examples.cells[0].part else {},
                extra=extra,
                contamination=known,
            )
        )
    return rows


@dataclass(frozen=True, eq=False)
class _Data:
    """What a run of a task reads: windows to train on, whole recordings to choose the epoch and to predict.

    ``facts`` are the hashes of split, content and sounds that a run that was stopped must agree with.
    """

    spec: BenchmarkTask
    examples: Examples
    train_rows: np.ndarray
    extractor: WindowedFeatureExtractor
    targets: tuple[Target, ...]
    train: WindowDataset
    select: RecordingRows
    test: RecordingRows
    facts: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        config: FinetuneConfig,
        task: Task,
        examples: Examples,
        parts: Mapping[str, np.ndarray],
        selected_on: str,
    ) -> _Data:
        spec = task.spec
        extractor = AutoFeatureExtractor.from_pretrained(config.model)
        seconds = config.seconds(spec.dataset)
        cutting = WindowPolicy(**{**config.train_windows, "seconds": seconds})
        if config.test_windows:
            extractor.windows = WindowPolicy(**config.test_windows)
        labels, targets = _labels(config, spec, examples, parts["train"])
        if config.training.get("class_weights"):
            columns = np.cumsum([0, *(target.columns for target in targets)])
            targets = tuple(
                replace(target, class_weights=balanced_weights(labels[parts["train"]][:, first:last], target))
                for target, (first, last) in zip(targets, pairwise(columns), strict=True)
            )
        test_windows, extractor.windows = extractor.windows, cutting
        windows, owners = [], []
        for row in parts["train"]:
            for window in extractor.features(examples.cells[row].audio).windows:
                windows.append(window)
                owners.append(row)
        extractor.windows = test_windows
        shapes = {window.shape for window in windows}
        if len(shapes) > 1:
            raise ConfigurationError(
                f"training windows of {len(shapes)} lengths", where="train_windows", remedy="fill up the last window"
            )
        rows = {
            part: RecordingRows(
                [
                    {
                        name: value[0]
                        for name, value in extractor(examples.cells[row].audio, return_tensors="np").items()
                    }
                    for row in parts[part]
                ],
                labels[parts[part]],
            )
            for part in {selected_on, "test"}
        }
        train = WindowDataset(windows, labels[owners])
        return cls(
            spec, examples, parts["train"], extractor, targets, train, rows[selected_on], rows["test"], task.facts
        )


def _labels(
    config: FinetuneConfig, spec: BenchmarkTask, examples: Examples, train: np.ndarray
) -> tuple[np.ndarray, tuple[Target, ...]]:
    """Return (examples, columns) labels of the task and of the further targets, NaN where unknown."""
    own = examples.labels.astype(np.float64).reshape(len(examples.rows), -1)
    columns = [own]
    targets = [Target(spec.config, spec.target, len(examples.classes) or 1)]
    if spec.target == "value":
        targets[0] = _standardised(targets[0], own[train, 0])
    for extra in config.extra_targets:
        values = [row.get(extra.column) for row in examples.rows]
        if all(value is None for value in values):
            raise DataError(f"no recording has {extra.column}", where=spec.key, remedy="correct extra_targets")
        if extra.kind == "value":
            numbers = np.array([np.nan if value is None else float(value) for value in values])
            target = _standardised(Target(extra.column, "value", 1, extra.weight), numbers[train])
        else:
            names = sorted({str(values[row]) for row in train if values[row] is not None})
            numbers = np.array([names.index(str(v)) if str(v) in names and v is not None else np.nan for v in values])
            target = Target(extra.column, "class", len(names), extra.weight)
        columns.append(numbers[:, None])
        targets.append(target)
    return np.concatenate(columns, axis=1), tuple(targets)


def _standardised(target: Target, values: np.ndarray) -> Target:
    return replace(target, mean=float(np.nanmean(values)), std=float(np.nanstd(values)) or 1.0)


def _classifier(config: FinetuneConfig, data: _Data, seed: int) -> Any:
    set_seed(seed)
    first = data.targets[0]
    names = [str(name) for name in data.examples.classes] or [first.name]
    for target in data.targets[1:]:
        names += [target.name] if target.size == 1 else [f"{target.name}:{number}" for number in range(target.size)]
    problem = {"class": "single_label_classification", "classes": "multi_label_classification", "value": "regression"}
    model = AutoModelForAudioClassification.from_pretrained(
        config.model,
        id2label=dict(enumerate(names)),
        label2id={name: number for number, name in enumerate(names)},
        problem_type=problem[first.kind],
        classifier_head=config.head,
        ignore_mismatched_sizes=True,
    )
    setattr(model.config, ORIGIN, origins_of(config.model, model.config))
    return model


def _train(
    config: FinetuneConfig, data: _Data, seed: int, folder: Path | None, progress: bool
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Train one seed, or go on with it; return the test logits and what was trained, and write the model."""
    model = _classifier(config, data, seed)
    training = dict(config.training)
    if config.adapter:
        model = adapted(model, config.adapter, config.adapter_settings)
    people = sorted(data.examples.cells[row].key for row in data.train_rows)
    content = [config.to_dict(), data.spec.key, seed, people, data.facts, weights_of(model)]
    digest = hashlib.sha256(to_json(content).encode()).hexdigest()[:16]
    work = Path(config.work) / "finetuning" / digest
    args = FinetuneArguments(str(work), seed=seed, disable_tqdm=not progress, **{"logging_steps": 50, **training})
    trainer = FinetuneTrainer(
        model, args, targets=data.targets, extractor=data.extractor, train_dataset=data.train, eval_dataset=data.select
    )
    for callback in (PrinterCallback, *((ProgressCallback,) if not progress else ())):
        trainer.remove_callback(callback)
    trainer.train(resume_from_checkpoint=last_complete_checkpoint(work))
    logits = trainer.predict_rows(data.test.rows)
    if folder is not None:
        _write(config, data, trainer, folder)
    trainer.accelerator.wait_for_everyone()  # nobody is still reading its checkpoints
    if trainer.is_world_process_zero():
        shutil.rmtree(work, ignore_errors=True)
    return logits, tuple(trainer.unfrozen)


def _write(config: FinetuneConfig, data: _Data, trainer: FinetuneTrainer, folder: Path) -> None:
    model: Any = trainer.accelerator.unwrap_model(trainer.model)
    if config.adapter:
        model.save_pretrained(folder / "adapter")
        model = model.merge_and_unload()
    model.save_pretrained(folder)
    data.extractor.save_pretrained(folder)
    dataset = data.spec.trained_on or data.spec.dataset
    ids = set().union(*data.examples.ids_of(data.train_rows).values())
    salt = salt_of(dataset, Path(config.root) / dataset)
    earlier = read_training_people(config.model) or {}
    write_json(folder / PEOPLE_FILE, merged([earlier, training_people(dataset, ids, salt=salt)]))


def _extra(logits: np.ndarray, data: _Data) -> dict[str, float]:
    """Return the error or accuracy of the further targets on the test recordings that have them."""
    found, scores = {}, probabilities(logits, data.targets)
    column = data.targets[0].columns
    for target in data.targets[1:]:
        truth = data.test.labels[:, column]
        column += target.columns
        known = ~np.isnan(truth)
        if known.any():
            own = scores[target.name][known]
            value = np.abs(own[:, 0] - truth[known]) if target.kind == "value" else own.argmax(axis=1) == truth[known]
            found[target.name] = float(value.mean())
    return found


def event_scores(predictions: Predictions) -> dict[str, float]:
    """Return scores of events or cycles, averaged over runs.

    The sensitivity of every class and its mean; where one class is called normal, also the challenges' (ICBHI's is
    `average`, SPRSound's is `score`). Empty for several classes at once.
    """
    if predictions.multilabel or not predictions.classes:
        return {}
    names = np.asarray(predictions.classes)
    truth = names[predictions.truth]
    normal = next((name for name in names if str(name).lower() == "normal"), None)
    runs = []
    for scores in predictions.runs:
        decided = names[scores.argmax(axis=1)]
        heard = [name for name in names if (truth == name).any()]
        found = {f"sensitivity {name}": float((decided == name)[truth == name].mean()) for name in heard}
        found["mean sensitivity"] = float(np.mean(list(found.values())))
        if normal in heard and len(heard) > 1:
            found |= sprsound_score(truth, decided, normal=normal).to_dict()
        runs.append(found)
    return {name: float(np.mean([run[name] for run in runs])) for name in runs[0]}


def cross_table(results: Sequence[Mapping[str, Any]], metric: str = "auroc") -> Table:
    """Return one metric of tasks `A`, `B`, `A to B` as a table: trained on in rows, tested on in columns.

    Args:
        results: contents of results.json of runs on such tasks (suite `covid_balanced`).
        metric: which.
    """
    cells: dict[tuple[str, str], str] = {}
    for result in results:
        for row in result["rows"]:
            if row["share"] == 1.0 and metric in row["figures"]:
                source, _, tested = row["title"].partition(" to ")
                value, interval = row["figures"][metric]["value"], row["figures"][metric]["interval"]
                text = "–" if value is None else f"{value:.3f}"
                if interval:
                    text += f" [{interval['low']:.2f}, {interval['high']:.2f}]"
                cells[source, tested or source] = text
    names = list(dict.fromkeys(name for pair in cells for name in pair))
    return Table(
        ("trained on", *names), [[row, *(cells.get((row, column), "–") for column in names)] for row in names], names=1
    )


def _readme(result: FinetuneResult) -> str:
    front = {"license": "apache-2.0", "library_name": "transformers", "tags": ["auscultation", "hf_auscult"]}
    settings = {name: value for name, value in result.config.items() if name not in ("output", "work", "root")}
    return f"""---
{yaml.safe_dump(front, sort_keys=False).strip()}
---

# {Path(result.config["output"]).name}

`{result.config["model"]}`, fine-tuned with labels; a folder for every task loads with
`AutoModelForAudioClassification`. Intervals are over people.

**For research only. Not a medical device; not for diagnosis, screening or treatment decisions.**

{result.table().markdown()}

```yaml
{yaml.safe_dump(json.loads(to_json(settings)), sort_keys=False).strip()}
```

{result.seconds} s{f" by `{result.command}`" if result.command else ""}.
"""
