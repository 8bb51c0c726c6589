"""Whether the test people are new to a model: the register of public models, and what the model's own folder says."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..data.contamination import exposures
from ..data.trained_on import seen_in_training
from ..errors import DataError


def contamination_of(
    model: str, given: str, splits: Mapping[str, str], tested: str, subjects: Iterable[str]
) -> tuple[str, ...]:
    """Why a model may know the people it is tested on; empty where nothing is known against it.

    Args:
        model: its name, as the register has it.
        given: folder or Hub id that it was loaded from.
        splits: dataset -> hash of its split, for every dataset of the task.
        tested: the dataset of the test people.
        subjects: the test people.

    Raises:
        DataError: a damaged file in the model's folder.
    """
    reasons = [
        f"{dataset}: {item.part} ({item.evidence}; {item.source})"
        for dataset in splits
        for item in exposures(model, dataset)
        if item.sees_test_people
    ]
    people = set(map(str, subjects))
    count = seen_in_training(given, tested, people)
    if count is None:
        reasons += _another_split(given, tested, splits[tested])
    elif count:
        reasons.append(f"{tested}: trained on {count} of the {len(people)} test people")
    return tuple(reasons)


def _another_split(given: str, dataset: str, split_sha256: str) -> list[str]:
    """Folders that do not list their training people may still say on which split they were aligned."""
    file = Path(given) / "results.json"
    if not file.is_file():
        return []
    try:
        own = json.loads(file.read_text("utf-8")).get("data", {})
    except json.JSONDecodeError as error:
        raise DataError(f"damaged ({error})", where=file, remedy="align the model again") from error
    if own.get("dataset") != dataset or own.get("prepare", {}).get("split_sha256") == split_sha256:
        return []
    return [f"{dataset}: aligned on another split, it may have been trained on these test people"]
