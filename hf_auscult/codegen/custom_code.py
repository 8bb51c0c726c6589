"""Folders that carry their code: what `trust_remote_code=True` loads where this package is not installed.

A model folder of this package is copied as it is: its files import each other only. Feature extractors are rewritten
(`hf_auscult.codegen.flatten`). A model that holds another encoder (AcuLa) takes that encoder's files along.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from transformers import AutoConfig, AutoFeatureExtractor, PreTrainedConfig
from transformers.dynamic_module_utils import get_relative_import_files

from ..errors import ConfigurationError
from ..hub.registration import ENTRIES, Entry
from .flatten import ROOT, flat_name, flatten, generated

TYPES = {entry.model_type: entry for entry in ENTRIES}
# Auto class -> which of an entry's classes it loads.
AUTO_CLASSES = {
    "AutoConfig": "config",
    "AutoModel": "model",
    "AutoModelForPreTraining": "pretraining",
    "AutoModelForAudioClassification": "classification",
}


def add_code(folder: str | Path) -> list[str]:
    """Make a saved folder carry its code, so that it loads without this package.

    Args:
        folder: config.json of a type of this package; preprocessor_config.json where it has a feature extractor.

    Returns:
        The names of the code files, which now stand beside the weights.

    Raises:
        ConfigurationError: no such folder, or a model type of somebody else.

    Example:
        After `add_code("auscult/opera-gt")`, `AutoModel.from_pretrained("auscult/opera-gt", trust_remote_code=True)`
        works anywhere.
    """
    settings, extractor = Path(folder) / "config.json", Path(folder) / "preprocessor_config.json"
    if not settings.is_file():
        raise ConfigurationError("no config.json", where=folder, remedy="give a folder made by save_pretrained")
    model_type = json.loads(settings.read_text(encoding="utf-8")).get("model_type")
    if model_type not in TYPES:
        raise ConfigurationError(
            f"model type {model_type!r} is not of this package",
            where=settings,
            remedy="types of transformers itself need no code",
        )
    files, auto_map = model_code(AutoConfig.from_pretrained(folder))
    maps = {settings: auto_map}
    if extractor.is_file():
        cls: Any = type(AutoFeatureExtractor.from_pretrained(folder))
        files |= flatten(cls.__module__)
        maps[extractor] = {"AutoFeatureExtractor": f"{flat_name(cls.__module__)}.{cls.__name__}"}
    for name, text in files.items():
        (Path(folder) / name).write_text(text, encoding="utf-8")
    for path, classes in maps.items():
        values = json.loads(path.read_text(encoding="utf-8"))
        values["auto_map"] = {**values.get("auto_map", {}), **classes}
        path.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return sorted(files)


def model_code(config: PreTrainedConfig) -> tuple[dict[str, str], dict[str, str]]:
    """Return the code files of a model, name to text, and its `auto_map`.

    Raises:
        ConfigurationError: two model folders that have different files of one name.
    """
    own = TYPES[config.model_type]
    # The encoder that an AcuLa model holds.
    inner = [TYPES[one.model_type] for one in vars(config).values() if getattr(one, "model_type", None) in TYPES]
    files: dict[str, str] = {}
    for entry in (own, *inner):
        for path in _paths(entry):
            text = path.read_text(encoding="utf-8")
            if files.setdefault(path.name, text) != text:
                raise ConfigurationError(
                    f"two different files are named {path.name}", where=path, remedy="rename one of them"
                )
    if inner:
        files[f"encoder_{own.model_type}.py"] = _inner_table(inner)
    return files, {auto: _reference(target) for auto, target in _targets(own)}


def write_model_code(config: PreTrainedConfig, folder: str | Path) -> dict[str, str]:
    """Write the code files of a model into a folder; return its `auto_map`."""
    files, auto_map = model_code(config)
    for name, text in files.items():
        (Path(folder) / name).write_text(text, encoding="utf-8")
    return auto_map


def _targets(entry: Entry) -> Iterator[tuple[str, str]]:
    """Yield (Auto class, `module:name` below this package) of the classes a type has."""
    for auto, field in AUTO_CLASSES.items():
        if target := getattr(entry, field):
            yield auto, target


def _reference(target: str) -> str:
    module, name = target.split(":")
    return f"{module.rpartition('.')[2]}.{name}"


def _paths(entry: Entry) -> set[Path]:
    """Return the source files of a type, with what they import from their folder."""
    paths = set()
    for _, target in _targets(entry):
        path = ROOT.joinpath(*target.split(":")[0].split(".")).with_suffix(".py")
        paths |= {path, *map(Path, get_relative_import_files(path))}
    return paths


def _inner_table(entries: list[Entry]) -> str:
    """Return the module that takes the place of `encoder_acula.py`: the classes of the encoders inside."""
    lines = ['"""The classes of the encoder inside this model."""', ""]
    rows = []
    for entry in entries:
        targets = [_reference(target).split(".") for target in (entry.config, entry.model, entry.pretraining) if target]
        lines += [f"from .{module} import {name}" for module, name in targets]
        names = [name for _, name in targets] + ["None"] * (3 - len(targets))
        rows.append(f"    {entry.model_type!r}: ({', '.join(names)}),")
    return generated("hf_auscult/codegen/custom_code.py") + "\n".join([*lines, "", "ENCODERS = {", *rows, "}", ""])


__all__ = ["add_code", "model_code", "write_model_code"]
