"""The machine-readable record of a prepared folder."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..files import write_json
from .report import PrepareReport
from .schema import Row
from .spec import DatasetSpec
from .split_spec import SplitSpec

MANIFEST = "prepare.json"
DATA = "data"
"""Folder of a prepared dataset's, or a corpus's, Parquet files."""
LAYOUT = 2
"""Of prepared folders: 1 had the audio once in every config."""
CORPUS = "corpus.json"
"""The same of a corpus."""


def in_task(task: str) -> str:
    """Column of the prepared table that says whether a recording is in a task's config: the config's filter."""
    return f"in_{task}"


def task_columns(manifest: Mapping[str, Any]) -> set[str]:
    """Columns of a prepared table that belong to single tasks: labels and filters."""
    labels = manifest["label_columns"]
    return {*map(in_task, labels), *filter(None, labels.values())}


def write_manifest(
    folder: Path, spec: DatasetSpec, split: SplitSpec, report: PrepareReport, sound: Sequence[Row]
) -> None:
    """Write ``prepare.json``: what was prepared, how, and hashes that identify it."""
    audio = "".join(f"{row['recording_id']}\t{row['audio_sha256']}\n" for row in sound)
    content = {
        "layout": LAYOUT,
        "dataset": spec.name,
        "version": spec.version,
        "split": asdict(split),
        "split_sha256": report.split_sha256,
        "content_sha256": report.content_sha256,
        "audio_sha256": hashlib.sha256(audio.encode()).hexdigest(),
        "recordings": {
            "listed": report.listed,
            "written": report.written,
            "quarantined": len(report.quarantined),
            "withheld": report.withheld,
        },
        "complete": report.presence.complete,
        "presence": report.presence.describe(),
        "warnings": list(report.warnings),
        "sound_alike": [asdict(pair) for pair in report.twins],
        "balance": [dict(row) for row in report.balance],
        "configs": {
            name: {part: asdict(counts) for part, counts in parts.items()} for name, parts in report.configs.items()
        },
        "label_columns": {name: spec.label_column(spec.task(name)) for name in report.configs},
        "positive": {task.name: task.positive for task in spec.tasks if task.positive},
        "notes": list(report.notes),
        "versions": {name: _version(name) for name in ("hf-auscult", "datasets", "pyarrow")},
    }
    write_json(folder / MANIFEST, content)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # run from a source tree
        return "source tree"
