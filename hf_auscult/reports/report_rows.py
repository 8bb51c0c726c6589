"""Rows of a prepared dataset as the reports need them: metadata, split and label, without the sound."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..data import load_prepared
from ..data.guards import bare_id, reserved_subjects
from ..data.load import manifest_of
from ..errors import ConfigurationError


@dataclass(frozen=True)
class ReportRows:
    """The rows of one config of a prepared dataset.

    Args:
        dataset: its name.
        content: hash of the config's files, as `prepare` wrote it.
        rows: metadata; ``split`` and, in a task's config, the class name as ``label`` beside it.
    """

    dataset: str
    content: str
    rows: tuple[dict[str, Any], ...]

    def unlocked(self) -> list[dict[str, Any]]:
        """Rows of people who are not reserved as a locked test set."""
        reserved = reserved_subjects(self.dataset)
        return [row for row in self.rows if bare_id(row["subject_id"], self.dataset) not in reserved]


def load_rows(folder: str | Path, config: str = "recordings") -> ReportRows:
    """Read the rows of a prepared dataset.

    Raises:
        ConfigurationError: no such config.
        DataError: not a prepared dataset.
    """
    manifest = manifest_of(Path(folder))
    rows: list[dict[str, Any]] = []
    for split, part in load_prepared(folder, config).items():
        label = part.features.get("label")
        names = getattr(label, "names", None)
        for row in part.remove_columns("audio"):
            named = {"label": names[row["label"]]} if names is not None else {}
            rows.append({**row, **named, "split": str(split)})
    if not rows:
        raise ConfigurationError(f"config {config!r} has no recordings", where=folder, remedy="choose another config")
    return ReportRows(str(manifest["dataset"]), str(manifest["content_sha256"][config]), tuple(rows))
