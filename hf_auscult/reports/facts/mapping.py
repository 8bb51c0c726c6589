"""Facts of any dataset by a declared mapping of its columns: a YAML file or a dict, every key checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from ...errors import ConfigurationError
from ..schema import CONCEPTS, VALUES, Fact
from .cells import Cells, Row

UNITS: Mapping[str, Mapping[str, float]] = {
    "age": {"years": 1, "months": 1 / 12, "days": 1 / 365.25},
    "height": {"cm": 1, "m": 100, "in": 2.54},
    "weight": {"kg": 1, "g": 0.001, "lb": 0.45359237},
    "bmi": {"kg/m2": 1},
}
"""Concept of a number -> unit -> factor to the unit that the schema has for it."""
_HIGHEST = {"age": 130, "height": 272, "weight": 700, "bmi": 200}
_POLARITIES = ("present", "absent", "unknown")


@dataclass(frozen=True)
class Column:
    """What one column of a dataset states.

    Args:
        column: its name.
        concept: of :data:`hf_auscult.reports.schema.CONCEPTS`.
        value: the fact's value where the column says only whether it is there; then ``polarity`` is by cell.
        values: cell -> value; a cell that maps to null states nothing. Without it (and without ``value``) the cell is
            the value.
        polarity: of every fact of the column; or cell -> polarity, where a cell that maps to null states nothing.
        of: the finding that a trait belongs to.
        unit: of a number; see :data:`UNITS`.

    Raises:
        ConfigurationError: an unknown concept, value, polarity or unit, or settings that contradict each other.
    """

    column: str
    concept: str
    value: str | None = None
    values: Mapping[str, str | None] | None = None
    polarity: str | Mapping[str, str | None] = "present"
    of: str | None = None
    unit: str | None = None

    def __post_init__(self) -> None:
        def refuse(problem: str, remedy: str) -> None:
            raise ConfigurationError(problem, where=f"column {self.column}", remedy=remedy)

        if self.concept not in CONCEPTS:
            refuse(f"no concept {self.concept!r}", f"use one of {', '.join(CONCEPTS)}")
        by_cell = isinstance(self.polarity, Mapping)
        given = self.polarity.values() if isinstance(self.polarity, Mapping) else [self.polarity]
        if any(one not in (*_POLARITIES, None) for one in given) or (not by_cell and self.polarity is None):
            refuse(f"polarity {self.polarity!r}", f"use {', '.join(_POLARITIES)}, or a mapping of cells to them")
        if by_cell != (self.value is not None) or (self.value is not None and self.values is not None):
            refuse("value, values and polarity contradict each other", "give value with a polarity by cell, or values")
        if (self.unit is not None) != (self.concept in UNITS and self.values is None):
            refuse(
                f"unit {self.unit!r} of {self.concept}", "give a unit for age, height, weight or bmi, and only there"
            )
        if self.unit is not None and self.unit not in UNITS[self.concept]:
            refuse(f"unit {self.unit!r} of {self.concept}", f"use one of {', '.join(UNITS[self.concept])}")
        wanted = [self.value, *(self.values or {}).values()]
        known = VALUES.get(self.concept)
        unknown = [value for value in wanted if value is not None and known is not None and value not in known]
        if unknown:
            refuse(f"{self.concept} {unknown[0]!r}", f"use one of {', '.join(known or ())}")


@dataclass(frozen=True)
class TaskLabels:
    """What gives a task's label away.

    Args:
        label: columns that are the label.
        strict: further column -> why it gives the label away.
    """

    label: tuple[str, ...]
    strict: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FieldMapping:
    """A dataset's columns and what they state.

    Args:
        columns: see :class:`Column`.
        tasks: name -> :class:`TaskLabels`, for masks.

    Example:
        >>> mapping = FieldMapping.from_dict({
        ...     "columns": [
        ...         {"column": "wheezing", "concept": "finding", "value": "wheeze",
        ...          "polarity": {"1": "present", "0": "absent"}},
        ...         {"column": "months", "concept": "age", "unit": "months"},
        ...     ]
        ... })
        >>> [(fact.value, fact.polarity) for fact in mapping({"recording_id": "r", "wheezing": 0, "months": 18})]
        [('wheeze', 'absent'), ('1.5', 'present')]
    """

    columns: tuple[Column, ...]
    tasks: Mapping[str, TaskLabels] = field(default_factory=dict)

    def __post_init__(self) -> None:
        stated = {column.column for column in self.columns}
        for task, labels in self.tasks.items():
            unknown = sorted({*labels.label, *labels.strict} - stated)
            if unknown:
                raise ConfigurationError(
                    f"masks {unknown}, which state nothing", where=f"task {task}", remedy="name columns of the mapping"
                )

    def __call__(self, row: Row) -> tuple[Fact, ...]:
        """Give every fact that a row states.

        Raises:
            DataError: a column is missing, or holds a word that is not declared.
        """
        cells = Cells(row, tuple(dict.fromkeys(column.column for column in self.columns)))
        for column in self.columns:
            _read(cells, column)
        return tuple(cells.facts)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], where: str = "field mapping") -> FieldMapping:
        """Build a mapping from plain values.

        Raises:
            ConfigurationError: unknown keys, or values of another type.
        """
        if not isinstance(content, Mapping) or set(content) - {"columns", "tasks"} or not content.get("columns"):
            raise ConfigurationError("not a field mapping", where=where, remedy="give the keys columns and tasks")
        columns = tuple(_build(Column, one, where) for one in content["columns"])
        tasks = {}
        for name, one in (content.get("tasks") or {}).items():
            labels = _build(TaskLabels, one, f"{where}: task {name}")
            tasks[name] = TaskLabels(tuple(labels.label), labels.strict)
        return cls(columns, tasks)

    @classmethod
    def from_yaml(cls, file: str | Path) -> FieldMapping:
        """Read a mapping.

        Raises:
            ConfigurationError: no such file, not YAML, or not a field mapping.
        """
        path = Path(file)
        if not path.is_file():
            raise ConfigurationError("no such file", where=path, remedy="write a field mapping")
        try:
            content = yaml.safe_load(path.read_text("utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"not YAML: {error}", where=path) from error
        return cls.from_dict(content, str(path))


def _build(cls: Callable[..., Any], content: Any, where: str) -> Any:
    known = {item.name for item in fields(cls)}  # type: ignore[arg-type]
    if not isinstance(content, Mapping) or set(content) - known:
        raise ConfigurationError(f"{content!r} has other keys", where=where, remedy=f"use {', '.join(sorted(known))}")
    plain = {
        key: {str(cell): meaning for cell, meaning in value.items()} if isinstance(value, Mapping) else value
        for key, value in content.items()
    }
    if not all(isinstance(value, (str, Mapping, list, tuple, type(None))) for value in plain.values()):
        raise ConfigurationError(f"{content!r} holds a number", where=where, remedy="write words, in quotes")
    try:
        return cls(**plain)
    except TypeError as error:
        raise ConfigurationError(str(error), where=where) from error
    except ConfigurationError as error:
        raise ConfigurationError(f"{error.where}: {error.problem}", where=where, remedy=error.remedy) from error


def _read(cells: Cells, column: Column) -> None:
    name = column.column
    if cells.text(name) is None:
        return
    if column.unit is not None:
        factor = UNITS[column.concept][column.unit]
        value = cells.quantity(name, high=_HIGHEST[column.concept] / factor)
        cells.add(column.concept, None if value is None else f"{round(value * factor, 2):g}", name, of=column.of)
        return
    polarity = column.polarity
    if isinstance(polarity, Mapping):
        found = cells.word(name, polarity)
        if found is not None:
            cells.add(column.concept, column.value, name, found, of=column.of)  # type: ignore[arg-type]
        return
    value_of = cells.text(name) if column.values is None else cells.word(name, column.values)
    cells.add(column.concept, value_of, name, polarity, of=column.of)  # type: ignore[arg-type]
