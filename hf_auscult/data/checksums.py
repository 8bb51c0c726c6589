"""Compare a download with the SHA-256 sums that its distribution carries."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from ..errors import DataError


def official_sums(file: Path) -> dict[str, str]:
    """Read ``sum  path`` lines (``sha256sum``'s format): path -> SHA-256.

    Raises:
        DataError: not such a file.
    """
    sums: dict[str, str] = {}
    for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        digest, _, path = line.strip().partition(" ")
        if len(digest) != 64 or not path.strip():
            raise DataError(
                f"line {number} is not 'sum  path'", where=file, remedy="download it again, or do not verify"
            )
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
        if path not in known and not file.is_file():
            continue
        found = known.get(path) or hashlib.sha256(file.read_bytes()).hexdigest()
        if found != wanted:
            wrong.append(path)
    return sorted(wrong)
