"""Nothing private in what is published: results are cleaned of paths, and every file is looked through."""

from __future__ import annotations

import getpass
import mmap
import re
import socket
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from ..errors import PublishError

# Settings that say where something stood on the machine of who ran it, and nothing about the result.
LOCAL_KEYS = frozenset({"output", "work", "cache", "output_dir", "logging_dir", "data_root", "teacher_cache"})
TOKENIZER = "a local setting of a tokenizer"
_ROOTS = "home|root|Users|tmp|var|mnt|opt|srv|work|workspace|scratch|private|media|content|data"
_PATTERNS = {
    "a path of this machine": re.compile(rf"(?<![\w./:<>-])(?:file://)?/(?:{_ROOTS})/[\w.-]+|\b[A-Za-z]:\\\\?Users\\"),
    "a token": re.compile(r"\bhf_[A-Za-z0-9]{20,}|\bsk-[A-Za-z0-9_-]{20,}|\bghp_[A-Za-z0-9]{30,}|\bAKIA[A-Z0-9]{16}\b"),
    TOKENIZER: re.compile(r'"(?:is_local|local_files_only)"'),
}
_TEXT = (".json", ".md", ".py", ".txt", ".yaml", ".yml", ".csv", ".tsv", ".svg", ".jinja", ".cfg", "")


def check_private(name: str, content: str | bytes | Path, *, where: str = "") -> None:
    """Refuse a file that tells what is private.

    Args:
        name: its path in the repository.
        content: its text, or the file; in files that are no text only the machine's own names are looked for.
        where: the repository, for the message.

    Raises:
        PublishError: an absolute path, a token, a user's or a machine's name, or a lock file.
    """
    path, where = PurePosixPath(name), f"{where}: {name}" if where else name
    if path.suffix == ".lock" or path.name.startswith("._") or path.name in (".DS_Store", "Thumbs.db"):
        raise PublishError("is a file of this machine", where=where, remedy="leave it out")
    if isinstance(content, Path) and path.suffix not in _TEXT:
        with content.open("rb") as stream:
            data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) if content.stat().st_size else b""
            found = [(what, own) for what, own in _own_names().items() if data.find(own.encode()) >= 0]
        for what, own in found:
            raise PublishError(f"holds {what} ({own!r})", where=where, remedy="take it out first")
        return
    given = content.read_bytes() if isinstance(content, Path) else content
    text = given.decode("utf-8", "replace") if isinstance(given, bytes) else given
    for what, pattern in _PATTERNS.items():
        if what == TOKENIZER and path.suffix != ".json":  # code may name it
            continue
        if match := pattern.search(text):
            raise PublishError(f"holds {what} ({match[0][:60]!r})", where=where, remedy="take it out first")
    for what, own in _own_names().items():
        if own in text:
            raise PublishError(f"holds {what} ({own!r})", where=where, remedy="take it out first")


def _own_names() -> dict[str, str]:
    """Names of this machine and its user that are long enough not to be ordinary words."""
    host = socket.gethostname()
    names = {"this user's folder": str(Path.home()), "this machine's name": host, "this folder": str(Path.cwd())}
    try:
        user = getpass.getuser()
        names["this user's name"] = f"/{user}/"
    except (KeyError, OSError):  # a container without an entry for its user
        pass
    return {what: name for what, name in names.items() if len(name) > 7 and name not in ("localhost",)}


def cleaned(content: Any, renamed: Mapping[str, str] | None = None) -> Any:
    """Return results without where they stood: local settings gone, absolute paths cut to their last part.

    Args:
        content: what results.json holds.
        renamed: text -> what takes its place in every string.

    Example:
        >>> cleaned({"output": "runs/1", "source": "/data/circor", "people": 3})
        {'source': 'circor', 'people': 3}
    """
    if isinstance(content, Mapping):
        return {key: cleaned(value, renamed) for key, value in content.items() if key not in LOCAL_KEYS}
    if isinstance(content, (list, tuple)):
        return [cleaned(value, renamed) for value in content]
    if isinstance(content, str):
        for before, after in (renamed or {}).items():
            content = content.replace(before, after)
        return " ".join(map(_last_part, content.split(" ")))
    return content


def _last_part(word: str) -> str:
    plain = word.removeprefix("file://")
    if plain.startswith(("/", "~/")) and plain.count("/") > 1:
        return PurePosixPath(plain).name
    if PureWindowsPath(plain).is_absolute():
        return PureWindowsPath(plain).name
    return word


__all__ = ["LOCAL_KEYS", "check_private", "cleaned"]
