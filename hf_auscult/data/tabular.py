"""Read the tables that datasets distribute, and the few kinds of cells that they share."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from pathlib import Path

from ..errors import DataError
from ..texts import AGAIN, read_lines, read_table
from .schema import OLDEST, text_or_none


def read_csv(file: Path, required: Collection[str], *, remedy: str = AGAIN) -> list[dict[str, str]]:
    """Read a comma-separated table with a header; blanks around column names are dropped.

    Args:
        file: the table.
        required: columns that must be there.
        remedy: what to do where it is not as it should be.

    Returns:
        One mapping a line, cells as written.

    Raises:
        DataError: missing, not text, without a required column, or with a line that is longer or shorter than the
            header.
    """
    if not file.is_file():
        raise DataError("the table is missing", where=file, remedy=remedy)
    rows: list[dict[str, str]] = []
    lines = read_lines(file, remedy=remedy)
    header = [name.strip() for name in next(lines, (1, []))[1]]
    absent = sorted(set(required) - set(header))
    if absent:
        raise DataError(f"columns {absent} are missing", where=file, remedy=remedy)
    for number, cells in lines:
        if not cells:
            continue
        if len(cells) != len(header):
            problem = f"line {number} has {len(cells)} cells, the header {len(header)}"
            raise DataError(problem, where=file, remedy=remedy)
        rows.append(dict(zip(header, cells, strict=True)))
    return rows


def read_keyed(
    file: Path, key: str, required: Collection[str], *, remedy: str = AGAIN, pattern: str = r".+"
) -> dict[str, dict[str, str]]:
    """Read a comma-separated table whose lines have an id each: id -> cells, in the table's order.

    Args:
        file: the table.
        key: column of the ids.
        required: other columns that must be there.
        remedy: what to do where it is not as it should be.
        pattern: regular expression of an id.

    Raises:
        DataError: see :func:`read_csv`; an id is empty, of another form, or there twice with other cells.
    """
    found: dict[str, dict[str, str]] = {}
    for line, cells in read_table(file, (key, *required), remedy=remedy):
        name = (cells[key] or "").strip()
        if None in cells or None in cells.values() or not re.fullmatch(pattern, name):
            raise DataError(f"line {line} is damaged: {key} {name!r}", where=file, remedy=remedy)
        if found.get(name, cells) != cells:
            raise DataError(f"line {line} is damaged: it repeats {key} {name!r}", where=file, remedy=remedy)
        found[name] = cells
    return found


def number(cell: str | None, name: str) -> float | None:
    """Read a number; the words for "missing" become None.

    Args:
        cell: as written.
        name: its column, for the message.

    Raises:
        DataError: neither a finite number nor missing.

    Example:
        >>> number(" 0.96", "cough_detected"), number("nan", "age")
        (0.96, None)
    """
    text = text_or_none(cell)
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError as error:
        raise DataError(f"{name} {text!r} is not a number") from error
    if not math.isfinite(value):
        raise DataError(f"{name} {text!r} is not finite")
    return value


def years(cell: str | None) -> float | None:
    """Read an age in years; what is not one (a band, a typing error) becomes None.

    Example:
        >>> years("01"), years("18-44"), years("999")
        (1.0, None, None)
    """
    try:
        value = number(cell, "age")
    except DataError:
        return None
    return value if value is not None and 0 <= value < OLDEST else None


_SEXES = {"female": "female", "f": "female", "male": "male", "m": "male"}


def sex(cell: str | None, *, column: str | None = None) -> str | None:
    """Map a table's word to ``female`` or ``male``; any other word, also "other" and "prefer not to say", to None.

    Args:
        cell: as written.
        column: refuse another word than "missing", and call the column so.

    Raises:
        DataError: another word, where ``column`` is given.

    Example:
        >>> sex("Female"), sex("M"), sex("other")
        ('female', 'male', None)
    """
    text = text_or_none(cell)
    if column and text is not None and text.lower() not in _SEXES:
        raise DataError(f"{column} is {text!r}", remedy=f"use one of {sorted(_SEXES)}, or leave it empty")
    return _SEXES.get((text or "").lower())
