"""Which model it was, and whether the held-out people are new to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...data.contamination import exposures
from ...errors import DataError
from .model import AlignedModel


def identity(model: AlignedModel, given: str, width: int) -> dict[str, Any]:
    """What a model is, for ``results.json``."""
    config = model.model.config
    return {
        "name": model.name,
        "given": given,
        "fingerprint": model.fingerprint,
        "teacher": config.teacher,
        "objective": config.objective,
        "map": config.retrieval_map_kind if config.retrieval_map != "none" else None,
        "width": width,
    }


def exposure(name: str, given: str, dataset: str, manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """What speaks against the held-out people being new to the model: the register, or another split in its results.

    Raises:
        DataError: the model's ``results.json`` is damaged.
    """
    found = [
        f"it may have been trained on people of {dataset} held out here ({item.part}, {item.evidence}: {item.source})"
        for item in exposures(name, dataset)
        if item.sees_test_people
    ]
    file = Path(given) / "results.json"
    if file.is_file():
        try:
            own = json.loads(file.read_text("utf-8")).get("data", {})
        except json.JSONDecodeError as error:
            raise DataError(f"damaged ({error})", where=file, remedy="align the model again") from error
        split = own.get("prepare", {}).get("split_sha256")
        if own.get("dataset") == dataset and split != manifest["split_sha256"]:
            found.append(f"aligned on another split of {dataset}: it may have been trained on people held out here")
    return tuple(found)
