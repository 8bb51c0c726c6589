"""The one way to write: files and folders that appear whole or not at all, and a folder's list of what a run wrote.

Everything is filled under a hidden name beside its target and renamed when it is complete, with the permissions that
the user's umask gives. A folder that is written again is replaced only if an earlier run wrote every file in it. What a
run that was killed left under hidden names is removed by the next one; two runs do not write one output at a time.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import os
import re
import shutil
import stat
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

from .errors import ConfigurationError, printable

if TYPE_CHECKING:
    import pyarrow as pa

try:
    import fcntl
except ImportError:  # Windows has no such locks: runs are not kept apart there, nor are leftovers removed
    fcntl = None  # type: ignore[assignment, unused-ignore]

MANIFEST = ".files.json"
# Desktop systems leave these wherever a folder is opened: nobody misses them.
_LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})


def default_cache() -> Path:
    """Return the folder of what is kept between runs: ``AUSCULT_CACHE``, or ``~/.cache/hf_auscult``."""
    return Path(os.environ.get("AUSCULT_CACHE", "~/.cache/hf_auscult")).expanduser()


class Serialisable:
    """Base of results, which are dataclasses: their fields as plain values, in one way for the whole package.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Share(Serialisable):
        ...     count: int
        ...     n: int
        ...     computed = ("value",)
        ...     @property
        ...     def value(self):
        ...         return self.count / self.n
        >>> Share(1, 4).to_dict()
        {'count': 1, 'n': 4, 'value': 0.25}
    """

    computed: ClassVar[tuple[str, ...]] = ()
    """Properties that are written beside the fields."""

    def to_dict(self) -> dict[str, Any]:
        """Fields and computed properties as plain values, ready for JSON."""
        names = (*(field.name for field in fields(self)), *self.computed)  # type: ignore[arg-type]
        return {name: _contents(getattr(self, name)) for name in names}


def _contents(value: Any) -> Any:
    """Dataclasses within containers as mappings; everything else as it is."""
    if isinstance(value, Serialisable):
        return value.to_dict()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _contents(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: _contents(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_contents, value))
    return str(value) if isinstance(value, Path) else value


def to_json(content: Any, *, indent: int | None = 2, sort_keys: bool = False) -> str:
    """JSON that every reader takes (RFC 8259): NaN becomes null, infinity a text, file names are printable.

    Args:
        content: plain values, paths, dataclasses, numpy scalars and arrays.
        indent: None for one line.
        sort_keys: for texts that are hashed or compared.

    Raises:
        TypeError: a value that has no JSON form.

    Example:
        >>> to_json({"low": float("nan"), "threshold": float("inf")}, indent=None)
        '{"low": null, "threshold": "Infinity"}'
    """
    return json.dumps(_plain(content), indent=indent, sort_keys=sort_keys, ensure_ascii=False, allow_nan=False)


def write_json(path: Path, content: Any, *, sort_keys: bool = False) -> None:
    """Write indented JSON, see :func:`to_json`."""
    write_text(path, to_json(content, sort_keys=sort_keys) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8 over whatever was there; what is no Unicode in it is escaped."""
    with new_file(path) as part:
        part.write_text(printable(text), "utf-8", newline="")


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]], *, encoding: str = "utf-8") -> None:
    """Write a table as CSV with lines that end in a newline character.

    File names are made printable, and texts that a spreadsheet would take for formulas are quoted, see :func:`cell`.
    """
    with new_file(path) as part, part.open("w", newline="", encoding=encoding) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([cell(value) if isinstance(value, str) else value for value in row] for row in rows)


def cell(text: str) -> str:
    """A text as a cell of a table that people open: a formula gets an apostrophe, which :func:`uncell` removes.

    Example:
        >>> cell("=1+1"), uncell("'=1+1"), uncell(cell("'-")), cell("a=b")
        ("'=1+1", '=1+1', "'-", 'a=b')
    """
    return printable(f"'{text}" if re.match(r"'*[=+\-@\t\r]", text) else text)


