"""From a dataset's folder, ``dataset.yaml`` with its ``reader.py``, to what the package knows of it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from ...errors import ConfigurationError
from ...texts import read_yaml
from ..collector import RowCollector
from ..facts import FieldMapping, TaskLabels
from ..file_names import account_for_files
from ..generic import OWN_COLUMNS, GenericTable, read_generic
from ..schema import Row
from ..spec import DatasetSpec, PaperTask, PublishedSplit, Shortcuts, Stratum, Table, TaskConfig

FILE, READER, FACTS = "dataset.yaml", "reader.py", "facts.py"
NEEDED = ("title", "version", "organ", "licence", "citation", "source_url", "subjects", "columns", "tasks")
PARTS = ("facts", "masks", "prompts", "shortcuts", "contamination")
"""Each must be there, or be ``{none: why}``: what nobody thought of must not look like what does not exist."""
OPTIONAL = ("row", "codes", "strata", "recordings", "checksums", "official", "published", "traps",
            "generic", "sources")  # fmt: skip


def load_dataset_folder(folder: Path, *, package: str | None = None) -> DatasetSpec:
    """Read a dataset's folder; it is named as the folder is.

    Args:
        folder: with ``dataset.yaml`` and either ``reader.py`` (``read(source, collector) -> Table``) or the key
            ``generic`` (``metadata.csv``, see :mod:`hf_auscult.data.generic`); ``facts.py`` holds rules of facts.
        package: the Python package that the folder is, where it is one.

    Raises:
        ConfigurationError: no such file, a part that is missing, or one that does not fit the others.
    """
    file = folder / FILE
    content = read_yaml(file, remedy="write the dataset's YAML")
    _check_keys(content, file)
    reader = _module(folder / READER, package)
    if reader is None and content.get("generic") is None:
        raise ConfigurationError(
            f"neither {READER} nor the key generic", where=folder, remedy="say how the original download is read"
        )
    rules = _module(folder / FACTS, package)
    nothing = {part: str(content[part]["none"]) for part in PARTS if _is_none(content[part])}
    given = {part: None if part in nothing else content[part] for part in PARTS}
    licence, official = content["licence"], content.get("official") or {}
    generic = content.get("generic")
    try:
        masks, masked = _masks(given["masks"] or ())
        functions = {} if rules is None else vars(rules)
        stated = {"columns": given["facts"], "sources": content.get("sources")}
        facts = given["facts"] and FieldMapping.from_dict(stated, str(file), functions)
        spec = DatasetSpec(
            name=folder.name,
            **{key: str(content[key]) for key in ("title", "version", "organ", "citation", "source_url")},
            licence=str(licence["name"]),
            licence_tag=str(licence["tag"]),
            licence_note=str(licence["note"]),
            columns={**(OWN_COLUMNS if generic is not None else {}), **content["columns"]},
            tasks=tuple(_task(name, one or {}) for name, one in content["tasks"].items()),
            strata=tuple(Stratum(name, _tuples(levels)) for name, levels in (content.get("strata") or {}).items()),
            read=_unread,
            recordings=content.get("recordings"),
            checksums=tuple(content.get("checksums") or ()),
            subject_warning="" if content["subjects"] == "named" else str(content["subjects"]),
            official=tuple(official.get("splits") or ()),
            official_leaks=official.get("leaks") or "",
            published={name: _published(one, reader, folder) for name, one in (content.get("published") or {}).items()},
            traps=tuple(content.get("traps") or ()),
            row=content.get("row") or {},
            codes=content.get("codes") or {},
            facts=facts or None,
            masks=masks,
            masked=masked,
            prompts=dict(_prompts(given["prompts"] or ())),
            shortcuts=_shortcuts(given["shortcuts"] or {}),
            contamination=tuple(given["contamination"] or ()),
            nothing=nothing,
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ConfigurationError(
            f"is not a dataset's description: {error!r}", where=file, remedy="compare it with another dataset's"
        ) from error
    object.__setattr__(spec, "read", partial(_read, spec, reader, generic))
    _check_fit(spec, file)
    return spec


def _check_keys(content: Any, file: Path) -> None:
    if not isinstance(content, Mapping):
        raise ConfigurationError("is not a mapping", where=file, remedy="write the dataset's YAML")
    missing = [name for name in (*NEEDED, *PARTS) if content.get(name) is None]
    if missing:
        raise ConfigurationError(
            f"says nothing of {', '.join(missing)}", where=file, remedy="describe them, or write {none: why}"
        )
    unknown = sorted(set(content) - {*NEEDED, *PARTS, *OPTIONAL})
    if unknown:
        raise ConfigurationError(f"has unknown keys {unknown}", where=file, remedy=f"known: {', '.join(OPTIONAL)}")


def _check_fit(spec: DatasetSpec, file: Path) -> None:
    """Refuse prompts and masks that are not those of the labelled tasks."""
    labelled = {task.name: task for task in spec.tasks if task.classes}
    for part, described in (("prompts", spec.prompts), ("masks", spec.masks)):
        if part not in spec.nothing and set(described) != set(labelled):
            raise ConfigurationError(
                f"{part} are of {sorted(described)}, the labelled tasks are {sorted(labelled)}",
                where=file,
                remedy=f"give {part} for each task with classes",
            )
    for name, sentences in spec.prompts.items():
        if tuple(sentences) != labelled[name].classes:
            raise ConfigurationError(
                f"prompts of {name} are of {list(sentences)}", where=file, remedy=f"use {list(labelled[name].classes)}"
            )
    if spec.facts is not None:
        for name, labels in spec.masks.items():
            unknown = sorted({*labels.label, *labels.strict} - {*spec.facts.fields})
            if unknown:
                raise ConfigurationError(
                    f"masks of {name} take away {unknown}", where=file, remedy="name columns that state facts"
                )


def _is_none(part: Any) -> bool:
    return isinstance(part, Mapping) and set(part) == {"none"}


def _module(file: Path, package: str | None) -> ModuleType | None:
    """Import a file of the folder: as a part of the package, or by its path."""
    if not file.is_file():
        return None
    if package is not None:
        return importlib.import_module(f"{package}.{file.stem}")
    name = f"hf_auscult_dataset_{file.parent.name}_{file.stem}"
    described = importlib.util.spec_from_file_location(name, file)
    assert described is not None and described.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(described)
    described.loader.exec_module(module)
    return module


def _unread(source: Path) -> Table:
    raise NotImplementedError


def _read(spec: DatasetSpec, reader: ModuleType | None, generic: Mapping[str, Any] | None, source: Path) -> Table:
    if reader is not None:
        return account_for_files(reader.read(source, RowCollector(spec)))
    table = GenericTable(spec.name, spec.organ, spec.licence, spec.row.get("device"), subjects=spec.has_subject_ids)
    return read_generic(source, replace(table, **(generic or {})))


def _tuples(levels: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(level) for level in levels)


def _task(name: str, content: Mapping[str, Any]) -> TaskConfig:
    """Read a task; ``classes`` is a list, or a mapping of each class to the original values that it stands for."""
    settings = dict(content)
    classes = settings.pop("classes", ())
    rule = classes if isinstance(classes, Mapping) else {one: [one] for one in classes}
    keep = {column: tuple(values) for column, values in (settings.pop("keep", None) or {}).items()}
    papers = tuple(PaperTask(**paper) for paper in settings.pop("paper", None) or ())
    return TaskConfig(
        name,
        classes=tuple(rule),
        rule={value: one for one, values in rule.items() for value in values},
        left_out=tuple(settings.pop("left_out", None) or ()),
        keep=keep,
        paper=papers,
        **settings,
    )


def _published(content: Mapping[str, Any], reader: ModuleType | None, folder: Path) -> PublishedSplit:
    """Read a published split.

    It is a ``function`` of the reader; a ``list``, a table whose first column is one of the rows' and whose column
    ``part`` names their splits; or a ``column`` of the rows, with ``map``, ``otherwise`` and ``keep``.
    """
    if "function" in content:
        assign = getattr(reader, content["function"])
    elif "list" in content:
        assign = partial(_by_list, file=folder / content["list"], part=content["part"])
    else:
        column, named = content["column"], content.get("map")
        keep, otherwise = content.get("keep") or {}, content.get("otherwise")
        assign = partial(_by_column, column=column, named=named, keep=keep, otherwise=otherwise)
    text = {name: content.get(name) or "" for name in ("leaks", "source")}
    return PublishedSplit(tuple(content["splits"]), assign, **text, disjoint=bool(content.get("disjoint")))


def _by_list(rows: Sequence[Row], *, file: Path, part: str) -> dict[str, str]:
    lines = [line.split("\t") for line in file.read_text("utf-8").splitlines()]
    key, column = lines[0][0], lines[0].index(part)
    known = {line[0]: line[column] for line in lines[1:]}
    return {row["recording_id"]: known[row[key]] for row in rows if row[key] in known}


def _by_column(
    rows: Sequence[Row],
    *,
    column: str,
    named: Mapping[str, str] | None,
    keep: Mapping[str, Sequence[str]],
    otherwise: str | None,
) -> dict[str, str]:
    parts = {
        row["recording_id"]: row[column] if named is None else named.get(row[column], otherwise)
        for row in rows
        if all(row[name] in values for name, values in keep.items())
    }
    return {name: part for name, part in parts.items() if part is not None}


def _masks(entries: Sequence[Mapping[str, Any]]) -> tuple[dict[str, TaskLabels], dict[str, str]]:
    masks: dict[str, TaskLabels] = {}
    masked: dict[str, str] = {}
    for entry in entries:
        reasons = {name: one["why"] for one in entry.get("strict") or () for name in one["columns"]}
        if "tasks" not in entry:
            masked |= reasons
        for name in entry.get("tasks") or ():
            masks[name] = TaskLabels(tuple(entry["label"]), reasons)
    return masks, masked


def _prompts(entries: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, dict[str, tuple[str, ...]]]]:
    """Sentences by task; with ``patterns`` a class is one phrase that stands for ``{}`` in each of them."""
    for entry in entries:
        patterns = entry.get("patterns")
        sentences = {
            name: tuple(pattern.format(said) for pattern in patterns) if patterns else tuple(said)
            for name, said in entry["classes"].items()
        }
        for task in entry["tasks"]:
            yield task, sentences


def _shortcuts(content: Mapping[str, Any]) -> Shortcuts:
    restated = {task: tuple(columns) for task, columns in (content.get("restated") or {}).items()}
    return Shortcuts(tuple(content.get("columns") or ()), tuple(content.get("numeric") or ()), restated)
