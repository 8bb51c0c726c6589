"""The one way to read text, tables, JSON and YAML that somebody else wrote: bounded, and every defect a typed error.

A file is regular (a pipe would wait for ever, a device never ends) and holds 256 MiB at most;
``AUSCULT_MAX_TEXT_BYTES`` in the environment sets another bound.
"""

from __future__ import annotations

import csv
import io
import json
import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Literal

from .errors import LFS_POINTER, AuscultError, ConfigurationError, DataError, limit

AGAIN = "download it again"
MOST_VALUES = 1_000_000
"""Values that a YAML file may stand for once its aliases are written out; ten lines can stand for billions."""


def is_file(file: Path) -> bool:
    """Whether a file of this name is there; `Path.is_file` raises where a table's cell makes too long a name."""
    return os.path.isfile(file)  # noqa: PTH113


def exists(file: Path) -> bool:
    """Whether anything of this name is there, a folder or a pipe too; see :func:`is_file`."""
    return os.path.exists(file)  # noqa: PTH110


def require_regular(file: Path, *, remedy: str = AGAIN, error: type[AuscultError] = DataError) -> None:
    """Refuse what is no regular file, before a library of its format opens it: a pipe would wait for ever.

    Raises:
        DataError: missing, a folder, a device or a pipe; or what `error` says.
    """
    try:
        mode = file.stat().st_mode
    except OSError as reason:
        raise error(f"cannot be read ({reason.strerror or reason})", where=file, remedy=remedy) from reason
    if not stat.S_ISREG(mode):
        what = "Is a directory" if stat.S_ISDIR(mode) else "it is a device or a pipe"
        raise error(f"cannot be read ({what})", where=file, remedy=remedy)


def read_text(
    file: Path,
    *,
    remedy: str = AGAIN,
    errors: Literal["strict", "replace"] = "strict",
    error: type[AuscultError] = DataError,
) -> str:
    """Read a file of text; a byte order mark is dropped.

    Args:
        file: it.
        remedy: what to do where it is not as it should be.
        errors: ``strict`` refuses bytes that are not UTF-8; ``replace`` makes them U+FFFD.
        error: what is raised.

    Raises:
        DataError: missing, no regular file, not to be opened, too large, or not text.
    """
    require_regular(file, remedy=remedy, error=error)
    most = limit("AUSCULT_MAX_TEXT_BYTES", 1 << 28)
    try:
        with file.open("rb") as stream:
            data = stream.read(most + 1)
    except OSError as reason:
        raise error(f"cannot be read ({reason.strerror or reason})", where=file, remedy=remedy) from reason
    if len(data) > most:
        raise error(f"more than {most} bytes of text", where=file, remedy="set AUSCULT_MAX_TEXT_BYTES higher")
    try:
        text = data.decode("utf-8-sig", errors=errors)
    except UnicodeDecodeError as reason:
        raise error(f"not text in UTF-8 (byte {reason.start})", where=file, remedy=remedy) from reason
    if text.startswith(LFS_POINTER):
        raise error("a Git LFS pointer, not the file", where=file, remedy="run `git lfs pull` in the download")
    if "\0" in text:
        raise error("not text: it holds zero bytes", where=file, remedy=remedy)
    return text


def read_lines(
    file: Path, *, remedy: str = AGAIN, errors: Literal["strict", "replace"] = "strict", delimiters: str = ","
) -> Iterator[tuple[int, list[str]]]:
    """Read a table as ``(line, cells)``, its header first; see :func:`read_table`.

    Raises:
        DataError: see :func:`read_text`; the quotes do not match, or a cell has more than 131,072 letters.
    """
    text = read_text(file, remedy=remedy, errors=errors)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(delimiters, key=text.partition("\n")[0].count))
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as reason:
        raise DataError(f"not a table of text ({reason})", where=file, remedy=remedy) from reason


def read_table(
    file: Path,
    required: Collection[str] = (),
    *,
    remedy: str = AGAIN,
    errors: Literal["strict", "replace"] = "strict",
    delimiters: str = ",",
) -> Iterator[tuple[int, dict[str, str]]]:
    """Read a table with a header as ``(line, column -> cell)``, also lines with cells too many or too few.

    Such a line has None among its keys or its values; the caller decides what that means. Blanks around the names of
    columns are dropped.

    Args:
        file, remedy, errors: see :func:`read_text`.
        required: columns that must be there.
        delimiters: of several, the one that the header has most often.

    Raises:
        DataError: see :func:`read_text`; no header, a column is missing, or the quotes do not match.
    """
    text = read_text(file, remedy=remedy, errors=errors)
    delimiter = max(delimiters, key=text.partition("\n")[0].count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        reader.fieldnames = [name.strip() for name in reader.fieldnames or ()]
        missing = [name for name in required if name not in reader.fieldnames]
        if missing:
            raise DataError(f"columns {missing} are missing", where=file, remedy=remedy)
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as reason:
        raise DataError(f"not a table of text ({reason})", where=file, remedy=remedy) from reason


def read_json(file: Path, kind: type = dict, *, remedy: str = AGAIN) -> Any:
    """Read a file that holds a list or an object (``kind``).

    Raises:
        DataError: see :func:`read_text`; it is not JSON, or holds something else.
    """
    try:
        content = json.loads(read_text(file, remedy=remedy))
    except RecursionError as reason:
        raise DataError("not JSON (nested too deep)", where=file, remedy=remedy) from reason
    except DataError:
        raise
    except ValueError as reason:  # no JSON, or an integer of thousands of digits
        raise DataError(f"not JSON ({reason})", where=file, remedy=remedy) from reason
    if not isinstance(content, kind):
        raise DataError(f"not {'a list' if kind is list else 'an object'}", where=file, remedy=remedy)
    return content


def read_yaml(file: Path, *, remedy: str = "mend it") -> Any:
    """Read a YAML file of settings.

    Raises:
        ConfigurationError: see :func:`read_text`; it is not YAML, or stands for more than a million values.
    """
    import yaml

    if not file.exists():
        raise ConfigurationError("no such file", where=file, remedy=remedy)
    text = read_text(file, remedy=remedy, error=ConfigurationError)
    try:
        content = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        count = _values(content, {})
    except RecursionError as reason:
        raise ConfigurationError("not YAML: nested too deep", where=file, remedy=remedy) from reason
    except (yaml.YAMLError, ValueError) as reason:  # ValueError: the 30th of February, thousands of digits
        line = " ".join(str(reason).split())
        raise ConfigurationError(f"not YAML: {line}", where=file, remedy=remedy) from reason
    if count > MOST_VALUES:
        raise ConfigurationError("its aliases stand for too many values", where=file, remedy="write them out")
    return content


def _values(content: Any, known: dict[int, int]) -> int:
    """How many values a structure has when shared ones count wherever they stand."""
    if not isinstance(content, (dict, list)):
        return 1
    if id(content) not in known:
        known[id(content)] = MOST_VALUES + 1  # of one that contains itself
        inner = content.values() if isinstance(content, dict) else content
        known[id(content)] = 1 + sum(_values(value, known) for value in inner)
    return known[id(content)]
