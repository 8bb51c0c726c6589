"""A benchmark task of one's own: one YAML file."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import yaml

from ..errors import ConfigurationError
from .task import BenchmarkTask

_NEEDED = ("title", "dataset", "config")


def read_user_tasks(path: str | Path) -> tuple[BenchmarkTask, ...]:
    """Read one task, or a list of them, with the fields of :class:`BenchmarkTask`.

    ``suite`` is the file's name and ``number`` the task's place in it, unless given.

    Raises:
        ConfigurationError: no such file, not YAML, or a key that no task has.

    Example:
        A file ``ward.yaml`` of three lines, ``title: Wheeze``, ``dataset: ward`` and ``config: wheeze``, is the task
        ``ward/T1``.
    """
    file = Path(path)
    try:
        content = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"cannot be read ({error})", where=file, remedy="give a YAML file") from error
    entries = content if isinstance(content, list) else [content]
    known = {field.name for field in fields(BenchmarkTask)}
    found = []
    for place, entry in enumerate(entries, 1):
        if not isinstance(entry, dict) or set(entry) - known or any(name not in entry for name in _NEEDED):
            raise ConfigurationError(
                f"entry {place} is {entry!r}", where=file, remedy=f"give {list(_NEEDED)}, and any of {sorted(known)}"
            )
        values = {"suite": file.stem, "number": f"T{place}", **entry}
        if "metrics" in values:
            values["metrics"] = tuple(values["metrics"])
        found.append(BenchmarkTask(**values))
    return tuple(found)
