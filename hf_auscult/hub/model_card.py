"""The card of an aligned model, filled from the results of its run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from ..errors import DataError
from ..files import write_text

Rows = Sequence[Sequence[str]]


def render_model_card(results: Mapping[str, Any], tables: Mapping[str, Rows]) -> str:
    """Return the card's Markdown.

    Args:
        results: the contents of a run's results.json.
        tables: `probe`, `retrieval` and `representation` rows, header first.

    Raises:
        DataError: a fact the card must state was not observed.
    """
    environment = Environment(
        loader=PackageLoader("hf_auscult.hub"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["markdown"] = _markdown
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
        tables=tables,
        settings=sorted(config["training"].items()),
    )
    return text.rstrip() + "\n"


def write_model_card(folder: Path, results: Mapping[str, Any], tables: Mapping[str, Rows]) -> Path:
    """Write README.md into a model's folder."""
    path = folder / "README.md"
    write_text(path, render_model_card(results, tables))
    return path


def usage_snippet(card: str) -> str:
    """Return the Python of the card's usage section.

    Raises:
        DataError: the card has none.
    """
    found = re.search(r"## Use\n.*?```python\n(.*?)```", card, flags=re.DOTALL)
    if found is None:
        raise DataError("the card has no usage snippet", where="README.md")
    return found.group(1)


def _markdown(rows: Rows) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


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
