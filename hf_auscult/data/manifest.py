"""The machine-readable record of a prepared folder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..files import write_json
from .report import PrepareReport
from .schema import Row
from .spec import DatasetSpec
from .split_spec import SplitSpec

MANIFEST = "prepare.json"
CORPUS = "corpus.json"
"""The same of a corpus."""


def write_manifest(
    folder: Path, spec: DatasetSpec, split: SplitSpec, report: PrepareReport, sound: Sequence[Row]
) -> None:
    """Write ``prepare.json``: what was prepared, how, and hashes that identify it."""
    audio = "".join(f"{row['recording_id']}\t{row['audio_sha256']}\n" for row in sound)
    content = {
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
        "notes": list(report.notes),
        "versions": {name: _version(name) for name in ("hf-auscult", "datasets", "pyarrow")},
    }
    write_json(folder / MANIFEST, content)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # run from a source tree
        return "source tree"
