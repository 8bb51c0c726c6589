"""One probe's test metrics from frozen features: with all labels, with few, over recordings and over people."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..metrics.arrays import Floats, Integers
from ..metrics.resampling import People
from .estimates import Bootstrap, Estimate
from .predictions import Predictions, estimates
from .probes.folds import Fold, fold_of_split
from .probes.label_fraction import label_fraction_folds
from .probes.probe import run_probe
from .probes.settings import ProbeSettings
from .probes.target import Target


@dataclass(frozen=True)
class EvaluationSettings:
    """How a probe is evaluated.

    Attributes:
        fractions: shares of the training people whose labels are used; 1 chooses its penalty on held-out training
            people, less takes ``probe.few_label_penalty``.
        label_draws: draws of people per fraction below 1.
        bootstrap_draws: resamples per interval.
        seed: of label draws and bootstrap.
        probe: how it is fitted.
    """

    fractions: tuple[float, ...] = (1.0, 0.1)
    label_draws: int = 8
    bootstrap_draws: int = 2000
    seed: int = 0
    probe: ProbeSettings = field(default_factory=ProbeSettings)


@dataclass(frozen=True)
class ProbeFigures:
    """Test metrics of one amount of labels.

    Attributes:
        fraction: share of the training people whose labels were used.
        penalty: C, chosen on held-out training people for all labels, fixed otherwise.
        recording: AUROC over recordings (macro one-versus-rest for several classes), people resampled.
        subject: AUROC over people: mean score of their recordings; a person carries every class that any of their
            recordings has.
        macro_f1: of the most probable class per recording, over the classes of the test set; only with all labels.
        people: training people of each draw.
    """

    fraction: float
    penalty: float
    recording: Estimate
    subject: Estimate
    macro_f1: Estimate | None
    people: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class ProbeResult:
    """What :func:`evaluate_probe` returns.

    Attributes:
        figures: fraction of labels -> metrics.
        classes: labels in the order of the score columns; of two, the second is the positive one.
        counts: split -> recordings, people, and recordings per class.
        dimensions: columns of the features.
        test_rows: (m,) rows of the table that were tested.
        test_runs: fraction -> (runs, m, classes) probabilities of every draw; one run with all labels.
        settings: of the evaluation.
    """

    figures: dict[float, ProbeFigures]
    classes: list[Any]
    counts: dict[str, dict[str, Any]]
    dimensions: int
    test_rows: Integers
    test_runs: dict[float, Floats]
    settings: EvaluationSettings

    @property
    def test_scores(self) -> dict[float, Floats]:
        """Fraction -> (m, classes) probabilities, averaged over draws."""
        return {fraction: runs.mean(axis=0) for fraction, runs in self.test_runs.items()}

    @property
    def headline(self) -> Estimate:
        """AUROC over recordings with the most labels: the figure that a benchmark prints."""
        return self.figures[max(self.figures)].recording

    def to_dict(self, *, scores: bool = False) -> dict[str, Any]:
        """Everything, ready for JSON; per-recording test scores only when asked for."""
        out: dict[str, Any] = {
            "figures": {str(fraction): asdict(figures) for fraction, figures in self.figures.items()},
            "classes": self.classes,
            "counts": self.counts,
            "dimensions": self.dimensions,
            "settings": asdict(self.settings),
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
    settings: EvaluationSettings | None = None,
    *,
    positive: Hashable | None = None,
) -> ProbeResult:
    """Fit the default probe on frozen features and evaluate it on the test people, as benchmarks do.

    AUROC is printed over recordings, with an interval over people; and over people. With a fraction of the labels it is
    the mean over draws of labelled people, and the interval holds both who is tested and who was labelled.

    Args:
        features: (n, d) from any source: embeddings, openSMILE, metadata.
        labels: (n,) classes.
        subjects: (n,) who was recorded.
        split: (n,) "train", "validation" (optional; chooses nothing) or "test".
        settings: fractions of the labels, draws, seed and the probe's own settings.
        positive: the positive class, required for two classes other than 0/1.

    Returns:
        Metrics; one that cannot be computed (a test set with too few people, say) carries the reason.

    Raises:
        LeakageError: a person stands in two splits.
        DataError: NaN, missing labels, an empty split, or a class that train lacks.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> y = np.tile([0, 1], 60)
        >>> x = y[:, None] + rng.standard_normal((120, 4))
        >>> split = np.repeat(["train", "validation", "test"], 40)
        >>> result = evaluate_probe(x, y, np.arange(120), split, EvaluationSettings(bootstrap_draws=200))
        >>> print(result.headline)
        .833 [.66, .92]
    """
    settings = settings or EvaluationSettings()
    target = Target.of(np.asarray(labels), positive=positive)
    codes, owner = target.table.argmax(axis=1), People.of(subjects)
    split_fold = fold_of_split(split, len(codes))
    figures: dict[float, ProbeFigures] = {}
    test_runs: dict[float, Floats] = {}
    for fraction in settings.fractions:
        probe, metrics = settings.probe, ["auroc", "macro_f1"]
        folds: tuple[Fold, ...] = (split_fold,)
        if fraction != 1:
            probe, metrics = replace(probe, penalties=(probe.few_label_penalty,)), ["auroc"]
            folds = label_fraction_folds(
                target.table, subjects, split_fold, fraction, draws=settings.label_draws, seed=settings.seed
            )
        outcomes = [run_probe(features, target, subjects, [fold], probe) for fold in folds]
        runs = np.concatenate([outcome.scores for outcome in outcomes])
        test = split_fold.test
        predictions = Predictions(
            keys=tuple(map(str, test)),
            subjects=owner.names[owner.owner[test]],
            truth=codes[test],
            runs=runs,
            classes=target.classes,
        )
        measured = estimates(metrics, predictions, Bootstrap(settings.bootstrap_draws, settings.seed))
        figures[fraction] = ProbeFigures(
            fraction=fraction,
            penalty=outcomes[0].penalties[0],
            recording=measured["auroc"],
            subject=measured["auroc_subject"],
            macro_f1=measured.get("macro_f1"),
            people=tuple(len(np.unique(owner.owner[fold.train])) for fold in folds),
        )
        test_runs[fraction] = runs
    return ProbeResult(
        figures=figures,
        classes=list(target.classes),
        counts=_counts(split_fold, codes, owner.owner, target.classes),
        dimensions=np.shape(features)[1],
        test_rows=split_fold.test,
        test_runs=test_runs,
        settings=settings,
    )


def _counts(fold: Fold, codes: Integers, owner: Integers, classes: Sequence[Any]) -> dict[str, dict[str, Any]]:
    counts = {}
    for name, rows in (("train", fold.train), ("validation", fold.validation), ("test", fold.test)):
        if rows is not None:
            per_class = np.bincount(codes[rows], minlength=len(classes)).tolist()
            counts[name] = {
                "recordings": len(rows),
                "people": len(np.unique(owner[rows])),
                "per_class": dict(zip(map(str, classes), per_class, strict=True)),
            }
    return counts
