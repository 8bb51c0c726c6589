"""A set of reports on disk: ``reports.parquet``, how it came about (``reports.json``), what failed, and its reader."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..data.facts import Fact
from ..errors import ConfigurationError, DataError
from ..files import Serialisable, check_folder, to_json, write_table, write_text
from ..texts import read_json
from .generate import Report

TABLE = "reports.parquet"
INFO = "reports.json"
FAILURES = "failures.jsonl"
GROUNDING = "grounding.json"
LEAKAGE = "leakage.json"
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
class MissingReport:
    """A text that is not in the set, a line of failures.jsonl.

    Args:
        recording_id, segment: what it would have been about.
        draw: number of the paraphrase.
        reason: of :data:`hf_auscult.reports.generators.base.Reason`.
        detail: what exactly went wrong.
        attempts: texts written for it.
    """

    recording_id: str
    segment: int | None
    draw: int
    reason: str
    detail: str
    attempts: int


@dataclass(frozen=True)
class SetInfo(Serialisable):
    """How a set came about, the content of reports.json.

    Args:
        settings: everything that the set depends on, dataset and generator included.
        counts: recordings, people, reports, texts, failures; reports by split.
        failures: reason -> how many texts are missing for it.
        complete: whether none is.
        leaks: what a text may give away under the mask, in words.
        version: of this package.
        content_sha256: of the table's content.
    """

    settings: Mapping[str, Any]
    counts: Mapping[str, Any]
    failures: Mapping[str, int]
    complete: bool
    leaks: str
    version: str
    content_sha256: str

    @property
    def dataset(self) -> str:
        """Name of the dataset that the reports are on."""
        return str(self.settings["dataset"])


@dataclass(frozen=True)
class ReportSet:
    """A set that was read: its rows, and how it came about."""

    folder: Path
    rows: tuple[SetRow, ...]
    info: SetInfo

    def by_name(self) -> dict[str, list[Report]]:
        """Reports of each recording or segment, by draw."""
        reports: dict[str, list[Report]] = {}
        for row in sorted(self.rows, key=lambda row: row.draw):
            reports.setdefault(row.name, []).append(row.report())
        return reports


def write_set(folder: Path, rows: Sequence[SetRow], failures: Sequence[MissingReport]) -> str:
    """Write the table and the list of failures; returns the SHA-256 of the table's content."""
    cells = [row.cells() for row in rows]
    write_table(folder / TABLE, pa.Table.from_pylist(cells, schema=SCHEMA))
    write_text(folder / FAILURES, "".join(f"{to_json(failure, indent=None)}\n" for failure in failures))
    return hashlib.sha256(json.dumps(cells, sort_keys=True).encode()).hexdigest()


def read_set(folder: str | Path) -> ReportSet:
    """Read a set of reports.

    Raises:
        DataError: not a set, damaged, or it holds an empty report.
    """
    folder = Path(folder)
    info = read_info(folder)
    rows = []
    try:
        for cells in pq.read_table(folder / TABLE, schema=SCHEMA).to_pylist():
            facts = tuple(Fact(**fact) for fact in json.loads(cells.pop("facts")))
            cells.pop("fields")
            rows.append(SetRow(**cells, facts=facts))
    except (pa.ArrowException, OSError, TypeError, ValueError) as error:
        raise DataError(f"damaged ({error})", where=folder / TABLE, remedy="generate the reports again") from error
    empty = [row.name for row in rows if not (row.text or "").strip()]
    if empty or not rows:
        problem = f"empty report of {empty[0]}" if empty else "no reports"
        raise DataError(problem, where=folder / TABLE, remedy="generate the reports again")
    return ReportSet(folder, tuple(rows), info)


def read_info(folder: Path) -> SetInfo:
    """Read reports.json.

    Raises:
        DataError: there is none, or it is damaged.
    """
    file = folder / INFO
    if not file.exists():
        raise DataError("not a set of reports", where=folder, remedy="make one with hf-auscult reports generate")
    try:
        content = read_json(file, remedy="generate the reports again")
        return SetInfo(**{field.name: content[field.name] for field in fields(SetInfo)})
    except (KeyError, TypeError) as error:
        raise DataError(f"damaged ({error})", where=file, remedy="generate the reports again") from error


def check_target(folder: Path, settings: Mapping[str, Any], *, overwrite: bool) -> None:
    """Refuse a folder that holds something else, a complete set, or one that was made with other settings.

    A set that lacks reports is unfinished: the same command goes on with it.

    Raises:
        ConfigurationError: it does.
    """
    check_folder(folder, replace=True)
    if overwrite or not (folder / INFO).is_file():
        return
    info = read_info(folder)
    if info.complete or info.settings != json.loads(to_json(settings)):
        problem = "holds a complete set of reports" if info.complete else "holds reports made with other settings"
        raise ConfigurationError(problem, where=folder, remedy="choose another output, or add --overwrite")