def uncell(text: str) -> str:
    """What a cell of :func:`write_csv` says."""
    return text[1:] if re.match(r"'+[=+\-@\t\r]", text) else text


def write_table(path: Path, table: pa.Table) -> None:
    """Write Parquet over whatever was there."""
    import pyarrow.parquet as pq

    # Arrow opens no name that is no Unicode; Python does.
    with new_file(path) as part, part.open("wb") as stream:
        pq.write_table(table, stream)


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Fill a hidden file that takes the name of ``path`` when all went well and vanishes otherwise.

    Several threads and processes may write the same file: the last one's is there, whole.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = _beside(path)
    try:
        with ExitStack() as stack:
            _locked(part, stack)
            yield part
        with part.open("rb+") as stream:
            os.fsync(stream.fileno())  # or a power failure leaves an empty file under the final name
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def new_folder(path: str | Path, *, replace: bool = False) -> Iterator[Path]:
    """Fill a hidden folder that takes the name of ``path`` when all went well and vanishes otherwise.

    Args:
        path: the folder; a link is followed.
        replace: it may hold what an earlier run wrote; a list of the files is then kept in it, see ``MANIFEST``.

    Raises:
        ConfigurationError: see :func:`check_folder`.
    """
    target = Path(path).resolve()
    with sole_writer(target), ExitStack() as stack:
        check_folder(target, replace=replace)
        part = _beside(target)
        part.mkdir(parents=True)
        _locked(part, stack)
        try:
            yield part
            open_to_others(part)
            if replace:
                claim(part, *_files(part))
            check_folder(target, replace=replace)
            retired = _beside(target)
            if target.exists():
                target.rename(retired)
            part.rename(target)
            shutil.rmtree(retired, ignore_errors=True)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def open_to_others(folder: str | Path, pattern: str = "**/*") -> None:
    """Give files that a library keeps to its user, as safetensors does weights, the permissions of the umask.

    Args:
        folder: one that was made with them.
        pattern: of the files in it.
    """
    folder = Path(folder)
    usual = folder.stat().st_mode & 0o666
    for file in folder.glob(pattern):
        if file.is_file() and not file.is_symlink() and stat.S_IMODE(file.stat().st_mode) == 0o600:
            file.chmod(usual)


