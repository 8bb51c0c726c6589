"""From a prepared dataset to recordings paired with the teacher's reading of their reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...alignment.objectives import fact_table
from ...alignment.teachers import Teacher
from ...audio import read
from ...data import SplitSpec, load_prepared, prepare
from ...data.guards import assert_no_reserved, assert_subject_disjoint, bare_id, reserved_subjects
from ...errors import ConfigurationError, DataError
from ...reports import Report, class_prompts, generate
from ...reports.report_set import read_set
from ...training import AlignmentExample
from .config import DataConfig, ReportsConfig

UNKNOWN = -100


@dataclass(frozen=True, eq=False)
class Recording:
    """One prepared recording.

    Args:
        row: its metadata, audio left out.
        split: train, validation or test.
        label: class index of the task, or -100 where the task leaves the recording out.
        waveform: float32 samples at the encoder's rate.
    """

    row: dict[str, Any]
    split: str
    label: int
    waveform: np.ndarray

    @property
    def recording_id(self) -> str:
        """Name of the recording."""
        return str(self.row["recording_id"])

    @property
    def subject_id(self) -> str:
        """Who is heard."""
        return str(self.row["subject_id"])


@dataclass(frozen=True, eq=False)
class Corpus:
    """All recordings of a run, in one order, and the classes of its task."""

    dataset: str
    folder: Path
    recordings: tuple[Recording, ...]
    classes: tuple[str, ...]
    sampling_rate: int

    def rows(self, split: str | None = None, *, labelled: bool = False) -> list[int]:
        """Return positions of a split's recordings (of all splits when `None`)."""
        return [
            index
            for index, recording in enumerate(self.recordings)
            if split in (None, recording.split) and not (labelled and recording.label == UNKNOWN)
        ]

    def people(self, split: str | None = None) -> int:
        """Return the number of people in a split."""
        return len({self.recordings[index].subject_id for index in self.rows(split)})


def data_folder(config: DataConfig, work: Path) -> Path:
    """Return where the prepared dataset is, or will be."""
    return Path(config.prepared) if config.prepared else work / "prepared" / config.dataset


def prepare_data(config: DataConfig, work: Path) -> None:
    """Prepare the original download, unless a prepared folder is named."""
    if config.prepared:
        return
    if config.source is None:
        raise DataError("neither data.source nor data.prepared is given", remedy="name one in the run's file")
    prepare(
        config.dataset,
        config.source,
        data_folder(config, work),
        split=SplitSpec(fractions=config.fractions, seed=config.seed),
        progress=False,
        overwrite=True,  # it takes seconds, and the source or the fractions may have changed since
    )


def load_corpus(config: DataConfig, folder: Path, sampling_rate: int) -> Corpus:
    """Load every recording of a prepared dataset with the labels of one task; locked people only when asked for.

    Raises:
        LeakageError: a person in two splits, or a reserved person outside the test split.
        AudioError: a recording that cannot be decoded (it would have been quarantined by `prepare`).
    """
    everything, task = load_prepared(folder, "recordings"), load_prepared(folder, config.task)
    reserved = frozenset() if config.locked else reserved_subjects(config.dataset)
    labels = {row["recording_id"]: row["label"] for split in task.values() for row in split.remove_columns("audio")}
    recordings = []
    for split, rows in everything.items():
        for row in rows:
            if bare_id(row["subject_id"], config.dataset) in reserved:
                continue
            waveform = read(row.pop("audio"), sampling_rate=sampling_rate).array
            recordings.append(Recording(row, split, labels.get(row["recording_id"], UNKNOWN), waveform))
    people: dict[str, set[str]] = {}
    for recording in recordings:
        people.setdefault(recording.split, set()).add(recording.subject_id)
    assert_subject_disjoint(people)
    for split in ("train", "validation"):
        assert_no_reserved(people[split], config.dataset)
    classes = tuple(next(iter(task.values())).features["label"].names)
    return Corpus(config.dataset, folder, tuple(recordings), classes, sampling_rate)


def make_reports(corpus: Corpus, config: ReportsConfig, mask: str, task: str) -> list[list[Report]]:
    """Return every recording's reports under one mask, `draws` phrasings each, in the corpus's order.

    Those under the run's own mask come from its set, where it names one; see :func:`keep_reported`.
    """
    if config.folder is not None and mask == config.mask:
        return _from_set(corpus, config.folder)
    rows = [recording.row for recording in corpus.recordings]
    found: dict[str, list[Report]] = {}
    for report in generate(rows, dataset=corpus.dataset, mask=mask, task=task, seed=config.seed, draws=config.draws):
        found.setdefault(report.recording_id, []).append(report)
    return [sorted(found[recording.recording_id], key=lambda item: item.draw) for recording in corpus.recordings]


