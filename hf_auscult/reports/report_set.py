"""A set of reports on disk: reports.parquet, how it came about, what failed. It appears whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import ConfigurationError, DataError
from ..files import check_folder, write_table, write_text
from . import Fact, Report

TABLE, MANIFEST, FAILURES, GROUNDING, LEAKAGE = (
    "reports.parquet",
    "reports.json",
    "failures.jsonl",
    "grounding.json",
    "leakage.json",
)
SCHEMA = pa.schema(
    [
        ("recording_id", pa.string()),
        ("segment", pa.int32()),
        ("subject_id", pa.string()),
        ("split", pa.string()),
        ("draw", pa.int32()),
        ("text", pa.string()),
        ("facts", pa.string()),
        ("fields", pa.list_(pa.string())),
        ("mask", pa.string()),
        ("generator", pa.string()),
        ("prompt_sha256", pa.string()),
        ("grounded", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class SetRow:
    """One report of a set.

    Args:
        recording_id, segment, subject_id, split: of what it is about; no segment for a whole recording.
        draw: number of the paraphrase.
        text: the report.
        facts: what it was given.
        mask: name of the mask.
        generator: name of what wrote it.
        prompt_sha256: of the system prompt; None for templates.
        grounded: whether it contradicts nothing and adds nothing.
    """

    recording_id: str
    segment: int | None
    subject_id: str
    split: str
    draw: int
    text: str
    facts: tuple[Fact, ...]
    mask: str
    generator: str
    prompt_sha256: str | None
    grounded: bool

    @property
    def name(self) -> str:
        """Of the recording, with the segment's number."""
        return self.recording_id if self.segment is None else f"{self.recording_id}#{self.segment}"

    def report(self) -> Report:
        """The report by itself."""
        return Report(self.name, self.text, self.mask, self.draw, self.facts)

    def cells(self) -> dict[str, Any]:
        """Its row of the table."""
        facts = json.dumps([asdict(fact) for fact in self.facts], ensure_ascii=False)
        return {**asdict(self), "facts": facts, "fields": list(self.report().fields)}


@dataclass(frozen=True)
class ReportSet:
    """A set that was read: its rows, and the contents of reports.json."""

    folder: Path
    rows: tuple[SetRow, ...]
    about: dict[str, Any]

    def by_name(self) -> dict[str, list[Report]]:
        """Reports of each recording or segment, by draw."""
        found: dict[str, list[Report]] = {}
        for row in sorted(self.rows, key=lambda row: row.draw):
            found.setdefault(row.name, []).append(row.report())
        return found


def write_set(folder: Path, rows: Sequence[SetRow], failures: Sequence[Mapping[str, Any]]) -> str:
    """Write the table and the list of failures; returns the SHA-256 of the table's content."""
    cells = [row.cells() for row in rows]
    table = pa.Table.from_pylist(cells, schema=SCHEMA)
    write_table(folder / TABLE, table)
    lines = (json.dumps(failure, ensure_ascii=False) for failure in failures)
    write_text(folder / FAILURES, "".join(f"{line}\n" for line in lines))
    return hashlib.sha256(json.dumps(cells, sort_keys=True).encode()).hexdigest()


def read_set(folder: str | Path) -> ReportSet:
    """Read a set of reports.

    Raises:
        DataError: not a set, damaged, or it holds an empty report.
    """
    folder = Path(folder)
    about = about_set(folder)
    try:
        found = pq.read_table(folder / TABLE, schema=SCHEMA).to_pylist()
        rows = []
        for cells in found:
            facts = tuple(Fact(**fact) for fact in json.loads(cells.pop("facts")))
            cells.pop("fields")
            rows.append(SetRow(**cells, facts=facts))
    except (pa.ArrowException, OSError, TypeError, ValueError) as error:
        raise DataError(f"damaged ({error})", where=folder / TABLE, remedy="generate the reports again") from error
    empty = [row.name for row in rows if not (row.text or "").strip()]
    if empty or not rows:
        problem = f"empty report of {empty[0]}" if empty else "no reports"
        raise DataError(problem, where=folder / TABLE, remedy="generate the reports again")
    return ReportSet(folder, tuple(rows), about)


def about_set(folder: Path) -> dict[str, Any]:
    """Read reports.json.

    Raises:
        DataError: there is none, or it is damaged.
    """
    file = folder / MANIFEST
    try:
        about = json.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise DataError(
            "not a set of reports", where=folder, remedy="make one with hf-auscult reports generate"
        ) from error
    except ValueError as error:
        raise DataError(f"damaged ({error})", where=file, remedy="generate the reports again") from error
    assert isinstance(about, dict)
    return about


def check_target(folder: Path, settings: Mapping[str, Any], *, overwrite: bool) -> None:
    """Refuse a folder that holds something else, or a set that was made with other settings.

    Raises:
        ConfigurationError: it does.
    """
    check_folder(folder, replace=True)
    made = (folder / MANIFEST).is_file()
    if made and not overwrite and about_set(folder)["settings"] != json.loads(json.dumps(settings)):
        raise ConfigurationError(
            "holds reports made with other settings", where=folder, remedy="choose another output, or add --overwrite"
        )
