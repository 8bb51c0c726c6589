"""What can be read instead of a trained head: class sentences, class names, and every recording's report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ...errors import ConfigurationError, DataError
from ...reports import class_prompts, generate, mask_of
from ..bench.models import Key

MASKS = ("none", "paper", "strict")


@dataclass(frozen=True)
class Reports:
    """One report a recording, under one mask.

    Args:
        mask: its name.
        texts: in the order of the rows; None where a set has no report.
        leaks: what such a text may still give away, in words.
        source: what wrote them.
    """

    mask: str
    texts: tuple[str | None, ...]
    leaks: str
    source: str


def prompts_of(dataset: str, task: str, classes: Sequence[str]) -> dict[str, list[str]]:
    """Class -> sentences, in the order of the classes.

    Raises:
        ConfigurationError: none for the dataset or task (the message names those that have some), or for a class.
    """
    known = class_prompts(dataset, task)
    missing = [name for name in classes if name not in known]
    if missing:
        raise ConfigurationError(
            f"no prompts for {', '.join(missing)}", where=f"{dataset}/{task}", remedy=f"there are {', '.join(known)}"
        )
    return {name: known[name] for name in classes}


def reports_of(
    dataset: str, task: str, rows: Sequence[Mapping[str, Any]], keys: Sequence[Key], folder: Path | None, seed: int
) -> list[Reports]:
    """Reports of recordings under every mask: from templates, or under the masks that sets on disk have.

    Args:
        dataset, task: whose label the masks hide.
        rows: prepared recordings.
        keys: their names.
        folder: a set of reports, or a folder of sets (one a mask); None for templates.
        seed: of the templates' phrasing.

    Raises:
        ConfigurationError: no reports for the dataset or task; the message names those that have some.
        DataError: no set in the folder, a damaged one, or two under one mask.
    """
    leaks = {mask: mask_of(dataset, task, mask).leaks for mask in MASKS}
    if folder is None:
        return [
            Reports(
                mask,
                tuple(r.text for r in generate(rows, dataset=dataset, mask=mask, task=task, seed=seed)),
                leaks[mask],
                "template",
            )
            for mask in MASKS
        ]
    found: dict[str, dict[Key, str]] = {}
    for file in _sets(folder):
        for mask, texts in _read(file).items():
            if mask in found:
                raise DataError(f"a second set under mask {mask}", where=file, remedy="name a folder with one each")
            found[mask] = texts
    kept = [
        Reports(mask, tuple(found[mask].get(key) for key in keys), leaks[mask], str(folder))
        for mask in MASKS
        if mask in found
    ]
    if not kept:
        raise DataError(
            f"reports under {', '.join(sorted(found))} only", where=folder, remedy=f"generate {', '.join(MASKS)}"
        )
    return kept


def _sets(folder: Path) -> list[Path]:
    own = folder / "reports.parquet"
    found = [own] if own.is_file() else sorted(folder.glob("*/reports.parquet"))
    if not found:
        raise DataError("no set of reports", where=folder, remedy="make one with hf-auscult reports generate")
    return found


def _read(file: Path) -> dict[str, dict[Key, str]]:
    """Mask -> key of a recording (or of its segment) -> its first phrasing."""
    try:
        table = pq.read_table(file, columns=["recording_id", "segment", "draw", "text", "mask"]).to_pylist()
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise DataError(f"not a set of reports ({error})", where=file, remedy="generate it again") from error
    found: dict[str, dict[Key, str]] = {}
    for row in sorted(table, key=lambda row: int(row["draw"])):
        key = row["recording_id"] if row["segment"] is None else f"{row['recording_id']}#{row['segment']}"
        if not (row["text"] or "").strip():
            raise DataError(f"empty report of {key}", where=file, remedy="generate it again")
        found.setdefault(row["mask"], {}).setdefault(key, row["text"])
    return found
