"""Facts of any dataset by a declared mapping of its columns: YAML or a dict, every key checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ...errors import ConfigurationError, DataError
from ...texts import read_yaml
from .cells import NO, YES, Cells, Row
from .schema import CONCEPTS, VALUES, Fact
from .settle import settle

UNITS: Mapping[str, Mapping[str, float]] = {
    "age": {"years": 1, "months": 1 / 12, "days": 1 / 365.25},
    "height": {"cm": 1, "m": 100, "in": 2.54},
    "weight": {"kg": 1, "g": 0.001, "lb": 0.45359237},
    "bmi": {"kg/m2": 1},
}
"""Concept of a number -> unit -> factor to the unit that the schema has for it."""
_HIGHEST = {"age": 130, "height": 272, "weight": 700, "bmi": 200}
_POLARITIES = ("present", "absent", "unknown")
_FLAGS: Mapping[str, Mapping[str, str | None]] = {
    "yes_no": dict.fromkeys(YES, "present") | dict.fromkeys(NO, "absent"),
    "yes_only": dict.fromkeys(YES, "present") | dict.fromkeys(NO, None),
}
"""Words of ``polarity`` for yes-or-no columns: whether a no states that it is not there, or nothing."""


@dataclass(frozen=True)
class Column:
    """What one column of a dataset states.

    Args:
        column: its name.
        concept: of :data:`hf_auscult.data.facts.schema.CONCEPTS`; left out with ``facts``.
        value: the fact's value where the column says only whether it is there; then ``polarity`` is by cell.
        values: cell -> value, whatever the cell's case; a cell that maps to null states nothing. Without it (and
            without ``value``) the cell is the value.
        polarity: of every fact of the column; or cell -> polarity, where a cell that maps to null states nothing.
        of: the finding that a trait belongs to.
        unit: of a number; see :data:`UNITS`.
        neonates: of an age in years: within 28 days of birth the age group stands instead, which says more.
        patterns: regular expression of the whole cell -> value, the first that matches; null states nothing.
        split: separates several values in one cell.
        facts: cell -> every fact that it states, where that is more than one.

    Raises:
        ConfigurationError: an unknown concept, value, polarity or unit, or settings that contradict each other.
    """

    column: str
    concept: str = ""
    value: str | None = None
    values: Mapping[str, str | None] | None = None
    polarity: str | Mapping[str, str | None] = "present"
    of: str | None = None
    unit: str | None = None
    neonates: bool = False
    patterns: Mapping[str, str | None] | None = None
    split: str | None = None
    facts: Mapping[str, tuple[Fact, ...]] | None = None

    def __post_init__(self) -> None:
        def refuse(problem: str, remedy: str) -> None:
            raise ConfigurationError(problem, where=f"column {self.column}", remedy=remedy)

        if self.facts is not None:
            if self.concept or self.value or self.values or self.unit or self.patterns:
                refuse("facts stand beside other settings", "give facts alone")
            return
        if self.concept not in CONCEPTS:
            refuse(f"no concept {self.concept!r}", f"use one of {', '.join(CONCEPTS)}")
        by_cell = isinstance(self.polarity, Mapping)
        given = self.polarity.values() if isinstance(self.polarity, Mapping) else [self.polarity]
        if any(one not in (*_POLARITIES, None) for one in given) or (not by_cell and self.polarity is None):
            refuse(f"polarity {self.polarity!r}", f"use {', '.join(_POLARITIES)}, or a mapping of cells to them")
        if by_cell != (self.value is not None) or (self.value is not None and self.values is not None):
            refuse("value, values and polarity contradict each other", "give value with a polarity by cell, or values")
        numeric = self.concept in UNITS and self.values is None and self.patterns is None
        if (self.unit is not None) != numeric:
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

    def read(self, cells: Cells) -> None:
        """Add what this column of a row states."""
        name, text = self.column, cells.text(self.column)
        if text is None:
            return
        if self.facts is not None:
            for fact in self.facts[str(cells.word(name, tuple(self.facts)))]:
                cells.add(fact.concept, fact.value, name, fact.polarity, fact.of)
        elif self.unit is not None:
            self._number(cells)
        elif isinstance(self.polarity, Mapping):
            found = cells.word(name, self.polarity)
            if found is not None:
                cells.add(self.concept, self.value, name, found, of=self.of)  # type: ignore[arg-type]
        else:
            for part in text.split(self.split) if self.split else (text,):
                cells.add(self.concept, self._value(cells, part), name, self.polarity, of=self.of)  # type: ignore[arg-type]

    def _value(self, cells: Cells, text: str) -> str | None:
        if self.patterns is None:
            return text if self.values is None else cells.translate(self.column, text, self.values)
        for pattern, value in self.patterns.items():
            match = re.fullmatch(pattern, text, re.IGNORECASE)
            if match:
                return None if value is None else match.expand(value)
        raise DataError(
            f"{self.column} is {text!r}", where=cells.where, remedy=f"expected one of {', '.join(self.patterns)}"
        )

    def _number(self, cells: Cells) -> None:
        if self.neonates:
            cells.years(self.column)
            return
        assert self.unit is not None
        factor = UNITS[self.concept][self.unit]
        value = cells.quantity(self.column, high=_HIGHEST[self.concept] / factor)
        if value is not None:
            exact = value if factor == 1 and self.concept != "age" else round(value * factor, 2)
            cells.add(self.concept, f"{exact:g}", self.column, of=self.of)


@dataclass(frozen=True)
class Rule:
    """Facts that no table of words gives.

    Args:
        function: adds them to the cells of a row.
        columns: that the function reads.
    """

    function: Callable[[Cells], None]
    columns: tuple[str, ...]

    def read(self, cells: Cells) -> None:
        """Add what the rule finds in a row."""
        self.function(cells)


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
        columns: in the order in which facts are given.
        tasks: name -> :class:`TaskLabels`, for masks.
        sources: who states what: source -> fields, one of which may be ``rest``, the fields of no other source. A rule
            may name the source of a fact itself, as that of one expert among several.

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

    columns: tuple[Column | Rule, ...]
    tasks: Mapping[str, TaskLabels] = field(default_factory=dict)
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        named = {name for names in self.sources.values() for name in names}
        if named - {*self.fields, "rest"}:
            raise ConfigurationError(
                f"sources name {sorted(named - {*self.fields, 'rest'})}, which state nothing", remedy="name its columns"
            )
        for task, labels in self.tasks.items():
            unknown = sorted({*labels.label, *labels.strict} - {*self.fields})
            if unknown:
                raise ConfigurationError(
                    f"masks {unknown}, which state nothing", where=f"task {task}", remedy="name columns of the mapping"
                )

    @property
    def fields(self) -> tuple[str, ...]:
        """Columns that a row must have."""
        names = [one.columns if isinstance(one, Rule) else (one.column,) for one in self.columns]
        return tuple(dict.fromkeys(name for group in names for name in group))

    def __call__(self, row: Row) -> tuple[Fact, ...]:
        """Give every fact that a row states; a cell that is None, NaN or ``nan`` states nothing.

        Raises:
            DataError: a column is missing, or holds a word that is not declared.
        """
        cells = Cells(row, self.fields)
        for column in self.columns:
            column.read(cells)
        source_of = {name: source for source, names in self.sources.items() for name in names}
        source_of |= cells.sources
        facts = (
            fact if fact.source else replace(fact, source=source_of.get(fact.field, source_of.get("rest")))
            for fact in cells.facts
        )
        return settle(facts)

    @classmethod
    def from_dict(
        cls,
        content: Mapping[str, Any],
        where: str = "field mapping",
        rules: Mapping[str, Callable[[Cells], None]] | None = None,
    ) -> FieldMapping:
        """Build a mapping from plain values.

        Args:
            content: ``columns``: a list of :class:`Column` as mappings; ``tasks``; ``sources``. Besides its own keys a
                column may be ``{columns: {name: value, …}, …}``: several yes-or-no columns with the same settings;
                ``values`` may be a list of words that stand for themselves; ``polarity`` may be ``yes_no`` or
                ``yes_only``; ``facts`` lists mappings such as ``{timing: inspiratory, of: crackle}``;
                ``{rule: name, columns: [...]}`` calls a function of ``rules``.
            where: for messages.
            rules: name -> function.

        Raises:
            ConfigurationError: unknown keys, or values of another type.
        """
        if (
            not isinstance(content, Mapping)
            or set(content) - {"columns", "tasks", "sources"}
            or not content.get("columns")
        ):
            raise ConfigurationError("not a field mapping", where=where, remedy="give columns, tasks and sources")
        columns: list[Column | Rule] = []
        for entry in content["columns"]:
            if isinstance(entry, Mapping) and "rule" in entry:
                if entry["rule"] not in (rules or {}) or set(entry) != {"rule", "columns"}:
                    raise ConfigurationError(f"no rule {entry['rule']!r}", where=where, remedy="write its function")
                columns.append(Rule((rules or {})[entry["rule"]], tuple(entry["columns"])))
            else:
                columns += [_build(Column, one, where) for one in _plain(entry)]
        tasks = {}
        for name, one in (content.get("tasks") or {}).items():
            labels = _build(TaskLabels, one, f"{where}: task {name}")
            tasks[name] = TaskLabels(tuple(labels.label), labels.strict)
        sources = {
            source: (names,) if isinstance(names, str) else tuple(names)
            for source, names in (content.get("sources") or {}).items()
        }
        return cls(tuple(columns), tasks, sources)

    @classmethod
    def from_yaml(cls, file: str | Path) -> FieldMapping:
        """Read a mapping.

        Raises:
            ConfigurationError: no such file, not YAML, or not a field mapping.
        """
        path = Path(file)
        return cls.from_dict(read_yaml(path, remedy="write a field mapping"), str(path))


def _plain(entry: Any) -> Iterator[Any]:
    """Write out the short forms of a column."""
    if not isinstance(entry, Mapping):
        yield entry
        return
    entry = dict(entry)
    if isinstance(entry.get("values"), list):
        entry["values"] = {str(word): word for word in entry["values"]}
    if isinstance(entry.get("polarity"), str) and entry["polarity"] in _FLAGS:
        entry["polarity"] = _FLAGS[entry["polarity"]]
    if isinstance(entry.get("facts"), Mapping):
        entry["facts"] = {
            str(cell): tuple(_fact(str(entry.get("column")), one) for one in stated or ())
            for cell, stated in entry["facts"].items()
        }
    if isinstance(entry.get("columns"), Mapping):
        for name, value in entry.pop("columns").items():
            yield {**entry, "column": name, "value": value}
    else:
        yield entry


def _fact(column: str, content: Mapping[str, str]) -> Fact:
    """Read ``{concept: value}`` with or without ``polarity`` and ``of``."""
    traits = {key: content[key] for key in ("polarity", "of") if key in content}
    ((concept, value),) = ((key, cell) for key, cell in content.items() if key not in traits)
    return Fact(concept, value, column, **traits)  # type: ignore[arg-type]


def _build(cls: Callable[..., Any], content: Any, where: str) -> Any:
    known = {item.name for item in fields(cls)}  # type: ignore[arg-type]
    if not isinstance(content, Mapping) or set(content) - known:
        raise ConfigurationError(f"{content!r} has other keys", where=where, remedy=f"use {', '.join(sorted(known))}")
    plain = {
        key: {str(cell): meaning for cell, meaning in value.items()} if isinstance(value, Mapping) else value
        for key, value in content.items()
    }
    if not all(isinstance(value, (str, bool, Mapping, Sequence, type(None))) for value in plain.values()):
        raise ConfigurationError(f"{content!r} holds a number", where=where, remedy="write words, in quotes")
    try:
        return cls(**plain)
    except TypeError as error:
        raise ConfigurationError(str(error), where=where) from error
    except ConfigurationError as error:
        raise ConfigurationError(f"{error.where}: {error.problem}", where=where, remedy=error.remedy) from error
