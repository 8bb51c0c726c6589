"""The people a model was trained on, as hashes beside its weights, so that a benchmark can report subject overlap."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from pathlib import Path

from ..errors import DataError
from .identity import known_as

FILE = "training_people.json"


def people_hashes(dataset: str, subjects: Iterable[str]) -> list[str]:
    """Sorted SHA-256 of every person's id, spelled as the split guards compare it.

    Ids are not secrets of the public datasets; a hospital's own are not written down in clear.

    Example:
        >>> people_hashes("circor", ["circor:50001"]) == people_hashes("circor", [" CIRCOR:50001"])
        True
    """
    spelled = {known_as(subject) or "" for subject in subjects}
    return sorted(hashlib.sha256(f"{dataset}\t{name}".encode()).hexdigest() for name in spelled)


def training_people(dataset: str, subjects: Iterable[str]) -> dict[str, list[str]]:
    """Content of the file: dataset -> hashes."""
    return {dataset: people_hashes(dataset, subjects)}


def seen_in_training(model: str | Path, dataset: str, subjects: Collection[str]) -> int | None:
    """How many people of a test set a model's folder says it was trained on; None where it does not say.

    Raises:
        DataError: the file is damaged.
    """
    file = Path(model) / FILE
    if not file.is_file():
        return None
    try:
        listed = json.loads(file.read_text("utf-8"))
        known = set(listed.get(dataset, ()))
    except (json.JSONDecodeError, AttributeError, TypeError) as error:
        raise DataError(f"damaged ({error})", where=file, remedy="delete it, or train the model again") from error
    return len(known & set(people_hashes(dataset, subjects)))
