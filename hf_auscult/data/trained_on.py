"""The people a model was trained on, as hashes beside its weights, so that a benchmark can report subject overlap."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import DataError
from ..files import uncell
from ..texts import read_json, read_table
from .catalogue import DATASETS
from .identity import known_as

FILE = "training_people.json"
NOTE = (
    "SHA-256 of a dataset's salt and a subject id. Salts of public datasets are their names, as their ids are public. "
    "The salt of any other dataset is a hash of its whole list of recordings and people, which is not written here: "
    "whoever has the prepared dataset can compare people, nobody else can guess them. `check` says which list it was."
)


def salt_of(dataset: str, prepared: str | Path | None) -> str:
    """Salt of a dataset's ids: its name where the ids are public, otherwise what only owners of the data can know.

    Args:
        dataset: its name.
        prepared: folder that ``prepare`` wrote; needed of datasets that are not in the catalogue.

    Raises:
        DataError: the folder is not there, or holds no ``splits.csv``.
    """
    if dataset in DATASETS:
        return dataset
    file = Path(prepared or "") / "splits.csv"
    rows = read_table(file, ("recording_id", "subject_id"), remedy="prepare it again")
    people = sorted((uncell(row["recording_id"]), uncell(row["subject_id"])) for _, row in rows)
    return _hash(dataset, json.dumps(people))


def people_hashes(salt: str, subjects: Iterable[str]) -> list[str]:
    """Sorted SHA-256 of every person's id, spelled as the split guards compare it.

    Example:
        >>> people_hashes("circor", ["circor:50001"]) == people_hashes("circor", [" CIRCOR:50001"])
        True
    """
    return sorted({_hash(salt, known_as(subject) or "") for subject in subjects})


def _hash(salt: str, text: str) -> str:
    return hashlib.sha256(f"{salt}\t{text}".encode()).hexdigest()


def training_people(dataset: str, subjects: Iterable[str], *, salt: str | None = None) -> dict[str, Any]:
    """Content of the file for one dataset; see :func:`merged` for several.

    Args:
        dataset: its name.
        subjects: every id of everybody whose recordings were fitted on.
        salt: see :func:`salt_of`; of a public dataset its name.
    """
    salt = salt or salt_of(dataset, None)
    entry = {"check": _check(salt), "people": people_hashes(salt, subjects)}
    return {"note": NOTE, "datasets": {dataset: [entry]}}


def merged(contents: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """One list of several: of a model that started from another, the other's people stand in it too."""
    datasets: dict[str, dict[str, set[str]]] = {}
    for content in contents:
        for dataset, entries in _entries(content).items():
            for entry in entries:
                datasets.setdefault(dataset, {}).setdefault(entry["check"], set()).update(entry["people"])
    return {
        "note": NOTE,
        "datasets": {
            dataset: [{"check": check, "people": sorted(people)} for check, people in sorted(entries.items())]
            for dataset, entries in sorted(datasets.items())
        },
    }


def read_training_people(model: str | Path) -> dict[str, Any] | None:
    """Read a model folder's list; None where there is none.

    Raises:
        DataError: the file is damaged.
    """
    file = Path(model) / FILE
    if not file.is_file():
        return None
    try:
        return merged([read_json(file, remedy="delete it, or train the model again")])
    except (AttributeError, TypeError, KeyError) as error:
        raise DataError(f"damaged ({error})", where=file, remedy="delete it, or train the model again") from error


@dataclass(frozen=True)
class SeenPeople:
    """Who of a dataset a model was trained on.

    Args:
        salt: of the dataset that is tested.
        people: hashes under that salt.
        other_lists: the model was also trained on lists of this dataset's people that cannot be compared.
    """

    salt: str
    people: frozenset[str] = field(default_factory=frozenset)
    other_lists: bool = False

    def count(self, people: Iterable[Collection[str]]) -> int:
        """How many people, each given by all of their ids, are among them."""
        return sum(bool(self.people & set(people_hashes(self.salt, ids))) for ids in people)


def seen_people(model: str | Path, dataset: str, *, prepared: str | Path | None = None) -> SeenPeople | None:
    """Read what a model's folder says of a dataset; None where it does not say whom it was trained on.

    Args:
        model: folder.
        dataset: that is tested.
        prepared: its folder, see :func:`salt_of`.

    Raises:
        DataError: a damaged file.
    """
    content = read_training_people(model)
    if content is None:
        return None
    entries = content["datasets"].get(dataset, [])
    if not entries:
        return SeenPeople("")
    salt = salt_of(dataset, prepared)
    own = [entry for entry in entries if entry["check"] == _check(salt)]
    people = frozenset(name for entry in own for name in entry["people"])
    return SeenPeople(salt, people, len(own) < len(entries))


def seen_in_training(
    model: str | Path, dataset: str, subjects: Collection[str], *, prepared: str | Path | None = None
) -> int | None:
    """How many people of a test set a model's folder says it was trained on; None where it does not say.

    Raises:
        DataError: the file is damaged.
    """
    seen = seen_people(model, dataset, prepared=prepared)
    return None if seen is None or seen.other_lists else seen.count([subject] for subject in set(subjects))


def _check(salt: str) -> str:
    return _hash("check", salt)[:16]


def _entries(content: Mapping[str, Any]) -> Mapping[str, list[Mapping[str, Any]]]:
    """Dataset -> lists; the first version had one each, with the dataset's name as its salt."""
    if "datasets" in content:
        entries: Mapping[str, list[Mapping[str, Any]]] = content["datasets"]
        return entries
    return {dataset: [{"check": _check(dataset), "people": list(people)}] for dataset, people in content.items()}
