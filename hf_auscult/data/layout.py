"""Find an original download inside the folder that a user points at."""

from __future__ import annotations

from pathlib import Path

from ..errors import DataError


def locate(source: Path, marker: str, *, dataset: str) -> Path:
    """Find the folder that holds ``marker``: ``source`` itself, or the one folder in it that does.

    Args:
        source: what the user points at.
        marker: file or folder that marks the dataset's root.
        dataset: its name, for the message.

    Raises:
        DataError: no such folder, or several.
    """
    if not source.is_dir():
        raise DataError("no such folder", where=source, remedy=f"point at the folder of {dataset}")
    if (source / marker).exists():
        return source
    inside = sorted(folder for folder in source.iterdir() if folder.is_dir() and (folder / marker).exists())
    if len(inside) == 1:
        return inside[0]
    found = f"{marker} is in {len(inside)} folders" if inside else f"no {marker}"
    raise DataError(f"not the layout of {dataset}: {found}", where=source, remedy=f"point at the folder of {dataset}")
