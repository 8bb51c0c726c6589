"""A benchmark as a dataset on the Hub: a config per task over each dataset's one table, and results."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from huggingface_hub import DatasetCard, DatasetCardData

from ..errors import ConfigurationError
from ..evaluation.suites import suite_of
from ..metrics.tables import Table
from .cards import RESEARCH_ONLY, template
from .plans import closed
from .private import cleaned
from .send import Plan

RESULTS = "results"


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
    files: dict[str, str | Path] = {}
    rows = []
    for task in suite_of(suite):
        here = _config(Path(data_root) / task.dataset / "README.md", task.config)
        why = closed(task.dataset) or ("" if here else "not prepared by whoever published this")
        if here and not why:
            configs.append(_moved(here, config_name(task.number), task.dataset))
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
        files["results.jsonl"] = "".join(f"{json.dumps(row)}\n" for row in _figures(Path(results) / "results.json"))
        configs.append({"config_name": RESULTS, "data_files": [{"split": "test", "path": "results.jsonl"}]})
    head = DatasetCardData(
        license="other",
        license_name="those-of-the-datasets",
        task_categories=["audio-classification"],
        tags=["body-sounds", "auscultation", "benchmark"],
        pretty_name=suite,
        configs=configs,
    )
    text = template("benchmark.md.j2").render(
        front=head.to_yaml().strip(),
        suite=suite,
        repository=repo,
        notice=RESEARCH_ONLY,
        example=configs[0]["config_name"],
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


def _figures(file: Path) -> Iterator[dict[str, Any]]:
    """Yield a row a model, task, protocol and metric of a run's results."""
    try:
        content = cleaned(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"no results ({error})", where=file, remedy="give a folder that bench wrote"
        ) from error
    for task in content["tasks"]:
        for result in task["results"]:
            for metric, figure in result["figures"].items():
                yield {
                    "suite": content["suite"],
                    "task": config_name(task["spec"]["number"]),
                    "model": result["model"],
                    "protocol": result["protocol"],
                    "metric": metric,
                    **{key: figure.get(key) for key in ("value", "low", "high", "level", "subjects", "positives")},
                    "contamination": "; ".join(result.get("contamination") or ()),
                }


__all__ = ["config_name", "plan_benchmark"]
