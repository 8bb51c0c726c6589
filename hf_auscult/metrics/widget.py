"""The Space page of an evaluate module, for gradio 4 and later (evaluate's own launcher calls an API it removed)."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

from ..errors import DataError


def compute_from_json(metric: Any, *columns: str) -> dict[str, Any]:
    """Run a module on columns typed as JSON lists, one per input feature, in the order of its features.

    Args:
        metric: a loaded ``evaluate.Metric``.
        *columns: JSON text of each column.

    Returns:
        The module's result.

    Raises:
        DataError: text that is not a JSON list, naming the column.
    """
    inputs: dict[str, Any] = {}
    for name, text in zip(feature_names(metric), columns, strict=True):
        try:
            value = json.loads(text)
        except json.JSONDecodeError as error:
            raise DataError(f"not JSON: {error}", where=name, remedy="type a list such as [0, 1, 1]") from error
        if not isinstance(value, list):
            raise DataError(f"a {type(value).__name__}, expected a list", where=name, remedy="type [ ... ]")
        inputs[name] = value
    result: dict[str, Any] = metric.compute(**inputs)
    return result


def feature_names(metric: Any) -> list[str]:
    """Names of the module's input columns."""
    features = metric.features[0] if isinstance(metric.features, list) else metric.features
    return list(features)


def metric_widget(metric: Any, examples: list[list[str]], readme: Path | None = None) -> Any:
    """A ``gradio.Interface`` with one JSON box per input column; call ``.launch()`` on it.

    Args:
        metric: a loaded ``evaluate.Metric``.
        examples: rows of JSON texts offered below the boxes.
        readme: card shown under the form, without its YAML header.

    Raises:
        ModuleNotFoundError: gradio is not installed (it is in every Space of the gradio SDK).
    """
    gradio = importlib.import_module("gradio")

    def compute(*columns: str) -> dict[str, Any]:
        try:
            return compute_from_json(metric, *columns)
        except DataError as error:
            raise gradio.Error(str(error)) from error

    article = readme.read_text(encoding="utf-8").split("---", 2)[-1] if readme else None
    return gradio.Interface(
        fn=compute,
        inputs=[gradio.Textbox(label=name, info="a JSON list", lines=3) for name in feature_names(metric)],
        outputs=gradio.JSON(label=metric.name),
        examples=examples,
        title=f"Metric: {metric.name}",
        description=metric.info.description,
        article=article,
    )
