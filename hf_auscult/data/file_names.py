"""Which files a download holds, and which of them its tables mean."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from dataclasses import replace
from pathlib import Path, PurePosixPath

from ..audio import list_recordings
from ..errors import DataError
from .spec import Problem, Table


class Files:
    """Audio files below a folder, found whatever the Unicode form and, where that is clear, the case of their names.

    A table that was written on one system names the files that another unpacked.
    """

    def __init__(self, source: Path) -> None:
        self.names = [file.relative_to(source).as_posix() for file in list_recordings(source).recordings]
        self._known = set(self.names)
        self._alike: dict[str, list[str]] = defaultdict(list)
        for name in self.names:
            self._alike[self._plain(name)].append(name)

    def find(self, path: str) -> str:
        """Give the file that a table means; the path itself where there is none, or several."""
        same = [] if path in self._known else self._alike.get(self._plain(path), [])
        return same[0] if len(same) == 1 else path

    @staticmethod
    def _plain(path: str) -> str:
        return unicodedata.normalize("NFC", path).casefold()


def account_for_files(table: Table) -> Table:
    """Point rows at their files, however these are spelled, and set aside the recordings that nothing was said of.

    Looked for are recordings in and below the folders of the table's recordings: what another folder of a download
    holds is none of its tables' business.
    """
    files = Files(table.root)
    rows = tuple({**row, "path": files.find(row["path"])} for row in table.rows)
    spelled = {row["path"] for row in rows} - {row["path"] for row in table.rows}
    problems = [problem for problem in table.problems if problem.path not in spelled]  # "no table lists it"
    known = {row["path"] for row in rows} | {problem.path for problem in problems}
    aside = {problem.recording_id for problem in problems}  # a table lists them, wrongly
    folders = {PurePosixPath(row["path"]).parent for row in table.rows}
    problems += [
        Problem(PurePosixPath(path).stem, path, "no table lists it", DataError.__name__)
        for path in files.names
        if path not in known and PurePosixPath(path).stem not in aside and folders & set(PurePosixPath(path).parents)
    ]
    return replace(table, rows=rows, problems=tuple(problems))
