"""From prepared datasets and corpora to recordings paired with the teacher's reading of their reports."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...alignment.objectives import fact_table
from ...alignment.teachers import Teacher
from ...audio import read
from ...data import SplitSpec, load_prepared, prepare
from ...data.duplicates import find_twins, fingerprint
from ...data.guards import (
    assert_no_reserved,
    assert_no_shared_audio,
    assert_no_twins,
    assert_subject_disjoint,
    is_reserved,
)
from ...data.load import manifest_of, positive_class, rows_of
from ...data.manifest import CORPUS
from ...data.people import ids_of, person_of
from ...data.trained_on import salt_of
from ...embedding.store import StoredEmbeddings
from ...errors import ConfigurationError, DataError
from ...evaluation.contamination import HeldOutPeople
from ...reports import Report, class_prompts, generate
from ...reports.report_set import read_set
from ...training import AlignmentExample, StoredWaveform, Waveforms
from .config import DEFAULT_DATASET, DataConfig, ReportsConfig, excluded_names, excluded_people

UNKNOWN = -100
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Recording:
    """One prepared recording.

    Args:
        row: its metadata, audio left out.
        split: train, validation or test.
        label: class index of the task, or -100 where the task leaves the recording out.
        waveform: float32 samples at the encoder's rate, in memory or on disk.
    """

    row: dict[str, Any]
    split: str
    label: int
    waveform: np.ndarray | StoredWaveform

    @property
    def recording_id(self) -> str:
        """Name of the recording."""
        return str(self.row["recording_id"])

    @property
    def subject_id(self) -> str:
        """Who was recorded: the person whom `prepare` keeps on one side, under however many ids."""
        return person_of(self.row)

    @property
    def dataset(self) -> str:
        """Name of the dataset it comes from."""
        return str(self.row["source"])


@dataclass(frozen=True, eq=False)
class AudioReportCorpus:
    """All recordings of a run, in one order, and the classes of its task.

    Args:
        dataset: the one whose task is evaluated.
        folder: where that one is prepared.
        recordings: of it, and the training recordings of further datasets.
        classes: of its task; of two, the positive one is last.
        sampling_rate: of the waveforms, in Hz.
        salts: dataset -> salt of its people's ids, see :func:`hf_auscult.data.trained_on.salt_of`.
    """

    dataset: str
    folder: Path
    recordings: tuple[Recording, ...]
    classes: tuple[str, ...]
    sampling_rate: int
    salts: Mapping[str, str] = field(default_factory=dict)

    def rows(self, split: str | None = None, *, labelled: bool = False) -> list[int]:
        """Return positions of a split's recordings (of all splits when `None`)."""
        return [
            index
            for index, recording in enumerate(self.recordings)
            if split in (None, recording.split) and not (labelled and recording.label == UNKNOWN)
        ]

    def take(self, rows: Sequence[int]) -> list[Recording]:
        """Return the recordings at some positions."""
        return [self.recordings[row] for row in rows]

    def people(self, split: str | None = None) -> set[str]:
        """Return the subject ids of a split."""
        return {recording.subject_id for recording in self.take(self.rows(split))}

    def held_out(self) -> HeldOutPeople:
        """Return the test people, with every id of theirs."""
        ids: dict[str, set[str]] = {}
        for recording in self.take(self.rows("test")):
            ids.setdefault(recording.subject_id, set()).update(ids_of(recording.row))
        split = str(manifest_of(self.folder)["split_sha256"])
        return HeldOutPeople(self.dataset, ids, {self.dataset: split}, self.folder)

    def split_sha256(self) -> str:
        """Identify who is where: every recording's name, person, split and label."""
        members = sorted(
            (recording.dataset, recording.recording_id, recording.subject_id, recording.split, recording.label)
            for recording in self.recordings
        )
        return hashlib.sha256(json.dumps(members).encode()).hexdigest()

    def audio_sha256(self) -> str:
        """Identify what is heard, by the hashes of the original files."""
        hashes = sorted(str(recording.row["audio_sha256"]) for recording in self.recordings)
        return hashlib.sha256("".join(hashes).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class EmbeddedReports:
    """The reports on every recording of a corpus, in its order.

    Args:
        reports: as many draws for each recording.
        embeddings: (recordings * draws, text_size) float32, as the teacher read them; on disk.
    """

    reports: list[list[Report]]
    embeddings: StoredEmbeddings

    def of(self, row: int) -> StoredEmbeddings:
        """Return the embeddings of a recording's reports, (draws, text_size)."""
        draws = len(self.embeddings) // len(self.reports)
        own: StoredEmbeddings = self.embeddings[row * draws : (row + 1) * draws]
        return own

    def first(self, rows: Sequence[int]) -> np.ndarray:
        """Return embeddings of recordings' first reports, (rows, text_size): the ones that are retrieved."""
        draws = len(self.embeddings) // len(self.reports)
        return np.asarray(self.embeddings[np.asarray(rows, np.int64) * draws])

    @property
    def texts(self) -> list[str]:
        """Each recording's first report."""
        return [draws[0].text for draws in self.reports]


def data_folders(config: DataConfig, work: Path) -> tuple[Path, ...]:
    """Return where the run's data are, or will be once `prepare_data` has run."""
    if not config.prepared:
        return (work / "prepared" / (config.dataset or DEFAULT_DATASET),)
    return tuple(
        Path(folder) for folder in ([config.prepared] if isinstance(config.prepared, str) else config.prepared)
    )


def prepare_data(config: DataConfig, work: Path) -> None:
    """Prepare the original download, unless prepared folders are named."""
    if config.prepared:
        return
    if config.source is None:
        raise DataError("neither data.source nor data.prepared is given", remedy="name one in the run's file")
    prepare(
        config.dataset or DEFAULT_DATASET,
        config.source,
        data_folders(config, work)[0],
        split=SplitSpec(fractions=config.fractions, seed=config.seed),
        progress=False,
        overwrite=True,  # it takes seconds, and the source or the fractions may have changed since
    )


def load_corpus(
    config: DataConfig, folders: Sequence[Path], sampling_rate: int, cache: Path | None = None
) -> AudioReportCorpus:
    """Load every recording of the evaluated dataset, and the training recordings of the others.

    Locked people are loaded only when asked for, and never to train on.

    Args:
        config: which recordings.
        folders: that `prepare` or `corpus` wrote.
        sampling_rate: of the waveforms, in Hz.
        cache: folder of `Waveforms`, written there once for the same recordings; without it they are held in memory.

    Raises:
        ConfigurationError: no folder, or several, of the evaluated dataset.
        DataError: a folder that neither `prepare` nor `corpus` wrote.
        LeakageError: a person or a byte-identical recording in two splits, or a reserved person outside the test split.
        AudioError: a recording that cannot be decoded (`prepare` would have set it aside).
    """
    corpora = [folder for folder in folders if (folder / CORPUS).is_file()]
    others = {folder: str(manifest_of(folder)["dataset"]) for folder in folders if folder not in corpora}
    dataset = config.dataset or next(iter(others.values()), None)
    evaluated = [folder for folder, name in others.items() if name == dataset]
    if dataset is None or len(evaluated) != 1:
        raise ConfigurationError(
            f"{len(evaluated)} folders of {dataset or 'a dataset'}, on whose test people the run is evaluated",
            where="data.prepared",
            remedy=f"name one folder that `hf-auscult prepare {dataset or 'DATASET'}` wrote, beside any corpora",
        )
    main = evaluated[0]
    task = load_prepared(main, config.task)
    classes = tuple(next(iter(task.values())).features["label"].names)
    labels = {row["recording_id"]: row["label"] for split in task.values() for row in split.remove_columns("audio")}
    if positive_class(manifest_of(main), config.task, classes) == classes[0]:
        labels, classes = {name: 1 - label for name, label in labels.items()}, classes[::-1]
    order = (main, *(folder for folder in folders if folder != main))
    kept: dict[tuple[str, str], tuple[Path, dict[str, Any], str, int]] = {}
    excluded = excluded_people(config.exclude_people)
    for folder in order:
        for split, row in recording_rows(folder):
            source = str(row["source"])
            key = (source, str(row["recording_id"]))
            reserved = any(is_reserved(name, source) for name in ids_of(row))
            # Further datasets are not evaluated: only their training people take part in the run.
            if key in kept or (folder != main and split != "train") or (reserved and not config.locked):
                continue
            if split != "test" and excluded_names(row, excluded):
                continue
            label = labels.get(row["recording_id"], UNKNOWN) if folder == main else UNKNOWN
            kept[key] = (folder, row, split, label)

    def heard() -> Iterator[np.ndarray]:
        for folder in order:
            for _, row in recording_rows(folder, audio=True):
                known = kept.get((str(row["source"]), str(row["recording_id"])))
                if known is not None and known[0] == folder:
                    yield read(row["audio"], sampling_rate=sampling_rate).array

    waveforms: Sequence[np.ndarray] | Waveforms
    if cache is None:
        waveforms = list(heard())
    else:
        hashes = [(key, str(row["audio_sha256"])) for key, (_, row, _, _) in kept.items()]
        name = hashlib.sha256(json.dumps([sampling_rate, hashes]).encode()).hexdigest()[:16]
        waveforms = Waveforms.open(cache / name) if (cache / name).is_dir() else Waveforms.write(cache / name, heard())
    recordings = {
        key: Recording(row, split, label, waveforms[place])
        for place, (key, (_, row, split, label)) in enumerate(kept.items())
    }
    salts = {name: salt_of(name, folder) for folder, name in others.items()}
    for folder in corpora:
        salts |= json.loads((folder / CORPUS).read_text("utf-8")).get("salts", {})
    corpus = AudioReportCorpus(dataset, main, tuple(recordings.values()), classes, sampling_rate, salts)
    _refuse_leaks(corpus)
    return corpus


def recording_rows(folder: Path, *, audio: bool = False) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every recording of a folder that `prepare` or `corpus` wrote: its split, and its row as its dataset has it.

    Args:
        folder: of either kind.
        audio: with the original file's bytes, which take most of the time and memory.
    """
    if not (folder / CORPUS).is_file():
        for split, rows in load_prepared(folder, "recordings").items():
            for row in rows if audio else rows.remove_columns("audio"):
                yield str(split), row
        return
    for split in ("train", "validation"):
        for path in sorted((folder / "data").glob(f"{split}-*.parquet")):
            for rows in rows_of(path, audio=audio):
                for row in rows:
                    # The dataset's own columns, which its reports are written from.
                    yield split, {**row, **json.loads(row.pop("details"))}


def _refuse_leaks(corpus: AudioReportCorpus) -> None:
    parts = {split: corpus.take(corpus.rows(split)) for split in SPLITS}
    assert_subject_disjoint({split: [recording.subject_id for recording in part] for split, part in parts.items()})
    assert_no_shared_audio(
        {
            split: [(recording.recording_id, str(recording.row["audio_sha256"])) for recording in part]
            for split, part in parts.items()
        }
    )
    for recording in (*parts["train"], *parts["validation"]):
        assert_no_reserved([recording.subject_id, recording.row["subject_id"]], recording.dataset)
    if len({recording.dataset for recording in corpus.recordings}) > 1:  # `prepare` has looked within each
        heard = {f"{r.dataset}/{r.recording_id}": (r.split, r.waveform) for r in corpus.recordings}
        twins = find_twins({name: fingerprint(wave[:], corpus.sampling_rate) for name, (_, wave) in heard.items()})
        assert_no_twins({split: [n for n, (own, _) in heard.items() if own == split] for split in SPLITS}, twins)


def write_reports(corpus: AudioReportCorpus, config: ReportsConfig, *, mask: str, task: str) -> list[list[Report]]:
    """Return every recording's reports under one mask, `draws` phrasings each, in the corpus's order.

    Those under the run's own mask on the evaluated dataset come from its report set, where it names one; see
    :func:`keep_reported`. The templates write the others.
    """
    known: dict[tuple[str, str], list[Report]] = {}
    from_set = config.folder is not None and mask == config.mask
    if from_set:
        known |= {(corpus.dataset, name): group for name, group in read_set(str(config.folder)).by_name().items()}
    rows: dict[str, list[dict[str, Any]]] = {}
    for recording in corpus.recordings:
        if not (from_set and recording.dataset == corpus.dataset):
            rows.setdefault(recording.dataset, []).append(recording.row)
    for dataset, table in rows.items():
        # The label that a mask hides is of the evaluated dataset; of others it hides those of all their tasks.
        hidden = task if dataset == corpus.dataset else None
        for report in generate(table, dataset=dataset, mask=mask, task=hidden, seed=config.seed, draws=config.draws):
            known.setdefault((dataset, report.recording_id), []).append(report)
    groups = [
        sorted(known[recording.dataset, recording.recording_id], key=lambda report: report.draw)
        for recording in corpus.recordings
    ]
    # A recording of a report set with fewer draws gives those it has in turn.
    draws = max(map(len, groups))
    return [[group[draw % len(group)] for draw in range(draws)] for group in groups]


def keep_reported(
    corpus: AudioReportCorpus, config: ReportsConfig, task: str
) -> tuple[AudioReportCorpus, dict[str, int]]:
    """Leave recordings out for which the run's report set has none.

    Returns:
        The corpus that is left, and how many recordings of each split were left out; all and 0 for templates.

    Raises:
        DataError: not a report set, or one without a report on any training recording.
        ConfigurationError: a set on another dataset, under another mask than the run's, or that hides another label.
    """
    left_out = dict.fromkeys(SPLITS, 0)
    if config.folder is None:
        return corpus, left_out
    report_set = read_set(config.folder)
    settings = report_set.info.settings
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
    reported = report_set.by_name()
    kept = []
    for recording in corpus.recordings:
        if recording.dataset == corpus.dataset and recording.recording_id not in reported:
            left_out[recording.split] += 1
        else:
            kept.append(recording)
    if not any(recording.split == "train" for recording in kept):
        raise DataError("no report on a recording of training", where=config.folder, remedy="generate them anew")
    return replace(corpus, recordings=tuple(kept)), left_out


def report_source(config: ReportsConfig) -> dict[str, Any]:
    """Return who wrote the run's reports, for its card."""
    if config.folder is None:
        return {"folder": None, "generator": {"generator": "template"}}
    return {"folder": config.folder, "generator": read_set(config.folder).info.settings["generator"]}


def embed_reports(reports: list[list[Report]], teacher: Teacher, *, progress: bool) -> EmbeddedReports:
    """Have the teacher read the reports; every process of a launch reads a share."""
    flat = [report.text for draws in reports for report in draws]
    return EmbeddedReports(reports, teacher.read(flat, progress=progress, together=True))


def embed_prompts(corpus: AudioReportCorpus, task: str, teacher: Teacher) -> dict[str, np.ndarray]:
    """Return the teacher's embeddings of each class's prompt sentences, (prompts, text_size)."""
    prompts: Mapping[str, Sequence[str]] = class_prompts(corpus.dataset, task)
    return {name: teacher.embed(prompts[name]) for name in corpus.classes}


def training_examples(
    corpus: AudioReportCorpus,
    reports: EmbeddedReports | None = None,
    order: np.ndarray | None = None,
    *,
    domain: str | None = None,
    share_facts: bool = True,
) -> list[AlignmentExample]:
    """Return the training split's examples; `order[i]` says whose report training recording i receives.

    `domain` is the column whose values are the examples' domains, in alphabetic order; empty ones are unknown. Reports
    of equal facts count as equal, and with `share_facts` the examples know which facts they have.
    """
    train = corpus.rows("train")
    facts = None if reports is None else [frozenset(reports.reports[index][0].facts) for index in train]
    table = fact_table(facts) if facts is not None and share_facts else None
    first: dict[object, int] = {}
    values = ["" if domain is None else str(corpus.recordings[index].row.get(domain) or "") for index in train]
    domains = {value: place for place, value in enumerate(sorted(set(values) - {""}))}
    examples = []
    for position, index in enumerate(train):
        recording = corpus.recordings[index]
        giver = position if order is None else int(order[position])
        examples.append(
            AlignmentExample(
                waveform=recording.waveform,
                text_embeddings=None if reports is None else reports.of(train[giver]),
                text_id=giver if facts is None else first.setdefault(facts[giver], giver),
                label=recording.label,
                group=recording.dataset,
                subject_id=recording.subject_id,
                domain=domains.get(values[position], UNKNOWN),
                facts=None if table is None else table[giver],
            )
        )
    return examples