def keep_reported(corpus: Corpus, config: ReportsConfig, task: str) -> tuple[Corpus, dict[str, int]]:
    """Leave recordings out that the run's set of reports has none for.

    Returns:
        The corpus that is left, and how many recordings of each split were left out; all and 0 for templates.

    Raises:
        DataError: not a set of reports, or one without a report on any recording of training.
        ConfigurationError: a set on another dataset, under another mask than the run's, or that hides another label.
    """
    left_out = dict.fromkeys(("train", "validation", "test"), 0)
    if config.folder is None:
        return corpus, left_out
    found = read_set(config.folder)
    settings = found.info.settings
    for what, have, want in (
        ("on", settings["dataset"], corpus.dataset),
        ("under mask", settings["mask"], config.mask),
    ):
        if have != want:
            raise ConfigurationError(
                f"reports {what} {have}, where the run has {want}", where=config.folder, remedy="make them agree"
            )
    if config.mask in ("paper", "strict") and settings["task"] not in (None, task):
        raise ConfigurationError(
            f"the reports hide the label of {settings['task']}, not of {task}",
            where=config.folder,
            remedy=f"generate them with --task {task}",
        )
    by_name = found.by_name()
    for recording in corpus.recordings:
        left_out[recording.split] += recording.recording_id not in by_name
    kept = tuple(recording for recording in corpus.recordings if recording.recording_id in by_name)
    if not any(recording.split == "train" for recording in kept):
        raise DataError("no report on a recording of training", where=config.folder, remedy="generate them anew")
    return replace(corpus, recordings=kept), left_out


def source_of(config: ReportsConfig) -> dict[str, Any]:
    """Say who wrote the run's reports, for its card."""
    if config.folder is None:
        return {"folder": None, "generator": {"generator": "template"}}
    return {"folder": config.folder, "generator": read_set(config.folder).info.settings["generator"]}


def _from_set(corpus: Corpus, folder: str) -> list[list[Report]]:
    """Reports of a set, as many for each recording: one that has fewer draws gives those it has in turn."""
    by_name = read_set(folder).by_name()
    groups = [by_name[recording.recording_id] for recording in corpus.recordings]
    draws = max(map(len, groups))
    return [[group[draw % len(group)] for draw in range(draws)] for group in groups]


def read_reports(reports: Sequence[Sequence[Report]], teacher: Teacher, *, progress: bool) -> np.ndarray:
    """Return the teacher's embeddings, (recordings, draws, text_size) float32; every process reads a share."""
    flat = [report.text for group in reports for report in group]
    return teacher.embed(flat, progress=progress, together=True).reshape(len(reports), len(reports[0]), -1)


def read_prompts(corpus: Corpus, task: str, teacher: Teacher) -> dict[str, np.ndarray]:
    """Return the teacher's embeddings of each class's prompt sentences, (prompts, text_size)."""
    prompts = class_prompts(corpus.dataset, task)
    return {name: teacher.embed(prompts[name]) for name in corpus.classes}


def training_examples(
    corpus: Corpus,
    embeddings: np.ndarray | None = None,
    order: np.ndarray | None = None,
    reports: Sequence[Sequence[Report]] | None = None,
) -> list[AlignmentExample]:
    """Return the training split's pairs; `order[i]` says whose report recording i receives.

    With `reports`, of all recordings, reports of equal facts count as equal, and the examples know what they share.
    """
    train = corpus.rows("train")
    facts = None if reports is None else [frozenset(reports[index][0].facts) for index in train]
    table = None if facts is None else fact_table(facts)
    first: dict[object, int] = {}
    examples = []
    for place, index in enumerate(train):
        recording = corpus.recordings[index]
        giver = place if order is None else int(order[place])
        examples.append(
            AlignmentExample(
                waveform=recording.waveform,
                text_embeddings=None if embeddings is None else embeddings[train[giver]],
                text_id=first.setdefault(giver if facts is None else facts[giver], giver),
                label=recording.label,
                group=corpus.dataset,
                subject_id=recording.subject_id,
                facts=None if table is None else table[giver],
            )
        )
    return examples
