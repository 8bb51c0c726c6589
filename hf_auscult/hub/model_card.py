"""The card of an aligned model, filled from the results of its run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from ..files import write_text
from ..metrics.tables import Table


def render_model_card(results: Mapping[str, Any], tables: Mapping[str, Table]) -> str:
    """Return the card's Markdown.

    Args:
        results: the contents of a run's results.json.
        tables: `probe`, `retrieval` and `representation`.

    Raises:
        DataError: a fact the card must state was not observed.
    """
    environment = Environment(
        loader=PackageLoader("hf_auscult.hub"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    data = results["data"]
    front = {
        "license": "apache-2.0",
        "library_name": "transformers",
        "pipeline_tag": "zero-shot-audio-classification",
        "tags": ["auscultation", "body-sound", "hf_auscult", "acula", data["dataset"]],
        "model-index": [_model_index(results)],
    }
    config = results["config"]
    text = environment.get_template("model.md.j2").render(
        front=yaml.safe_dump(front, sort_keys=False, allow_unicode=True).strip(),
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


def _model_index(results: Mapping[str, Any]) -> dict[str, Any]:
    data, task = results["data"], results["config"]["data"]["task"]
    figure = results["conditions"]["aligned"]["probe"]["figures"]["1.0"]["recording"]
    return {
        "name": results["name"],
        "results": [
            {
                "task": {"type": "audio-classification", "name": f"{data['dataset']} {task}"},
                "dataset": {"type": data["dataset"], "name": data["dataset"], "split": "test"},
                "metrics": [{"type": "roc_auc", "value": figure["value"], "name": "AUROC of a linear probe"}],
            }
        ],
    }
