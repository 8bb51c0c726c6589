"""The page of a metric's Space. Imports nothing of this package: the file is copied into every Space as it is."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def compute_from_json(metric: Any, *columns: str) -> dict[str, Any]:
    """Run a metric on columns typed as JSON lists, one per input column, in their order.

    Raises:
        ValueError: text that is not a JSON list, naming the column; or what the metric says of its inputs.
    """
    inputs: dict[str, Any] = {}
    for name, text in zip(metric.features, columns, strict=True):
        try:
            value = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"{name}: not JSON: {error}. Type a list such as [0, 1, 1]") from error
        if not isinstance(value, list):
            raise ValueError(f"{name}: a {type(value).__name__}, expected a list. Type [ ... ]")
        inputs[name] = value
    result: dict[str, Any] = metric.compute(**inputs)
    return result


def metric_page(metric: Any, example: Sequence[str], readme: Path | None = None) -> Any:
    """A ``gradio.Interface`` with one JSON box per input column (evaluate's own launcher calls an API gradio removed).

    Args:
        metric: a loaded ``evaluate.Metric``.
        example: JSON text of each column, offered below the boxes.
        readme: card shown under the form, without its YAML header.

    Raises:
        ModuleNotFoundError: gradio is not installed (it is in every Space of the gradio SDK).
    """
    gradio = importlib.import_module("gradio")

    def compute(*columns: str) -> dict[str, Any]:
        try:
            return compute_from_json(metric, *columns)
        except (ValueError, TypeError) as error:  # of this page, of the metric, and of values of a wrong type
            raise gradio.Error(str(error)) from error

    return gradio.Interface(
        fn=compute,
        inputs=[gradio.Textbox(label=name, info="a JSON list", lines=3) for name in metric.features],
        outputs=gradio.JSON(label=metric.name),
        examples=[list(example)],
        title=f"Metric: {metric.name}",
        description=metric.info.description,
        article=readme.read_text(encoding="utf-8").split("---", 2)[-1] if readme else None,
    )
