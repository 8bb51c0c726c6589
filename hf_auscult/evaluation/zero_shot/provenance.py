"""Which model it was, and whether the held-out people are new to it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ...data.contamination import exposures
from ...data.trained_on import seen_in_training
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


def exposure(
    name: str, given: str, dataset: str, manifest: Mapping[str, Any], subjects: Iterable[str]
) -> tuple[str, ...]:
    """What speaks against the held-out people being new to the model: the register, and what its own folder says.

    Raises:
        DataError: a damaged file in the model's folder.
    """
    found = [
        f"it may have been trained on people of {dataset} held out here ({item.part}, {item.evidence}: {item.source})"
        for item in exposures(name, dataset)
        if item.sees_test_people
    ]
    people = set(map(str, subjects))
    known = seen_in_training(given, dataset, people)
    if known is None:
        found += _another_split(given, dataset, manifest)
    elif known:
        found.append(f"trained on {known} of the {len(people)} people held out here")
    return tuple(found)


def _another_split(given: str, dataset: str, manifest: Mapping[str, Any]) -> list[str]:
    """Folders that do not list their training people may still say on which split they were aligned."""
    file = Path(given) / "results.json"
    if not file.is_file():
        return []
    try:
        own = json.loads(file.read_text("utf-8")).get("data", {})
    except json.JSONDecodeError as error:
        raise DataError(f"damaged ({error})", where=file, remedy="align the model again") from error
    split = own.get("prepare", {}).get("split_sha256")
    if own.get("dataset") != dataset or split == manifest["split_sha256"]:
        return []
    return [f"aligned on another split of {dataset}: it may have been trained on people held out here"]
