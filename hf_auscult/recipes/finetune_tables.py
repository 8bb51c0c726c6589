"""Linear probe and full fine-tuning of several encoders side by side: AuscultaBench's Tables 7 and 8."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from accelerate import PartialState

from ..data.load import manifest_of
from ..errors import AuscultError
from ..evaluation.published import published_figures
from ..evaluation.task import METRICS, BenchmarkTask
from ..files import Serialisable, take, to_json, write_json, write_text
from ..metrics.tables import DASH, Table, number
from ..models.reachable import check_reachable
from .finetune import FinetuneConfig, finetune, load_config

# Folder name of an encoder -> the paper's name for it.
PAPER = {
    "opera-ct": "OPERA-CT",
    "audiomae": "AudioMAE",
    "msclap-2022": "CLAP",
    "panns-cnn14": "PANN",
    "auscultabase": "AuscultaBase",
}
# Method -> blocks of the encoder that are trained; -1 is all of it.
METHODS = {"linear": 0, "full": -1}
PLACES = ("output", "work", "root", "tasks")  # settings that change no figure of a task
ABSENT = "not run: weights absent"


@dataclass(frozen=True)
class TunedEncoder(Serialisable):
    """What came of one encoder, task and method.

    Args:
        model, task, title, method: which; the method is one of `METHODS`.
        status: `done`, or why it was not run.
        trained: whether this call trained it; else it was there.
        figures: metric -> value, low and high over people (`None` where undefined).
    """

    model: str
    task: str
    title: str
    method: str
    status: str
    trained: bool = False
    figures: tuple[tuple[str, tuple[float | None, float | None, float | None]], ...] = ()


def finetune_tables(
    config: FinetuneConfig | str | Path, models: Sequence[str], output: str | Path, *, progress: bool = True
) -> tuple[TunedEncoder, ...]:
    """Train a linear head on, and the whole of, every encoder on every task of a file, and write the tables.

    What agrees in settings, data and weights is not trained again. Encoders that are not here and datasets that are not
    prepared are named in the tables, and left out.

    Args:
        config: of the run, or the path of its YAML file; its encoder and frozen blocks are replaced.
        models: folders or Hub ids; the paper's figures stand beside those named in `PAPER`.
        output: folder of one run for every encoder, task and method; it may hold an earlier call's.
        progress: show bars.

    Writes results.json and README.md in `output`.

    Raises:
        ConfigurationError: a setting is wrong, or one of the two files is there and no earlier call wrote it.

    Example:
        `finetune_tables("examples/configs/finetune_tables.yaml", ["auscult/opera-ct"], "tuned")`
    """
    if not isinstance(config, FinetuneConfig):
        config = load_config(config)
    if PartialState().is_main_process:
        take(Path(output), "results.json", "README.md")
    tuned = tuple(
        _tuned(config, spec, model, method, Path(output), progress)
        for spec in config.task_list()
        for method in METHODS
        for model in models
    )
    if PartialState().is_main_process:
        write_json(Path(output) / "results.json", {"rows": [entry.to_dict() for entry in tuned]})
        write_text(Path(output) / "README.md", report(tuned))
    return tuned


def _tuned(
    config: FinetuneConfig, spec: BenchmarkTask, model: str, method: str, output: Path, progress: bool
) -> TunedEncoder:
    named: dict[str, Any] = {"model": model, "task": spec.key, "title": spec.title, "method": method}
    try:
        check_reachable(model)
    except OSError:
        return TunedEncoder(**named, status=ABSENT)
    if not (Path(config.root) / spec.dataset).is_dir():
        return TunedEncoder(**named, status=f"not run: {spec.dataset} is not prepared")
    folder = output / "_".join((Path(model).name, spec.key.replace("/", "-"), method))
    training = {**config.training, "unfrozen_blocks": METHODS[method]}
    own = replace(config, model=model, output=str(folder), training=training)
    record = output / f"{folder.name}.json"
    key, known = _key(own, spec), json.loads(record.read_text("utf-8")) if record.is_file() else {}
    trained = known.get("key") != key or not folder.is_dir()
    if trained:
        try:
            result = finetune(own, only=(spec.key,), progress=progress, overwrite=True)
        except AuscultError as error:
            return TunedEncoder(**named, status=f"not run: {error}")
        if result is None:  # not the first process
            return TunedEncoder(**named, status="done")
        row = next(row for row in result.rows if row.share == max(config.shares))
        known = {"key": key, "figures": {name: (v.value, v.low, v.high) for name, v in row.figures.items()}}
        write_json(record, known)
    figures = tuple((name, tuple(values)) for name, values in known["figures"].items())
    return TunedEncoder(**named, status="done", trained=trained, figures=figures)


def _key(config: FinetuneConfig, spec: BenchmarkTask) -> str:
    """Return what a finished run must agree with: settings, the prepared data and the weights it starts from."""
    settings = {name: value for name, value in config.to_dict().items() if name not in PLACES}
    manifest = manifest_of(Path(config.root) / spec.dataset)
    data = [manifest[name] for name in ("split_sha256", "audio_sha256", "content_sha256")]
    weights = [hashlib.sha256(file.read_bytes()).hexdigest() for file in Path(config.model).glob("*.safetensors")]
    return hashlib.sha256(to_json([settings, data, sorted(weights)], sort_keys=True).encode()).hexdigest()


def report(tuned: Sequence[TunedEncoder]) -> str:
    """Return README.md: one table a metric, encoders in columns, with the paper's figures above ours."""
    models = list(dict.fromkeys(entry.model for entry in tuned))
    metrics = list(dict.fromkeys(name for entry in tuned for name, _ in entry.figures if name in METRICS))
    parts = [
        "# Linear probe and full fine-tuning",
        "[95 % interval over people]; the paper's figures are means ± standard deviations over three runs.",
    ]
    for metric in metrics or [""]:
        lines: list[list[str]] = []
        for task, title, method in dict.fromkeys((entry.task, entry.title, entry.method) for entry in tuned):
            printed = [_printed(task, method, model, metric) for model in models]
            if set(printed) != {DASH}:
                lines.append([title, method, "paper", *printed])
            own = {entry.model: entry for entry in tuned if (entry.task, entry.method) == (task, method)}
            lines.append([title, method, "here", *(_cell(own[model], metric) for model in models)])
        names = [PAPER.get(Path(model).name, Path(model).name) for model in models]
        parts.append(f"## {METRICS[metric]}" if metric else "")
        parts.append(Table(("task", "trained", "", *names), lines, names=3).markdown())
    return "\n\n".join(part for part in parts if part) + "\n"


def _cell(entry: TunedEncoder, metric: str) -> str:
    if entry.status != "done":
        return entry.status
    value, low, high = dict(entry.figures).get(metric, (None, None, None))
    return number(value) if low is None or high is None else f"{number(value)} [{number(low, 2)}, {number(high, 2)}]"


def _printed(task: str, method: str, model: str, metric: str) -> str:
    suite, _, name = task.partition("/")
    wanted = PAPER.get(Path(model).name, "") + (" (fine-tuned)" if method == "full" else "")
    for figure in published_figures(suite):
        if (figure.task, figure.model, figure.metric) == (name, wanted, metric) and figure.table in ("1", "7", "8"):
            return number(figure.value) + (f" ± {number(figure.spread)}" if figure.spread is not None else "")
    return DASH
