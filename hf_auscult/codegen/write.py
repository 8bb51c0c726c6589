"""Folders that carry their code: what `trust_remote_code=True` loads where this package is not installed.

Configurations, extractors and processors write their code wherever they are saved (`features.saved_code`). A model that
holds another encoder (AcuLa) takes that encoder's files along.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import transformers
from transformers import FeatureExtractionMixin, PreTrainedConfig

from ..errors import ConfigurationError
from .flatten import flat_name, flatten
from .registry import REGISTRY, Entry

# File of settings -> the Auto class that reads it.
_SAVED = {
    "config.json": "AutoConfig",
    "preprocessor_config.json": "AutoFeatureExtractor",
    "processor_config.json": "AutoProcessor",
}


def code_of(saved: Any) -> tuple[dict[str, str], dict[str, str]]:
    """Return the code files, name to text, and the `auto_map` of a configuration, an extractor or a processor.

    Both are empty for a configuration whose type nobody registered, and for classes of the main module, which have no
    file that could be taken along.
    """
    cls = type(saved)
    own = f"{cls.__module__}:{cls.__name__}"
    if cls.__module__ == "__main__":
        return {}, {}
    if not isinstance(saved, PreTrainedConfig):
        auto = "AutoFeatureExtractor" if isinstance(saved, FeatureExtractionMixin) else "AutoProcessor"
        return flatten(cls.__module__), {auto: _reference(own)}
    entry = REGISTRY.get(saved.model_type)
    if entry is None or entry.config != own:
        return {}, {}
    inner = list(_inner(saved))
    table = f"{cls.__module__.rpartition('.')[0]}.encoder_{entry.model_type}"
    replaced = {table: _table(inner)} if inner else {}
    files: dict[str, str] = {}
    for module in sorted({target.split(":")[0] for known in (entry, *inner) for _, target in known.targets()}):
        files |= flatten(module, replaced)
    return files, {auto: _reference(target) for auto, target in entry.targets()}


def write_code(saved: Any, folder: str | Path) -> dict[str, str]:
    """Write the code of a configuration, an extractor or a processor into a folder; return the `auto_map` it needs."""
    files, auto_map = code_of(saved)
    for name, text in files.items():
        (Path(folder) / name).write_text(text, encoding="utf-8")
    return {**(getattr(saved, "auto_map", None) or {}), **auto_map}


def add_code(folder: str | Path) -> list[str]:
    """Make a folder saved by an earlier version carry its code, so that it loads without this package.

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
    settings = Path(folder) / "config.json"
    if not settings.is_file():
        raise ConfigurationError("no config.json", where=folder, remedy="give a folder made by save_pretrained")
    model_type = json.loads(settings.read_text(encoding="utf-8")).get("model_type")
    if model_type not in REGISTRY:
        raise ConfigurationError(
            f"model type {model_type!r} is not of this package",
            where=settings,
            remedy="types of transformers itself need no code",
        )
    names: set[str] = set()
    for name, auto in _SAVED.items():
        path = Path(folder) / name
        if path.is_file():
            saved = getattr(transformers, auto).from_pretrained(folder)
            names |= set(code_of(saved)[0])
            values = json.loads(path.read_text(encoding="utf-8"))
            values["auto_map"] = write_code(saved, folder)
            path.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return sorted(names)


def _reference(target: str) -> str:
    """Return `modeling_opera_gt.OperaGTModel` for `hf_auscult.models.opera.modeling_opera_gt:OperaGTModel`."""
    module, name = target.split(":")
    return f"{flat_name(module)}.{name}"


def _inner(config: Any) -> Iterator[Entry]:
    """Yield the entries of the encoders that a configuration holds."""
    for name in getattr(config, "sub_configs", None) or {}:
        entry = REGISTRY.get(getattr(getattr(config, name, None), "model_type", ""))
        if entry is not None:
            yield entry


def _table(entries: list[Entry]) -> str:
    """Return the module that takes the place of `encoder_acula`: the classes of the encoders inside."""
    lines = ['"""The classes of the encoder inside this model."""', ""]
    rows = []
    for entry in entries:
        references = [
            _reference(target).split(".") for target in (entry.config, entry.model, entry.pretraining) if target
        ]
        lines += [f"from .{module} import {name}" for module, name in references]
        names = [name for _, name in references] + ["None"] * (3 - len(references))
        rows.append(f"    {entry.model_type!r}: ({', '.join(names)}),")
    return "\n".join([*lines, "", "ENCODERS = {", *rows, "}", ""])


__all__ = ["add_code", "code_of", "write_code"]
