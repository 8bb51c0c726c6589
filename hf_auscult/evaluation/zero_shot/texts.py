"""What can be read instead of a trained head: class sentences, class names, and every recording's report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import ConfigurationError, DataError
from ...reports import class_prompts, generate, mask_of
from ...reports.report_set import TABLE, read_set

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
    dataset: str, task: str, rows: Sequence[Mapping[str, Any]], keys: Sequence[str], folder: Path | None, seed: int
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
    by_mask: dict[str, dict[str, str]] = {}
    for set_folder in _sets(folder):
        for mask, texts in _read(set_folder, dataset, task).items():
            if mask in by_mask:
                raise DataError(
                    f"a second set under mask {mask}", where=set_folder, remedy="name a folder with one each"
                )
            by_mask[mask] = texts
    kept = [
        Reports(mask, tuple(by_mask[mask].get(key) for key in keys), leaks[mask], str(folder))
        for mask in MASKS
        if mask in by_mask
    ]
    if not kept:
        raise DataError(
            f"reports under {', '.join(sorted(by_mask))} only", where=folder, remedy=f"generate {', '.join(MASKS)}"
        )
    return kept


def _sets(folder: Path) -> list[Path]:
    folders = [folder] if (folder / TABLE).is_file() else sorted(file.parent for file in folder.glob(f"*/{TABLE}"))
    if not folders:
        raise DataError("no set of reports", where=folder, remedy="make one with hf-auscult reports generate")
    return folders


def _read(folder: Path, dataset: str, task: str) -> dict[str, dict[str, str]]:
    """Mask -> key of a recording (or of its segment) -> its first phrasing."""
    stored = read_set(folder)
    settings = stored.info.settings
    if settings["dataset"] != dataset:
        raise ConfigurationError(
            f"reports on {settings['dataset']}, not on {dataset}", where=folder, remedy="name another"
        )
    if settings["mask"] not in ("none", "context") and settings["task"] not in (None, task):
        raise ConfigurationError(
            f"their mask hides the label of {settings['task']}, not of {task}", where=folder, remedy="name another"
        )
    by_mask: dict[str, dict[str, str]] = {}
    for key, reports in stored.by_name().items():
        by_mask.setdefault(reports[0].mask, {})[key] = reports[0].text
    return by_mask
