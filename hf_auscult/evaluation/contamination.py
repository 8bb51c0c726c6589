"""Whether the test people are new to a model: what its configuration, its folder and the register of models say."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..data.contamination import exposures, register
from ..data.trained_on import FILE, seen_people
from ..errors import DataError

ORIGIN = "weights_origin"
"""Of a configuration: public trainings that its weights come from; empty for weights that began at random."""


@dataclass(frozen=True)
class HeldOutPeople:
    """Whom a model is tested on.

    Args:
        dataset: of the test people.
        people: person -> every id of theirs.
        splits: dataset -> hash of its split, for every dataset of the task.
        prepared: folder of the tested dataset.
    """

    dataset: str
    people: Mapping[str, Collection[str]]
    splits: Mapping[str, str] = field(default_factory=dict)
    prepared: Path | None = None


def contamination_of(model: str, given: str, tested: HeldOutPeople, config: Any = None) -> tuple[str, ...]:
    """Why a model may know the people it is tested on; empty where nothing is known against it.

    Where the weights come from is read from the model's configuration, whatever its folder is called; the name counts
    only as a further hint, for models that are not ours.

    Args:
        model: its name, as the register may have it.
        given: folder or Hub id that it was loaded from.
        tested: the test people.
        config: the loaded model's, where there is one.

    Raises:
        DataError: a damaged file in the model's folder.
    """
    folder = _folder(given)
    values = config.to_dict() if hasattr(config, "to_dict") else _config(folder)
    reasons: dict[str, None] = {}
    for origin, known in _origins(model, values, folder).items():
        for dataset in tested.splits:
            for item in exposures(origin, dataset):
                if item.sees_test_people:
                    reasons[f"{dataset}: {known}{item.part} ({item.evidence}; {item.source})"] = None
    seen = seen_people(folder, tested.dataset, prepared=tested.prepared)
    if seen is None:
        reasons |= dict.fromkeys(_another_split(folder, tested.dataset, tested.splits[tested.dataset]))
        return tuple(reasons)
    if count := seen.count(tested.people.values()):
        reasons[f"{tested.dataset}: trained on {count} of the {len(tested.people)} test people"] = None
    if seen.other_lists:
        reasons[f"{tested.dataset}: trained on another list of its people, which cannot be compared with this one"] = (
            None
        )
    return tuple(reasons)


def origins_of(given: str, config: Any) -> list[str]:
    """Public trainings in the history of a model's weights, for :data:`ORIGIN` of a model that starts from it.

    Args:
        given: folder or Hub id.
        config: the loaded model's.
    """
    known = {item.model for item in register()}
    names = _origins(given.rstrip("/").rpartition("/")[2], config.to_dict(), _folder(given))
    return sorted(name.lower() for name in names if name.lower() in known)


def _origins(model: str, config: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Names to look up in the register -> what to say of how sure that is."""
    found = dict.fromkeys(sorted({name for part in _parts(config) for name in part.get(ORIGIN) or ()}), "")
    found.setdefault(model, "")
    # Weights that say nothing of themselves are taken for the public ones of their architecture.
    silent = not any(ORIGIN in part for part in _parts(config)) and not (folder / FILE).is_file()
    if silent:
        known = {item.model for item in register()}
        for part in _parts(config):
            if part.get("model_type") in known:
                found.setdefault(part["model_type"], f"{part['model_type']} weights of unstated origin, ")
    return found


def _parts(config: Any) -> Iterator[Mapping[str, Any]]:
    """A configuration and all configurations inside it."""
    if isinstance(config, Mapping):
        yield config
        for value in config.values():
            yield from _parts(value)


def _folder(given: str) -> Path:
    """The folder of a model, in the local cache where it was loaded from the Hub."""
    path = Path(given)
    if path.is_dir() or not given or given.count("/") > 1:
        return path
    from huggingface_hub import try_to_load_from_cache

    try:
        cached = try_to_load_from_cache(given, FILE) or try_to_load_from_cache(given, "config.json")
    except ValueError:  # not a Hub id
        return path
    return Path(cached).parent if isinstance(cached, str) else path


def _config(folder: Path) -> Mapping[str, Any]:
    return _json(folder / "config.json") if (folder / "config.json").is_file() else {}


def _json(file: Path) -> Mapping[str, Any]:
    try:
        content: Mapping[str, Any] = json.loads(file.read_text("utf-8"))
    except json.JSONDecodeError as error:
        raise DataError(f"damaged ({error})", where=file, remedy="align the model again") from error
    return content


def _another_split(folder: Path, dataset: str, split_sha256: str) -> list[str]:
    """Folders that do not list their training people may still say on which split they were aligned."""
    file = folder / "results.json"
    own = _json(file).get("data", {}) if file.is_file() else {}
    if own.get("dataset") != dataset or own.get("prepare", {}).get("split_sha256") == split_sha256:
        return []
    return [f"{dataset}: aligned on another split, it may have been trained on these test people"]
