"""One probe, judged: AUROC per recording and per person, with intervals over people, for all and for few labels."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import DataError
from ...metrics.arrays import Floats, Integers
from ...metrics.classification import macro_f1
from ...metrics.intervals import Interval, Statistic, patient_bootstrap
from ...metrics.ranking import auroc_over_runs
from ...metrics.resampling import People
from ._inputs import encode_labels, features_of, refuse_shared_people, split_rows
from .fraction import probe_with_label_fraction
from .linear import LogisticProbe, ProbeSettings
from .people import mean_by_person


@dataclass(frozen=True)
class Figure:
    """A value, its interval, and why either is missing.

    Attributes:
        value: None where the statistic is undefined on the test set.
        interval: None where too few people allow none.
        problem: why something is missing.
        left_out: classes (of several) that nobody or everybody in the test set carries, not part of the mean.
    """

    value: float | None
    interval: Interval | None
    problem: str | None = None
    left_out: tuple[Any, ...] = ()

    def __str__(self) -> str:
        if self.interval is not None:
            return str(self.interval)
        return f"{self.value:.3f} ({self.problem})" if self.value is not None else f"undefined ({self.problem})"


@dataclass(frozen=True)
class ProbeFigures:
    """Test figures of one amount of labels.

    Attributes:
        fraction: share of the training people whose labels were used.
        penalty: C, chosen on validation people for all labels, fixed otherwise.
        recording: AUROC over recordings (macro one-versus-rest for several classes), people resampled.
        subject: AUROC over people: mean score of their recordings; a person carries every class that any of their
            recordings has.
        macro_f1: of the most probable class per recording, over the classes of the test set; only with all labels.
        people: training people of each draw.
    """

    fraction: float
    penalty: float
    recording: Figure
    subject: Figure
    macro_f1: Figure | None
    people: tuple[int, ...]


@dataclass(frozen=True)
class ProbeResult:
    """What :func:`evaluate_probe` found.

    Attributes:
        figures: fraction of labels -> figures.
        classes: labels in the order of the score columns; of two, the second is the positive one.
        counts: split -> recordings, people, and recordings per class.
        dimensions: columns of the features.
        test_rows: (m,) rows of the table that were tested.
        test_runs: fraction -> (runs, m, classes) probabilities of every draw; one run with all labels.
        settings: of the probe.
        seed: of label draws and bootstrap.
    """

    figures: dict[float, ProbeFigures]
    classes: list[Any]
    counts: dict[str, dict[str, Any]]
    dimensions: int
    test_rows: Integers
    test_runs: dict[float, Floats]
    settings: ProbeSettings
    seed: int

    @property
    def test_scores(self) -> dict[float, Floats]:
        """Fraction -> (m, classes) probabilities, averaged over draws."""
        return {fraction: runs.mean(axis=0) for fraction, runs in self.test_runs.items()}

    @property
    def headline(self) -> Figure:
        """AUROC with the most labels, at the unit that ``settings.aggregate`` names."""
        best = self.figures[max(self.figures)]
        return best.subject if self.settings.aggregate == "subject" else best.recording

    def to_dict(self, *, scores: bool = False) -> dict[str, Any]:
        """Everything, ready for JSON; per-recording test scores only when asked for."""
        out: dict[str, Any] = {
            "figures": {str(fraction): asdict(figures) for fraction, figures in self.figures.items()},
            "classes": self.classes,
            "counts": self.counts,
            "dimensions": self.dimensions,
            "settings": asdict(self.settings),
            "seed": self.seed,
        }
        if scores:
            out["test_rows"] = self.test_rows.tolist()
            out["test_scores"] = {str(fraction): table.tolist() for fraction, table in self.test_scores.items()}
        return out


def evaluate_probe(
    features: ArrayLike,
    labels: Sequence[Hashable] | NDArray[Any],
    subjects: ArrayLike,
    split: Sequence[str] | NDArray[Any],
    *,
    settings: ProbeSettings | None = None,
    fractions: Sequence[float] = (1.0, 0.1),
    draws: int = 8,
    bootstrap_draws: int = 2000,
    seed: int = 0,
    positive: Hashable | None = None,
) -> ProbeResult:
    """Fit linear probes on frozen features and judge them on the test people.

    The first figure's unit is the recording, its interval resamples people; the second figure's unit is the person.
    With a fraction of the labels, every bootstrap resample averages the AUROC over the label draws: the interval
    covers which people are tested, not which were labelled.

    Args:
        features: (n, d) from any source: embeddings, openSMILE, metadata.
        labels: (n,) classes.
        subjects: (n,) who was recorded.
        split: (n,) "train", "validation" or "test".
        settings: of the probe.
        fractions: shares of the training people; 1 chooses its penalty on the validation people, less fixes it.
        draws: label draws per fraction below 1.
        bootstrap_draws: resamples per interval.
        seed: of label draws and bootstrap.
        positive: the positive class, required for two classes other than 0/1.

    Returns:
        Figures that cannot be computed (a test set with too few people, say) carry the reason instead of a number.

    Raises:
        LeakageError: a person stands in two splits.
        DataError: NaN, missing labels, an empty split, or a class that train lacks.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> y = np.tile([0, 1], 60)
        >>> x = y[:, None] + rng.standard_normal((120, 4))
        >>> split = np.repeat(["train", "validation", "test"], 40)
        >>> result = evaluate_probe(x, y, np.arange(120), split, bootstrap_draws=200)
        >>> print(result.headline)
        .833 [.69, .95]
    """
    settings = settings or ProbeSettings()
    codes, classes = encode_labels(labels, positive)
    x = features_of(features, codes)
    rows, people = split_rows(split, len(codes)), People.of(subjects)
    refuse_shared_people(people, rows)
    lacking = [name for number, name in enumerate(classes) if number not in codes[rows["train"]]]
    if lacking:
        raise DataError(f"class(es) {lacking} never occur in train", where="labels")
    train, validation, test = (rows[name] for name in ("train", "validation", "test"))
    judge = _Judge(codes[test], people.names[people.owner[test]], classes, bootstrap_draws, seed)

    figures: dict[float, ProbeFigures] = {}
    test_runs: dict[float, Floats] = {}
    for fraction in fractions:
        if fraction == 1:
            probe = LogisticProbe(settings)
            who = people.names[people.owner[validation]]
            probe.fit(x[train], codes[train], x[validation], codes[validation], subjects_val=who)
            runs, penalty = probe.predict_proba(x[test])[None], probe.penalty
            sizes: tuple[int, ...] = (len(np.unique(people.owner[train])),)
        else:
            few = probe_with_label_fraction(x, codes, subjects, split, fraction, draws, seed, settings=settings)
            runs, penalty, sizes = few.scores, settings.few_label_penalty, few.people
        f1 = judge.macro_f1(runs[0]) if fraction == 1 else None
        figures[fraction] = ProbeFigures(fraction, penalty, judge.recording(runs), judge.subject(runs), f1, sizes)
        test_runs[fraction] = runs
    counts = {name: _counts(codes[found], people.owner[found], classes) for name, found in rows.items()}
    return ProbeResult(figures, classes, counts, x.shape[1], test, test_runs, settings, seed)


class _Judge:
    """The test labels, and how scores of one or several runs are judged on them."""

    def __init__(self, codes: Integers, subjects: NDArray[Any], classes: list[Any], draws: int, seed: int) -> None:
        self.codes, self.subjects, self.classes, self.draws, self.seed = codes, subjects, classes, draws, seed
        self.table = (codes[:, None] == np.arange(len(classes))[None, :]).astype(np.int64)

    def recording(self, runs: Floats) -> Figure:
        return self._auroc(self.table, runs.transpose(1, 0, 2), self.subjects)

    def subject(self, runs: Floats) -> Figure:
        table, scores = mean_by_person(self.table, runs.transpose(1, 0, 2), self.subjects)
        return self._auroc(table, scores, np.unique(self.subjects))

    def macro_f1(self, scores: Floats) -> Figure:
        labels = np.unique(self.codes)

        def statistic(truth: Integers, decided: Integers) -> float:
            return macro_f1(truth, decided, labels=labels)

        return self._figure(statistic, (self.codes, scores.argmax(axis=1)), self.subjects)

    def _auroc(self, table: Integers, scores: Floats, subjects: NDArray[Any]) -> Figure:
        """``scores``: (rows, runs, classes)."""
        carried = table.sum(axis=0)
        kept = [1] if len(carried) == 2 else np.flatnonzero((carried > 0) & (carried < len(table))).tolist()
        left_out = () if len(carried) == 2 else tuple(self.classes[c] for c in range(len(carried)) if c not in kept)
        if not kept:
            return Figure(None, None, "every test row carries the same classes", left_out)
        labels, columns = table[:, kept], scores[:, :, kept]
        if len(kept) == 1:
            labels, columns = labels[:, 0], columns[:, :, 0]
        return replace(self._figure(auroc_over_runs, (labels, columns), subjects), left_out=left_out)

    def _figure(self, statistic: Statistic, arrays: tuple[NDArray[Any], ...], subjects: NDArray[Any]) -> Figure:
        try:
            value = float(statistic(*arrays))
        except DataError as error:
            return Figure(None, None, str(error))
        try:
            interval = patient_bootstrap(statistic, *arrays, subjects=subjects, draws=self.draws, seed=self.seed)
        except DataError as error:
            return Figure(value, None, str(error))
        return Figure(value, interval)


def _counts(codes: Integers, owner: Integers, classes: list[Any]) -> dict[str, Any]:
    per_class = np.bincount(codes, minlength=len(classes)).tolist()
    return {
        "recordings": len(codes),
        "people": len(np.unique(owner)),
        "per_class": {str(name): count for name, count in zip(classes, per_class, strict=True)},
    }
