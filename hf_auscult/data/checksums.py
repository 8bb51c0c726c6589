"""Compare a download with the SHA-256 sums that its distribution carries."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import DataError
from ..texts import is_file, read_text
from .inspection import AudioInfo
from .spec import Problem, Table

_SHOWN = 3


def official_sums(file: Path) -> dict[str, str]:
    """Read ``sum  path`` lines (``sha256sum``'s format): path -> SHA-256.

    Raises:
        DataError: not such a file.
    """
    sums: dict[str, str] = {}
    remedy = "download it again, or do not verify"
    for number, line in enumerate(read_text(file, remedy=remedy).splitlines(), start=1):
        if not line.strip():
            continue
        digest, _, path = line.strip().partition(" ")
        if len(digest) != 64 or not path.strip():
            raise DataError(f"line {number} is not 'sum  path'", where=file, remedy=remedy)
        sums[path.strip().removeprefix("*").removeprefix("./")] = digest.lower()
    return sums


def differing(root: Path, sums: Mapping[str, str], known: Mapping[str, str]) -> list[str]:
    """List the files under ``root`` whose SHA-256 is not the official one.

    Args:
        root: the download.
        sums: path -> official SHA-256; files that are absent are not compared.
        known: path -> SHA-256, where it has been computed already.
    """
    wrong = []
    for path, wanted in sums.items():
        file = root / path
        if path not in known and not is_file(file):
            continue
        found = known.get(path) or _sha256(file)
        if found != wanted:
            wrong.append(path)
    return sorted(wrong)


def verified(
    table: Table, results: Sequence[AudioInfo | Problem], patterns: Sequence[str]
) -> tuple[list[AudioInfo | Problem], tuple[str, ...]]:
    """Set recordings aside that differ from the distribution's checksums; other files are noted.

    Args:
        table: the recordings.
        results: what is known of each of them.
        patterns: of the files of official sums, relative to the table's root; the paths that such a file lists are
            relative to its own folder.

    Returns:
        The results, with a problem in place of the info of a differing recording, and notes.

    Raises:
        DataError: a file of sums is damaged.
    """
    files = sorted({file for pattern in patterns for file in table.root.glob(pattern) if file.is_file()})
    if not files:
        return list(results), (f"{patterns[0]} is not here, so nothing was compared with the official checksums",)
    sums: dict[str, str] = {}
    for file in files:
        folder = file.parent.relative_to(table.root)
        sums |= {(folder / path).as_posix(): digest for path, digest in official_sums(file).items()}
    paths = [str(row["path"]) for row in table.rows]
    known = {
        path: info.audio_sha256 for path, info in zip(paths, results, strict=True) if not isinstance(info, Problem)
    }
    wrong = differing(table.root, sums, known)
    damaged = set(wrong)
    checked = [
        Problem(row["recording_id"], path, "differs from the official checksum", DataError.__name__)
        if path in damaged and path in known
        else info
        for row, path, info in zip(table.rows, paths, results, strict=True)
    ]
    others = [path for path in wrong if path not in known]
    unlisted = sum(path not in sums for path in known)
    notes = [f"{len(others)} other files differ from the official checksums: {_names(others)}"] if others else []
    if unlisted:
        notes.append(f"{unlisted} recordings are in no list of official checksums, so nothing vouches for them")
    return checked, tuple(notes)


def _names(paths: Sequence[str]) -> str:
    return ", ".join(paths[:_SHOWN]) + (" …" if len(paths) > _SHOWN else "")


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    if not is_file(file):  # of a pipe no end would come
        return ""
    try:
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    except OSError:
        return ""  # it is not what was distributed
    return digest.hexdigest()
