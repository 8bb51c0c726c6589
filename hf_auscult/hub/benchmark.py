"""A benchmark as a dataset on the Hub: a config per task over each dataset's one table, and results."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from huggingface_hub import DatasetCard, DatasetCardData

from ..data.catalogue import DATASETS
from ..errors import ConfigurationError
from ..evaluation.suites import suite_of
from ..evaluation.task import BenchmarkTask
from ..files import to_json
from ..metrics.tables import Table
from .cards import RESEARCH_ONLY, template
from .plans import closed
from .private import cleaned
from .send import Plan

RESULTS = "results"
_TEXTS = ("suite", "task", "model", "protocol", "metric", "problem", "contamination")
_NUMBERS = ("value", "low", "high", "level")
_ROWS = pa.schema(
    [
        *((name, pa.string()) for name in _TEXTS),
        *((name, pa.float64()) for name in _NUMBERS),
        ("subjects", pa.int64()),
        ("positives", pa.int64()),
        ("listens", pa.bool_()),
    ]
)


def config_name(number: str) -> str:
    """Return the config of a task.

    Example:
        >>> config_name("T8")
        't08'
    """
    return f"t{int(number[1:]):02d}" if number[:1] == "T" and number[1:].isdigit() else number.lower().replace(" ", "-")


def plan_benchmark(suite: str, repo: str, data_root: str | Path, *, results: str | Path | None = None) -> Plan:
    """The repository of a suite: its tasks as configs, with the tables of the datasets that may be passed on.

    Args:
        suite: its name.
        repo: `namespace/name`.
        data_root: prepared datasets, in folders of their names: their cards say which files and rows a task reads.
        results: folder that `bench` wrote; its figures become the config `results`, a row a model, task and metric.

    Raises:
        ConfigurationError: no such suite, or not one of its datasets is prepared and may be passed on.
    """
    configs: list[dict[str, Any]] = []
    files: dict[str, str | bytes | Path] = {}
    rows, exported = [], []
    for task in suite_of(suite):
        here = _config(Path(data_root) / task.dataset / "README.md", task.config)
        why = closed(task.dataset) or ("" if here else "not prepared by whoever published this")
        if here and not why:
            configs.append(_moved(here, config_name(task.number), task.dataset))
            exported += _for_mteb(task, configs[-1])
            # datasets reads no other repository's files; tasks of one dataset share them.
            for part in here["data_files"]:
                for file in sorted((Path(data_root) / task.dataset).glob(part["path"])):
                    files[f"{task.dataset}/{file.relative_to(Path(data_root) / task.dataset).as_posix()}"] = file
        rows.append(
            (f"`{config_name(task.number)}`", task.title, task.dataset, task.config, task.metrics[0], why or "-")
        )
    if not configs:
        raise ConfigurationError(
            f"no dataset of {suite} that may be passed on", where=data_root, remedy="prepare some of them first"
        )
    if results is not None:
        # A repository has one format: datasets takes that of the tasks' tables for every config.
        table = pa.Table.from_pylist(list(_figures(Path(results) / "results.json")), schema=_ROWS)
        sink = io.BytesIO()
        pq.write_table(table, sink)
        files["results.parquet"] = sink.getvalue()
        configs.append({"config_name": RESULTS, "data_files": [{"split": "test", "path": "results.parquet"}]})
    head = DatasetCardData(
        license="other",
        license_name="those-of-the-datasets",
        task_categories=["audio-classification"],
        tags=["body-sounds", "auscultation", "benchmark"],
        pretty_name=suite,
        configs=configs,
    )
    files |= _mteb_files(suite, repo, exported)
    text = template("benchmark.md.j2").render(
        front=head.to_yaml().strip(),
        suite=suite,
        repository=repo,
        notice=RESEARCH_ONLY,
        example=configs[0]["config_name"],
        maeb=[f"`{entry['config']}`" for entry in exported],
        results=results is not None,
        tasks=Table(
            ("config", "task", "dataset", "its config", "metric", "not here because"), rows, names=6
        ).markdown(),
    )
    return Plan(repo, "dataset", {"README.md": text, **files})


def _config(readme: Path, name: str) -> dict[str, Any]:
    """Return one config of a prepared dataset's card; empty where there is none."""
    if not readme.is_file():
        return {}
    known = DatasetCard(readme.read_text("utf-8")).data.to_dict().get("configs", [])
    return next((config for config in known if config["config_name"] == name), {})


def _moved(config: Mapping[str, Any], name: str, home: str) -> dict[str, Any]:
    """Return a config under another name that reads its files from a folder of the dataset's name."""
    files = [{**part, "path": f"{home}/{part['path']}"} for part in config["data_files"]]
    rest = {key: value for key, value in config.items() if key != "default"}
    return {**rest, "config_name": name, "data_files": files}


def _for_mteb(task: BenchmarkTask, config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the entry of a task for maeb.py; none for what `mteb` has no task of, or its own way of splitting."""
    spec = DATASETS[task.dataset]
    label = spec.label_column(spec.task(task.config))
    parts = [part["split"] for part in config["data_files"]]
    tested = [name for name in parts if name == (task.test or name) and name.startswith("test")]
    if task.target == "classes" or task.folds != "split" or task.trained_on or "train" not in parts or not tested:
        return []
    entry = {
        "name": f"{task.suite}{task.number}".replace(" ", ""),
        "config": config["config_name"],
        "label": label,
        "target": task.target,
        "eval_splits": tested,
        "description": f"{task.title} ({spec.title}), people of the test split in no other.",
        "reference": spec.source_url,
        "license": spec.licence_tag if spec.licence_tag not in ("other", "unknown") else spec.source_url,
    }
    return [entry]


def _mteb_files(suite: str, repo: str, tasks: list[dict[str, Any]]) -> dict[str, str]:
    """Return the suite for `mteb`: what reads it, and the table."""
    if not tasks:
        return {}
    table = {
        "suite": suite,
        "repository": repo,
        "description": f"Tasks of {suite} on body sounds that mteb can run; no person stands in two splits.",
        "reference": f"https://huggingface.co/datasets/{repo}",
        "tasks": tasks,
    }
    source = resources.files(__package__).joinpath("maeb.py").read_text("utf-8")
    return {"maeb.py": source, "maeb.json": to_json(table) + "\n"}


def _figures(file: Path) -> Iterator[dict[str, Any]]:
    """Yield a row a model, task, protocol and metric of a run's results, metadata alone among the models."""
    try:
        content = cleaned(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"no results ({error})", where=file, remedy="give a folder that bench wrote"
        ) from error
    for task in content["tasks"]:
        for listens, results in ((True, task["results"]), (False, task["shortcuts"])):
            for result in results:
                for metric, figure in result["figures"].items():
                    interval = figure["interval"] or {}
                    yield {
                        "suite": content["suite"],
                        "task": config_name(task["spec"]["number"]),
                        "model": result["model"],
                        "listens": listens,
                        "protocol": result["protocol"],
                        "metric": metric,
                        "value": figure["value"],
                        **{key: interval.get(key) for key in ("low", "high", "level", "subjects", "positives")},
                        "problem": figure["problem"],
                        "contamination": "; ".join(result["contamination"] or ()),
                    }


__all__ = ["config_name", "plan_benchmark"]
