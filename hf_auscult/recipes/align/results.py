"""The results of an alignment run: one dataclass for each kind of result, each ready for JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from ...evaluation.estimates import Estimate
from ...evaluation.probe_evaluation import ProbeResult
from ...files import to_json
from ...metrics import Interval, RetrievalScores, holm
from ...metrics.fairness import GroupFigure
from .conditions import Condition
from .config import AlignConfig


@dataclass(frozen=True)
class SplitCounts:
    """Who and what is in a split.

    Args:
        people, recordings: numbers of them.
        per_class: recordings of each class of the task; those without a label are in no class.
    """

    people: int
    recordings: int
    per_class: dict[str, int]


@dataclass(frozen=True)
class DataSummary:
    """What was observed of the data.

    Args:
        dataset: the one that is evaluated.
        splits: split -> counts.
        people: in all of them.
        recordings: dataset -> recordings, further datasets of the training split included.
        classes: of the task.
        split_sha256: identifies who is where.
        audio_sha256: identifies what is heard.
        licence: of the recordings.
        prepare: contents of the evaluated dataset's prepare.json.
    """

    dataset: str
    splits: dict[str, SplitCounts]
    people: int
    recordings: dict[str, int]
    classes: tuple[str, ...]
    split_sha256: str
    audio_sha256: str
    licence: tuple[str, ...]
    prepare: dict[str, Any]


@dataclass(frozen=True)
class RetrievalResult:
    """Retrieval among the test recordings and their reports.

    Args:
        scores: both ways, with chance.
        compared_by: what makes recordings and reports comparable.
        intervals: direction -> figure -> interval over people.
    """

    scores: RetrievalScores
    compared_by: str
    intervals: Mapping[str, Mapping[str, Interval]]

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {**self.scores.to_dict(), "compared_by": self.compared_by, "intervals": self.intervals}


@dataclass(frozen=True, eq=False)
class ConditionResult:
    """One condition on the held-out people.

    Args:
        condition: what was trained.
        probe: of the task's labels.
        sex: AUROC of a linear probe for the person's sex; `None` without both sexes in every split.
        effective_rank: of the test embeddings.
        debiased_cka: of the test embeddings with the teacher's, within the one dataset.
        history: the losses, one mapping a logged step.
        retrieval: `None` for conditions that saw no report: their text side was never trained.
        zero_shot: AUROC from class prompts; `None` where cosines mean nothing.
        subgroups: of "aligned": AUROC of the probe by sex and age, or why there is none.
    """

    condition: Condition
    probe: ProbeResult
    sex: Estimate | None
    effective_rank: float
    debiased_cka: float
    history: list[dict[str, float]]
    retrieval: RetrievalResult | None = None
    zero_shot: Interval | None = None
    subgroups: tuple[GroupFigure, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        content: dict[str, Any] = {
            "title": self.condition.title,
            "asks": self.condition.asks,
            "probe": self.probe.to_dict(),
            "sex": self.sex,
            "representation": {"effective_rank": self.effective_rank, "debiased_cka": self.debiased_cka},
            "history": self.history,
        }
        if self.retrieval is not None:
            content["retrieval"] = self.retrieval.to_dict()
        if self.zero_shot is not None:
            content["zero_shot"] = self.zero_shot
        if self.subgroups:
            content["subgroups"] = self.subgroups
        return content


@dataclass(frozen=True, eq=False)
class BaselineResult:
    """The same probe without an encoder.

    Args:
        title: row in the table.
        asks: what the row is there to answer.
        probe: of the task's labels.
        columns: of metadata: which were used, absent, or constant.
    """

    title: str
    asks: str
    probe: ProbeResult
    columns: dict[str, list[str]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        content = {"title": self.title, "asks": self.asks, "probe": self.probe.to_dict()}
        return {**content, "columns": self.columns} if self.columns else content


@dataclass(frozen=True, eq=False)
class AlignResult:
    """What `hf_auscult.align` returns: also the contents of results.json.

    Args:
        config: of the run.
        command: what was typed, if anything.
        processes: of the launch.
        data: what was observed of the recordings.
        reports: who wrote them, and how many recordings of each split had none.
        teacher: its name, fingerprint and provenance.
        conditions: name -> result, in table order.
        baselines: name -> result.
        gains: row -> share of labels -> AUROC of "aligned" minus that row's, on the same resamples of people.
        by_seed: row -> share of labels -> AUROC at every seed, where there are several.
        versions: of Python and the packages.
        seconds: of the whole run.
        contamination: why the checkpoint that it started from may know the test people; empty where nothing is known.
    """

    config: AlignConfig
    command: str
    processes: int
    data: DataSummary
    reports: dict[str, Any]
    teacher: dict[str, Any]
    conditions: dict[str, ConditionResult]
    baselines: dict[str, BaselineResult]
    gains: dict[str, dict[float, Interval]]
    versions: dict[str, str]
    seconds: float
    by_seed: dict[str, dict[float, tuple[float | None, ...]]] = field(default_factory=dict)
    contamination: tuple[str, ...] = ()

    @property
    def adjusted(self) -> dict[str, dict[float, float]]:
        """P-values of `gains`, corrected by Holm for all of them together: row -> share of labels -> value."""
        cells = [
            (name, fraction, gain.p_value)
            for name, rows in self.gains.items()
            for fraction, gain in rows.items()
            if gain.p_value is not None
        ]
        corrected = holm([value for *_, value in cells]) if cells else ()
        table: dict[str, dict[float, float]] = {}
        for (name, fraction, _), value in zip(cells, corrected, strict=True):
            table.setdefault(name, {})[fraction] = float(value)
        return table

    @property
    def output(self) -> str:
        """Folder of the model."""
        return self.config.output

    @property
    def name(self) -> str:
        """Of the model."""
        return PurePath(self.config.output).name

    def to_dict(self) -> dict[str, Any]:
        """Plain values that are strict JSON and name no absolute path."""
        content = {
            "name": self.name,
            "deviations": self.config.deviations,
            "config": {**self.config.to_dict(), "output": repository_name(self.config.output)},
            "command": self.command,
            "processes": self.processes,
            "data": self.data,
            "reports": self.reports,
            "teacher": self.teacher,
            "conditions": {name: result.to_dict() for name, result in self.conditions.items()},
            "baselines": {name: result.to_dict() for name, result in self.baselines.items()},
            "gains": {
                name: {str(fraction): gain for fraction, gain in rows.items()} for name, rows in self.gains.items()
            },
            "by_seed": {
                name: {str(share): list(values) for share, values in rows.items()}
                for name, rows in self.by_seed.items()
            },
            "adjusted_p_values": {
                name: {str(fraction): value for fraction, value in rows.items()} for name, rows in self.adjusted.items()
            },
            "contamination": list(self.contamination),
            "versions": self.versions,
            "seconds": self.seconds,
        }
        plain: dict[str, Any] = without_absolute_paths(json.loads(to_json(content)))
        return plain


def repository_name(output: str) -> str:
    """Return what a model's folder is called elsewhere: a relative path as it is, else its last two parts.

    Example:
        >>> repository_name("/home/me/auscult/acula-opera"), repository_name("out")
        ('auscult/acula-opera', 'out')
    """
    path = PurePath(output)
    return "/".join(path.parts[-2:]) if path.is_absolute() else path.as_posix()


def without_absolute_paths(value: Any) -> Any:
    """Keep the last part of every absolute path: folders of this machine are not published."""
    if isinstance(value, dict):
        return {key: without_absolute_paths(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_absolute_paths(item) for item in value]
    if isinstance(value, str):
        return " ".join(PurePath(word).name if PurePath(word).is_absolute() else word for word in value.split(" "))
    return value