@contextmanager
def output_folder(path: str | Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Fill a command's output, see :func:`new_folder`: what an earlier run finished there is replaced only when asked.

    Raises:
        ConfigurationError: see :func:`check_folder` and :func:`sole_writer`.
    """
    with sole_writer(path):
        check_folder(path, replace=overwrite)
        with new_folder(path, replace=True) as folder:
            yield folder


@contextmanager
def sole_writer(path: str | Path) -> Iterator[None]:
    """Be the only run that writes an output; what killed ones left beside it is removed.

    Raises:
        ConfigurationError: another process, or another thread, is writing it.
    """
    target, thread = Path(path).resolve(), threading.get_ident()
    holder = _held.setdefault(target, thread)
    if target in _locked_outputs and holder == thread:  # this run has it already
        yield
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    lock = target.with_name(f"{_hidden(target)}.lock")
    try:
        with ExitStack() as stack:
            if holder != thread or not _locked(lock, stack):
                raise ConfigurationError(
                    "another run is writing it", where=target, remedy="wait until it has finished, or write elsewhere"
                )
            _locked_outputs.add(target)
            stack.callback(lock.unlink, missing_ok=True)
            stack.callback(_locked_outputs.discard, target)
            remove_leftovers(target.parent, of=target)
            yield
    finally:
        if holder == thread:
            _held.pop(target, None)


# Outputs that this process is writing: the thread that does, and which are locked.
_held: dict[Path, int] = {}
_locked_outputs: set[Path] = set()


def remove_leftovers(folder: Path, *, of: Path | None = None) -> None:
    """Remove the hidden parts that killed runs left in a folder; a part whose writer lives is locked, and stays.

    Args:
        folder: it.
        of: the one output whose parts they are.
    """
    name = re.escape(_hidden(of)) if of else r"\..*"
    for part in folder.iterdir() if folder.is_dir() else ():
        if re.fullmatch(rf"{name}\.[0-9a-f]{{32}}\.partial", part.name):
            with ExitStack() as stack, suppress(OSError):
                if _locked(part, stack):
                    shutil.rmtree(part) if part.is_dir() else part.unlink()


def _locked(path: Path, stack: ExitStack) -> bool:
    """Lock a file (made if need be) or a folder until the stack is left; False where another run has it."""
    if fcntl is None:
        return path.suffix != ".partial"
    while True:
        descriptor = os.open(path, os.O_RDONLY) if path.is_dir() else os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        stack.callback(os.close, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return True
        except BlockingIOError:
            return False
        except FileNotFoundError:
            continue  # the run that had it has just finished
        except OSError:  # a file system without locks
            return path.suffix != ".partial"


def check_folder(path: str | Path, *, replace: bool = False) -> None:
    """Refuse a folder to write to that holds anything; with ``replace``, anything that no earlier run wrote.

    Raises:
        ConfigurationError: it does, or is a file.
    """
    target = Path(path)
    if not target.exists():
        return
    if not target.is_dir():
        raise ConfigurationError("is a file", where=target, remedy="choose another folder")
    foreign = sorted(set(_files(target)) - (written(target) if replace else set()))
    if foreign:
        several = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise ConfigurationError(
            f"holds files that no earlier run wrote: {foreign[0]}{several}"
            if replace
            else "already exists and is not empty",
            where=target,
            remedy="choose another folder, or move them away" if replace else "give a new one, or add --overwrite",
        )


def claim(folder: Path, *names: str) -> None:
    """Count files, by their paths within a folder, among those that the next run may replace."""
    write_json(folder / MANIFEST, sorted({*written(folder), *names}))


def take(folder: Path, *names: str) -> None:
    """Claim files that are about to be written into a folder which several runs fill; make it where there is none.

    Raises:
        ConfigurationError: one of them is there, and no earlier run wrote it.
    """
    foreign = sorted({name for name in names if (folder / name).exists()} - written(folder))
    if foreign:
        raise ConfigurationError("no earlier run wrote it", where=folder / foreign[0], remedy="choose another folder")
    folder.mkdir(parents=True, exist_ok=True)
    claim(folder, *names)


def written(folder: Path) -> set[str]:
    """Paths within a folder of the files that earlier runs claimed."""
    file = folder / MANIFEST
    try:
        names = json.loads(file.read_text("utf-8")) if file.is_file() else []
    except ValueError:
        names = []
    return {str(name) for name in names} if isinstance(names, list) else set()


def _files(folder: Path) -> list[str]:
    """Paths within a folder, empty folders included, links to folders not followed."""
    return [
        printable((Path(parent) / name).relative_to(folder).as_posix())
        for parent, folders, files in os.walk(folder)
        for name in (*files, *(inner for inner in folders if _is_leaf(Path(parent) / inner)))
        if name not in _LITTER and (name != MANIFEST or Path(parent) != folder)
    ]


def _is_leaf(folder: Path) -> bool:
    return folder.is_symlink() or not any(folder.iterdir())


def _beside(path: Path) -> Path:
    return path.with_name(f"{_hidden(path)}.{uuid4().hex}.partial")


def _hidden(path: Path) -> str:
    """The beginning of hidden names; a hash stands for a long name, since they have 255 bytes at most."""
    return f".{path.name if len(path.name) <= 40 else hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}"


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return value if math.isfinite(value) else f"{'-' if value < 0 else ''}Infinity"
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, Mapping):
        return {_key(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in (value if isinstance(value, (list, tuple)) else sorted(value))]
    if isinstance(value, os.PathLike):
        return printable(os.fspath(value))
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(_contents(value))
    if hasattr(value, "tolist"):  # numpy and torch
        return _plain(value.tolist())
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _key(key: Any) -> Any:
    return printable(key) if isinstance(key, str) else key.item() if hasattr(key, "item") else key
