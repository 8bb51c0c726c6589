"""What an interrupted preparation has read already: a file next to the output, gone when it is done."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .inspection import Facts, inspect_all
from .schema import Row
from .spec import Problem, Table

VERSION = 1


class Memory:
    """Facts of recordings by path, valid while the file's size and time of change stay the same.

    Args:
        file: where they are kept, one JSON line a recording.
        table: the recordings.
    """

    def __init__(self, file: Path, table: Table) -> None:
        self.file, self.table = file, table
        self.known = self._load()

    def read(self, num_proc: int) -> Iterator[Facts | Problem]:
        """Inspect the recordings in their order; those that are known are not read again."""
        rows = self.table.rows
        stamps = [self._stamp(row) for row in rows]
        missing = [row for row, stamp in zip(rows, stamps, strict=True) if stamp not in self.known]
        fresh = inspect_all(missing, self.table.root, num_proc=num_proc)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a", encoding="utf-8") as stream:
            for stamp in stamps:
                if stamp in self.known:
                    yield self.known[stamp]
                    continue
                result = next(fresh)
                # A problem may be cured by another download, so only what is sound is remembered.
                if isinstance(result, Facts):
                    stream.write(json.dumps([VERSION, stamp, _plain(result)]) + "\n")
                yield result

    def _stamp(self, row: Row) -> str:
        file = self.table.root / str(row["path"])
        try:
            stat = file.stat()
        except OSError:
            return f"{row['path']}\tmissing"
        return f"{row['path']}\t{stat.st_size}\t{stat.st_mtime_ns}"

    def _load(self) -> dict[str, Facts | Problem]:
        known: dict[str, Facts | Problem] = {}
        if not self.file.is_file():
            return known
        for line in self.file.read_text("utf-8").splitlines():
            try:
                version, stamp, values = json.loads(line)
            except ValueError:
                continue  # the line that the interruption cut
            if version == VERSION:
                values["fingerprint"] = base64.b64decode(values["fingerprint"])
                known[stamp] = Facts(**values)
        return known


@contextmanager
def remembered(target: Path, table: Table) -> Iterator[Memory]:
    """Keep what is read next to ``target`` until the block ends without an error."""
    memory = Memory(target.with_name(f".{target.name}.reading.jsonl"), table)
    yield memory
    memory.file.unlink(missing_ok=True)


def _plain(facts: Facts) -> dict[str, Any]:
    return {**asdict(facts), "fingerprint": base64.b64encode(facts.fingerprint).decode()}
