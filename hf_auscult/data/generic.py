"""One layout for any dataset: a folder of recordings and a table beside them.

    my_recordings/
      metadata.csv        path,recording_id,subject_id,label,site,age,sex,…   (comma, semicolon or tab; UTF-8)
      anna/mitral.wav
      ben/mitral.wav

``path`` (relative to the folder) and ``subject_id`` are needed, whatever else the table has is kept. Private datasets
(``hsdreport``, ``xh_heartsound``) and a user's own recordings are read this way.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import ConfigurationError, DataError
from ..texts import read_lines
from .file_names import Files
from .schema import OLDEST, ORGANS, SITES, Kind, Row, text_or_none
from .spec import Problem, Table

TABLE = "metadata.csv"
_DELIMITERS = ",;\t"
_SEXES = {"female": "female", "f": "female", "male": "male", "m": "male"}
_BOOLEANS = {"true": True, "yes": True, "y": True, "1": True, "false": False, "no": False, "n": False, "0": False}


@dataclass(frozen=True)
class GenericColumns:
    """What the table's columns are called; a column that the table lacks is null everywhere.

    Args:
        path: audio file, relative to the folder; always needed.
        recording_id: unique name; the path without its suffix where it is missing.
        subject_id: who it is; needed unless the table is read with ``subjects=False``.
        label: original label, kept as ``original_label``.
        site: auscultation position; words outside :data:`hf_auscult.data.schema.SITES` become "other", and
            ``site_detail`` keeps them.
        device: what it was recorded with.
        age: years; words (``Child``, ``18-44``) become the age group.
        age_group: the table's own wording.
        sex: female, male, f or m.
        organ: one of :data:`hf_auscult.data.schema.ORGANS`.
        licence: where recordings have different ones.
        official_split: the authors' own split.
    """

    path: str = "path"
    recording_id: str = "recording_id"
    subject_id: str = "subject_id"
    label: str = "label"
    site: str = "site"
    device: str = "device"
    age: str = "age"
    age_group: str = "age_group"
    sex: str = "sex"
    organ: str = "organ"
    licence: str = "licence"
    official_split: str = "official_split"


OWN_COLUMNS: Mapping[str, Kind] = {"original_label": "string", "site_detail": "string", "official_split": "string"}
"""Columns that every table read this way has besides the common ones; ``extra`` adds to them."""


@dataclass(frozen=True)
class GenericTable:
    """What a folder's table is, and what holds where a row says nothing.

    Args:
        name: dataset's name; prefix of its subject ids.
        organ: of recordings whose row names none.
        licence: of recordings whose row names none.
        device: of recordings whose row names none.
        columns: what the table's columns are called.
        extra: further columns to keep, column -> kind: ``string``, ``float``, ``bool``, or ``strings``, separated by
            ``|``. A column that the table lacks is null.
        needed: common names (``label`` …) or further columns that the table must have.
        subjects: whether the table must say who is who. If not, a recording without a subject stands for a person of
            its own, and the dataset's spec must warn of it.
        file: name of the table.
    """

    name: str
    organ: str | None = None
    licence: str | None = None
    device: str | None = None
    columns: GenericColumns = field(default_factory=GenericColumns)
    extra: Mapping[str, Kind] = field(default_factory=dict)
    needed: Sequence[str] = ()
    subjects: bool = True
    file: str = TABLE


def read_generic(source: Path, table: GenericTable) -> Table:
    """Read ``metadata.csv`` and what lies beside it.

    Args:
        source: the folder.
        table: what its table is.

    Returns:
        One row per line, with the common columns, :data:`OWN_COLUMNS` and ``extra``; a line that is there twice counts
        once. Problems: another line of one file, a line without subject, a path out of the folder, an audio file that
        no line lists.

    Raises:
        DataError: no table, a needed column is missing, or cells are not what their columns say (all of them named).
        ConfigurationError: a column is asked for under two names.

    Example:
        >>> read_generic(Path("my_recordings"), GenericTable("mine", organ="heart"))  # doctest: +SKIP
    """
    columns, extra, name = table.columns, table.extra, table.name
    file = source / table.file
    header, lines = _lines(file)
    named = {one.name: getattr(columns, one.name) for one in fields(columns)}
    clash = sorted((set(extra) & {*named, *OWN_COLUMNS}) | (set(extra) & set(named.values())))
    if clash:
        raise ConfigurationError(f"columns {clash} are common ones already", where=name, remedy="leave them out")
    required = ["path", *(["subject_id"] if table.subjects else []), *table.needed]
    missing = sorted({named.get(one, one) for one in required} - set(header))
    if missing:
        raise DataError(
            f"columns {missing} are missing; it has {header}", where=file, remedy="add them, or name yours in columns"
        )
    rows: list[Row] = []
    problems: list[Problem] = []
    claimed: set[str] = set()
    files = Files(source)
    wrong: list[DataError] = []
    seen: set[tuple[str, ...]] = set()
    for where, cells in lines:
        if (line := tuple(cells.values())) in seen:
            continue
        seen.add(line)
        common = {key: text_or_none(cells.get(column)) for key, column in named.items()}
        label = (cells.get(columns.label) or "").strip()
        if label.lower() == "none":
            common["label"] = label  # "no murmur" is a class, not a gap
        path = files.find((common["path"] or "").replace("\\", "/").removeprefix("./"))
        recording = common["recording_id"] or path.removesuffix(PurePosixPath(path).suffix)
        reason = _unusable(path, path in claimed, common["subject_id"] if table.subjects else recording)
        claimed.add(path)
        if reason:
            problems.append(Problem(recording or where, path, f"{where}: {reason}", "DataError"))
            continue
        row: Row = {}
        try:
            row |= _row(common, where)
        except DataError as error:
            wrong.append(error)
        for key, kind in extra.items():
            try:
                row[key] = _value(cells.get(key), kind, key, where)
            except DataError as error:
                wrong.append(error)
        if wrong:
            continue
        defaults = {"organ": row["organ"] or table.organ, "licence": row["licence"] or table.licence}
        row |= defaults | {"device": row["device"] or table.device}
        row |= {"path": path, "recording_id": recording, "source": name}
        rows.append(row | {"subject_id": f"{name}:{common['subject_id'] or recording}"})
    _refuse_all(wrong, file)
    problems += [
        Problem(PurePosixPath(path).stem, path, f"{table.file} does not list it", "DataError")
        for path in files.names
        if path not in claimed
    ]
    rows.sort(key=lambda row: str(row["recording_id"]))
    repeated = len(lines) - len(seen)
    notes = (*_notes(rows), *([f"{repeated} lines of {table.file} are there twice"] if repeated else []))
    return Table(source, tuple(rows), tuple(problems), notes)


def other_columns(
    source: Path, *, columns: GenericColumns | None = None, table: str = TABLE, floats: Sequence[str] = ()
) -> dict[str, Kind]:
    """Columns of a table beyond the common ones, as ``extra`` of :func:`read_generic`.

    Args:
        source: the folder.
        columns: what the common columns are called.
        table: name of the table.
        floats: which of them are numbers, besides those in which every cell is one; the others are text. Numbers with
            zeros in front are names.

    Raises:
        DataError: there is no such table.
    """
    columns = columns or GenericColumns()
    common = {getattr(columns, one.name) for one in fields(columns)}
    header, lines = _lines(source / table)
    return {
        column: "float" if column in floats or _are_numbers(cells[column] for _, cells in lines) else "string"
        for column in header
        if column not in common
    }


def _are_numbers(cells: Iterable[str]) -> bool:
    stated = [text for text in map(text_or_none, cells) if text is not None]
    return bool(stated) and all(re.fullmatch(r"-?(0|[1-9]\d{0,14})([.]\d+)?(e-?\d{1,2})?", text) for text in stated)


def _refuse_all(wrong: Sequence[DataError], file: Path) -> None:
    """Raise DataError for everything that is wrong with a table, the first ten in words."""
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        shown = "; ".join(f"{error.where}: {error.problem}" for error in wrong[:10])
        more = f"; and {len(wrong) - 10} more" if len(wrong) > 10 else ""
        raise DataError(f"{len(wrong)} cells are wrong: {shown}{more}", where=file, remedy="correct them")


def _lines(file: Path) -> tuple[list[str], list[tuple[str, dict[str, str]]]]:
    """Header, and (where, cells) of every line."""
    if not file.is_file():
        raise DataError(f"no {file.name}", where=file.parent, remedy=f"put a {file.name} beside the recordings")
    reader = read_lines(file, remedy="save it as UTF-8", delimiters=_DELIMITERS)
    lines: list[tuple[str, dict[str, str]]] = []
    wrong: list[DataError] = []
    header = [cell.strip() for cell in next(reader, (1, []))[1]]
    twice = sorted(column for column, count in Counter(header).items() if count > 1)
    if twice or not header:
        problem = f"columns {twice} occur twice" if twice else "the table is empty"
        raise DataError(problem, where=file, remedy="mend it")
    for number, cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        where = f"{file.name} line {number}"
        if len(cells) != len(header):
            wrong.append(
                DataError(f"{len(cells)} cells where the header has {len(header)}", where=where, remedy="mend it")
            )
            continue
        lines.append((where, dict(zip(header, cells, strict=True))))
    _refuse_all(wrong, file)
    return header, lines


def _unusable(path: str, seen: bool, subject: str | None) -> str | None:
    """Say why a line cannot be used, if it cannot."""
    if not path:
        return "it names no file"
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts or ":" in path.split("/")[0]:
        return "its path leads out of the folder"
    if seen:
        return "another line lists the same file"
    return None if subject else "it does not say who was recorded"


def _row(common: Mapping[str, str | None], where: str) -> Row:
    site, sex, organ = common["site"], common["sex"], common["organ"]
    if sex and sex.lower() not in _SEXES:
        raise DataError(f"sex is {sex!r}", where=where, remedy=f"use one of {sorted(_SEXES)}, or leave it empty")
    if organ and organ not in ORGANS:
        raise DataError(f"organ is {organ!r}", where=where, remedy=f"use one of {ORGANS}")
    age, group = _age(common["age"], where)
    known = site is not None and site.lower() in SITES
    return {
        "site": None if site is None else site.lower() if known else "other",
        "site_detail": site,
        "device": common["device"],
        "age": age,
        "age_group": common["age_group"] or group,
        "sex": _SEXES[sex.lower()] if sex else None,
        "organ": organ,
        "licence": common["licence"],
        "original_label": common["label"],
        "official_split": common["official_split"],
    }


def _age(cell: str | None, where: str) -> tuple[float | None, str | None]:
    """Years, or the words of a group (``Child``, ``18-44``)."""
    if cell is None:
        return None, None
    try:
        age = float(cell)
    except ValueError:
        return None, cell
    if not 0 <= age <= OLDEST:
        raise DataError(f"age is {age:g}", where=where, remedy="give years or a group, or leave it empty")
    return age, None


def _value(cell: str | None, kind: Kind, column: str, where: str) -> Any:
    text = text_or_none(cell)
    if text is None or kind == "string":
        return text
    if kind == "strings":
        return [part.strip() for part in text.split("|") if part.strip()]
    if kind == "bool" and text.lower() in _BOOLEANS:
        return _BOOLEANS[text.lower()]
    if kind == "float":
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if math.isfinite(number):
            return number
    raise DataError(f"{column} is {text!r}, which is not a {kind}", where=where, remedy="correct it, or leave it empty")


def _notes(rows: Sequence[Row]) -> tuple[str, ...]:
    elsewhere = Counter(row["site_detail"] for row in rows if row["site"] == "other")
    return tuple(
        f"{count} recordings at {site!r}, which is 'other' in the common vocabulary"
        for site, count in sorted(elsewhere.items())
        if site != "other"
    )
