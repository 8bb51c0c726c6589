"""The card of an aligned model, filled from the results of its run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult

from ..files import write_text
from ..metrics.tables import Table
from .cards import CODE_LICENCE, RESEARCH_ONLY, CardHead, data_licences, families, most_restrictive, template


def render_model_card(results: Mapping[str, Any], tables: Mapping[str, Table]) -> str:
    """Return the card's Markdown.

    Args:
        results: the contents of a run's results.json.
        tables: `probe`, `retrieval`, `representation` and `subgroups`.

    Raises:
        DataError: a fact the card must state was not observed.
    """
    data = results["data"]
    head, licences = _head(results)
    config = results["config"]
    text = template("model.md.j2").render(
        front=head.to_yaml().strip(),
        notice=RESEARCH_ONLY,
        licences=licences,
        licence=head.licence,
        repository=config["output"],
        results=results,
        data=data,
        config=config,
        tables={name: table.markdown() for name, table in (*tables.items(), *_more_tables(results).items())},
    )
    return text.rstrip() + "\n"


def write_model_card(folder: Path, results: Mapping[str, Any], tables: Mapping[str, Table]) -> Path:
    """Write README.md into a model's folder."""
    path = folder / "README.md"
    write_text(path, render_model_card(results, tables))
    return path


def _more_tables(results: Mapping[str, Any]) -> dict[str, Table]:
    data = results["data"]
    splits = [
        [split, counts["people"], counts["recordings"], *counts["per_class"].values()]
        for split, counts in data["splits"].items()
    ]
    settings = [(name, str(value)) for name, value in sorted(results["config"]["training"].items())]
    return {
        "splits": Table(("split", "people", "recordings", *data["classes"]), splits, names=1),
        "settings": Table(("setting", "value"), settings, names=2),
    }


def _head(results: Mapping[str, Any]) -> tuple[CardHead, dict[str, str]]:
    """Return the card's YAML, and the licences it follows from."""
    data, config = results["data"], results["config"]
    start = str(config["start"].get("checkpoint") or "")
    base = [start] if start.count("/") == 1 and not start.startswith(".") and not Path(start).exists() else []
    licences = {"code": CODE_LICENCE, **data_licences(data["recordings"])}
    if start:
        origin = start.rstrip("/").rpartition("/")[2]
        licences[origin] = families()[origin]["tag"] if origin in families() else "unknown"
    head = CardHead(
        name=results["name"],
        licence=most_restrictive(licences.values()),
        pipeline_tag="zero-shot-audio-classification",
        tags=["acula", *data["recordings"]],
        base_model=base,
        datasets=[f"auscult/{name}" for name in data["recordings"]],
        language=["en"],
        results=[_result(results)],
    )
    return head, licences


def _result(results: Mapping[str, Any]) -> EvalResult:
    """Return the leading figure, with its interval and the people behind it."""
    data, task = results["data"], results["config"]["data"]["task"]
    figure = results["conditions"]["aligned"]["probe"]["figures"]["1.0"]["recording"]
    counts = data["splits"]["test"]
    return EvalResult(
        task_type="audio-classification",
        task_name=f"{data['dataset']} {task}",
        dataset_type=f"auscult/{data['dataset']}",
        dataset_name=data["dataset"],
        dataset_config=task,
        dataset_split="test",
        metric_type="roc_auc",
        metric_value=figure["value"],
        metric_name="AUROC of a linear probe",
        metric_args={
            **{key: (figure["interval"] or {}).get(key) for key in ("low", "high", "level", "method", "reason")},
            "people": counts["people"],
            "recordings": counts["recordings"],
        },
    )
