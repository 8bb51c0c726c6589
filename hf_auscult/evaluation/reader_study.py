"""A model beside clinicians who judged the same recordings: shares by age and sex, paired intervals, MRMC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..data.identity import known_as
from ..errors import DataError
from ..files import Serialisable
from ..metrics import age_groups, paired_difference, person_interval
from ..metrics.arrays import one_spelling_each
from ..metrics.classification import accuracy, sensitivity, specificity
from ..metrics.intervals import Interval, Statistic
from ..metrics.mrmc import ReaderMean, person_covariances, reader_mean
from ..metrics.multiplicity import holm
from ..metrics.operating import OperatingPoint, operating_point
from ..metrics.subgroups import FEWEST_CASES, group_rows
from ..metrics.tables import Table, estimate
from ..texts import read_table
from .predictions import Predictions

FIGURES: Mapping[str, Statistic] = {"sensitivity": sensitivity, "specificity": specificity, "accuracy": accuracy}
COLUMNS = ("recording_id", "subject_id", "truth", "reader", "decision")
MODEL, EVERYBODY = "model", "everybody"
_COUNTED = {"sensitivity": (1,), "specificity": (0,), "accuracy": (0, 1)}
"""Classes that a figure is of."""


@dataclass(frozen=True)
class ReaderFigures(Serialisable):
    """One reader, or the model, on all recordings or a group of them.

    Attributes:
        reader: who decided; ``model`` for the model.
        group: ``everybody``, ``sex: female``, ``age: 1-3`` …
        confusion: counts; None where the group has one class only.
        figures: sensitivity, specificity and accuracy with intervals over people; absent where they are undefined, or
            where a group has fewer than 20 people of the class.
    """

    reader: str
    group: str
    confusion: OperatingPoint | None
    figures: Mapping[str, Interval]


@dataclass(frozen=True)
class ReaderStudy(Serialisable):
    """What :func:`reader_study` returns.

    Attributes:
        positive: class that was looked for.
        threshold: of the model's scores.
        people, recordings: that everybody judged.
        rows: every reader and the model, by group.
        differences: reader -> figure -> model minus reader on the same people.
        readers: figure -> model minus readers, for readers and people like these (Obuchowski-Rockette); absent where
            there is one reader or no variance.
    """

    positive: str
    threshold: float
    people: int
    recordings: int
    rows: tuple[ReaderFigures, ...]
    differences: Mapping[str, Mapping[str, Interval]]
    readers: Mapping[str, ReaderMean]

    def table(self) -> Table:
        """Shares with intervals and confusion matrices."""
        rows = [
            [row.reader, row.group, *(estimate(row.figures.get(name)) for name in FIGURES), _counts(row.confusion)]
            for row in self.rows
        ]
        return Table(
            ("", "recordings of", *FIGURES, f"found / missed / alarms / clear (positive = {self.positive})"), rows
        )

    def comparison(self) -> Table:
        """Model minus each reader, and minus readers like these; p-values corrected over all of the table."""
        rows: list[tuple[str, str, Interval | ReaderMean]] = [
            (reader, name, gap) for reader, figures in self.differences.items() for name, gap in figures.items()
        ]
        rows += [("readers like these", name, mean) for name, mean in self.readers.items()]
        corrected = holm([1.0 if gap.p_value is None else gap.p_value for *_, gap in rows])
        return Table(
            ("model minus", "figure", "difference", f"p (Holm over these {len(rows)} comparisons)"),
            [(who, name, estimate(gap), p) for (who, name, gap), p in zip(rows, corrected.tolist(), strict=True)],
        )


def read_scores(file: str | Path) -> dict[str, float]:
    """Recording -> the model's score: of a CSV with ``recording_id`` and ``score``, or of a benchmark's predictions.

    Raises:
        DataError: another file, or predictions of other than two classes.
    """
    path = Path(file)
    if path.suffix == ".parquet":
        predictions = Predictions.read(path)
        if len(predictions.classes) != 2 or predictions.multilabel:
            raise DataError(f"{len(predictions.classes)} classes, expected two", where=path)
        return dict(zip(predictions.keys, predictions.mean_scores[:, 1].tolist(), strict=True))
    remedy = "give a CSV with the columns recording_id and score"
    try:
        lines = read_table(path, ("recording_id", "score"), remedy=remedy)
        return {line["recording_id"]: float(line["score"]) for _, line in lines}
    except (TypeError, ValueError) as error:
        raise DataError(f"a score is no number ({error})", where=path, remedy=remedy) from error


def reader_study(
    decisions: str | Path, scores: Mapping[str, float], *, positive: str, threshold: float, draws: int = 2000
) -> ReaderStudy:
    """Compare a model at a chosen operating point with readers.

    Args:
        decisions: CSV, a line a decision: ``recording_id``, ``subject_id``, ``truth``, ``reader``, ``decision``, and
            ``age`` (years) and ``sex`` where they are known. Every reader judges every recording.
        scores: recording -> the model's score, higher means more positive.
        positive: class that is looked for; every other is negative.
        threshold: chosen on other people than these.
        draws: bootstrap resamples of people, where an interval needs them.

    Raises:
        DataError: columns or decisions are missing, a recording is judged twice or has no score, its facts differ
            between lines, or one class, reader or group stands under several spellings.

    Source: Wang et al., AuscultaBase, section 2.5; Obuchowski & Rockette (1995) for the readers as a sample.
    """
    cases, decided = _read(Path(decisions))
    names = list(cases)
    absent = [name for name in names if name not in scores]
    if absent:
        raise DataError(f"{len(absent)} recordings have no score (first: {absent[0]})", where="scores")
    truth = np.array([int(cases[name]["truth"] == positive) for name in names])
    if truth.min() == truth.max():
        raise DataError(f"every or no recording is {positive!r}", where=decisions, remedy="name the positive class")
    subjects = np.array([known_as(cases[name]["subject_id"]) or "" for name in names])
    by_reader = {
        reader: np.array([int(given[name] == positive) for name in names]) for reader, given in decided.items()
    }
    by_reader = {MODEL: np.array([int(scores[name] >= threshold) for name in names]), **by_reader}
    groups = {EVERYBODY: np.arange(len(names)), **_groups([cases[name] for name in names])}
    rows = tuple(
        ReaderFigures(
            reader=reader,
            group=group,
            confusion=operating_point(truth[kept], given[kept], 0.5) if len(np.unique(truth[kept])) > 1 else None,
            figures=_figures(
                truth[kept], given[kept], subjects[kept], draws, 1 if group == EVERYBODY else FEWEST_CASES
            ),
        )
        for reader, given in by_reader.items()
        for group, kept in groups.items()
    )
    readers = [reader for reader in by_reader if reader != MODEL]
    differences = {
        reader: {
            name: paired_difference(
                figure, by_reader[MODEL], by_reader[reader], labels=truth, subjects=subjects, draws=draws
            )
            for name, figure in FIGURES.items()
        }
        for reader in readers
    }
    return ReaderStudy(
        positive=positive,
        threshold=threshold,
        people=len(np.unique(subjects)),
        recordings=len(names),
        rows=rows,
        differences=differences,
        readers=_against_readers(truth, by_reader, readers, subjects),
    )


def _against_readers(
    truth: NDArray[Any], decided: Mapping[str, NDArray[Any]], readers: Sequence[str], subjects: NDArray[Any]
) -> dict[str, ReaderMean]:
    found = {}
    for name, figure in FIGURES.items():

        def gaps(kept: NDArray[np.int64], figure: Statistic = figure) -> NDArray[np.float64]:
            of_model = figure(truth[kept], decided[MODEL][kept])
            return np.array([of_model - figure(truth[kept], decided[reader][kept]) for reader in readers])

        try:
            found[name] = reader_mean(*person_covariances(gaps, subjects))
        except DataError:  # one reader, one person of a class, or no variance: there is nothing to generalise from
            continue
    return found


def _figures(
    truth: NDArray[Any], decided: NDArray[Any], subjects: NDArray[Any], draws: int, fewest: int
) -> dict[str, Interval]:
    found = {}
    for name, figure in FIGURES.items():
        if min(len(np.unique(subjects[truth == kind])) for kind in _COUNTED[name]) < fewest:
            continue
        try:
            found[name] = person_interval(figure, truth, decided, subjects=subjects, draws=draws)
        except DataError:  # nobody of the class, or fewer people than any interval needs
            continue
    return found


def _groups(cases: Sequence[Mapping[str, str]]) -> dict[str, NDArray[np.int64]]:
    try:
        ages = age_groups([float(case["age"] or "nan") if "age" in case else float("nan") for case in cases])
    except ValueError as error:
        raise DataError(f"an age is no number: {error}", where="age") from error
    columns: dict[str, ArrayLike] = {"age": ages, "sex": [case.get("sex", "") for case in cases]}
    return {
        f"{attribute}: {group}": rows
        for attribute, column in columns.items()
        for group, rows in group_rows(column, len(cases)).items()
    }


def _read(file: Path) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    """Recording -> its facts, and reader -> recording -> decision."""
    lines = [row for _, row in read_table(file, COLUMNS, remedy=f"give {', '.join(COLUMNS)}, age, sex")]
    cases: dict[str, dict[str, str]] = {}
    decided: dict[str, dict[str, str]] = {}
    for number, line in enumerate(lines, 2):
        empty = [name for name in COLUMNS if not line[name]]
        if empty or line["reader"] == MODEL:
            raise DataError(
                f"line {number}: {empty or 'a reader called model'}", where=file, remedy="complete the line"
            )
        facts = {name: value for name, value in line.items() if name not in ("reader", "decision")}
        if cases.setdefault(line["recording_id"], facts) != facts:
            raise DataError(f"line {number} tells other facts of {line['recording_id']}", where=file)
        given = decided.setdefault(line["reader"], {})
        if line["recording_id"] in given:
            raise DataError(f"line {number}: {line['reader']} judged {line['recording_id']} twice", where=file)
        given[line["recording_id"]] = line["decision"]
    one_spelling_each(dict.fromkeys(line[name] for line in lines for name in ("truth", "decision")), str(file))
    one_spelling_each(decided, f"{file}, column reader")
    for reader, given in decided.items():
        if len(given) < len(cases):
            raise DataError(f"{reader} judged {len(given)} of {len(cases)} recordings", where=file)
    return cases, decided


def _counts(point: OperatingPoint | None) -> str | None:
    if point is None:
        return None
    counts = (point.true_positive, point.false_negative, point.false_positive, point.true_negative)
    return " / ".join(map(str, counts))
