"""Which files of a folder are recordings, and which are not and why."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

#: Names that a recording may end in; everything here is read by libsndfile or, with the extra ``codec``, by FFmpeg.
AUDIO_SUFFIXES = frozenset(
    {".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf", ".w64", ".rf64"}
    | {".webm", ".mka", ".mkv", ".mp4", ".m4a", ".3gp", ".mov", ".aac", ".wma", ".amr"}
)


@dataclass(frozen=True)
class Listing:
    """The files of a folder.

    Args:
        recordings: sorted.
        left_out: every other file or folder with the reason, sorted.
    """

    recordings: tuple[Path, ...]
    left_out: dict[Path, str]


def list_recordings(folder: str | Path) -> Listing:
    """Look for recordings in a folder and in all below it, by their suffixes.

    Links to folders are followed; each real folder is entered once, under its own name if it has one here, so that
    loops end.

    Raises:
        FileNotFoundError: no such folder.

    Example:
        `list_recordings("download").recordings`
    """
    recordings: list[Path] = []
    left_out: dict[Path, str] = {}
    entered: set[tuple[int, int]] = set()

    def unreadable(error: OSError) -> None:
        left_out[Path(error.filename)] = f"cannot be opened ({error.strerror})"

    Path(folder).stat()
    pending = [Path(folder)]
    while pending:  # links wait until all real folders are known
        for parent, folders, files in os.walk(pending.pop(0), onerror=unreadable):
            here = Path(parent)
            status = here.stat()
            if (status.st_dev, status.st_ino) in entered:
                folders.clear()
                continue
            entered.add((status.st_dev, status.st_ino))
            pending += [here / name for name in sorted(folders) if (here / name).is_symlink()]
            folders[:] = sorted(name for name in folders if not (here / name).is_symlink())
            for path in (here / name for name in files):
                reason = _why_not(path)
                if reason:
                    left_out[path] = reason
                else:
                    recordings.append(path)
    return Listing(tuple(sorted(recordings)), dict(sorted(left_out.items())))


def _why_not(path: Path) -> str | None:
    if path.suffix.lower() not in AUDIO_SUFFIXES:
        return "not the name of a recording"
    if path.name.startswith("._"):
        return "macOS's copy of a file's attributes"
    if not path.is_file():
        return "a broken link" if path.is_symlink() else "not a file"
    return None
