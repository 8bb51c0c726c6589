"""What each metric of the Hub computes, with plain lists in and plain numbers out; described in modules.yaml."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import asdict
from typing import Any, Literal

import numpy as np

from ..errors import DataError
from .borda import borda_count as count_borda
from .calibration import brier, reliability
from .calibration import debiased_ece as without_bias
from .calibration import ece as binned_error
from .classification import class_scores
from .conformal_report import conformal_coverage as coverage_report
from .icbhi import icbhi_score as score_icbhi
from .intervals import person_interval
from .operating import operating_point as count_at_threshold
from .physionet2016 import physionet2016_score
from .physionet2022 import OUTCOME, murmur_weighted_accuracy, physionet2022_cost
from .ranking import auroc
from .recalibration import calibration_line
from .regression import regression_scores
from .representation import cka, within_groups_debiased_cka
from .representation import debiased_cka as unbiased_cka
from .retrieval import bidirectional_retrieval, retrieval_intervals
from .sprsound import Event, event_detection_score, sprsound_score


def auroc_ci(predictions: Any, references: Any, subjects: Any, level: float = 0.95) -> dict[str, Any]:
    """AUROC with an interval over people."""
    found = person_interval(auroc, np.asarray(references), np.asarray(predictions), subjects=subjects, level=level)
    kept = ("low", "high", "subjects", "positives", "level", "method", "reason")
    return {"auroc": found.value, **{name: getattr(found, name) for name in kept}}


def borda_count(
    predictions: Any,
    references: Any,
    models: Sequence[str] | None = None,
    higher_is_better: bool | Sequence[bool] = True,
) -> dict[str, Any]:
    """Mean rank points of models over tasks."""
    columns = models or [f"model {number}" for number in range(1, len(predictions[0]) + 1)]
    return count_borda(predictions, tasks=references, models=columns, higher_is_better=higher_is_better).score()


def conformal_coverage(
    predictions: Any,
    references: Any,
    subjects: Any,
    groups: Sequence[str] | None = None,
    level: float = 0.95,
) -> dict[str, Any]:
    """Coverage and size of prediction sets."""
    report = coverage_report(references, np.asarray(predictions), subjects=subjects, groups=groups, level=level)
    figures = asdict(report)
    figures["groups"] = {part.pop("group"): part for part in figures["groups"]}
    return figures


def debiased_cka(predictions: Any, references: Any, groups: Sequence[str] | None = None) -> dict[str, Any]:
    """Debiased and plug-in CKA."""
    left, right = np.asarray(predictions), np.asarray(references)
    figures: dict[str, Any] = {"debiased_cka": unbiased_cka(left, right), "cka": cka(left, right), "n": len(left)}
    if groups is not None:
        figures["within_groups"] = within_groups_debiased_cka(left, right, groups)
    return figures


def ece(predictions: Any, references: Any, bins: int = 10) -> dict[str, Any]:
    """Calibration errors; slope and intercepts are None where no line exists."""
    y, p = np.asarray(references), np.asarray(predictions)
    equal_mass = reliability(y, p, bins=bins)
    figures: dict[str, Any] = {
        "ece": equal_mass.ece,
        "largest": equal_mass.largest,
        "debiased_ece": without_bias(y, p, bins=bins),
        "ece_equal_width": binned_error(y, p, bins=bins, binning="equal_width"),
        "brier": brier(y, p),
    }
    try:
        line = calibration_line(y, p)
    except DataError:
        return {**figures, "slope": None, "intercept": None, "in_the_large": None}
    return {**figures, "slope": line.slope, "intercept": line.intercept, "in_the_large": line.in_the_large}


def f1_per_class(predictions: Any, references: Any, labels: Sequence[str] | None = None) -> dict[str, Any]:
    """Scores of every class."""
    return class_scores(references, predictions, labels=labels).to_dict()


def icbhi_score(predictions: Any, references: Any, normal: str = "normal", collapse: bool = False) -> dict[str, Any]:
    """Score of the ICBHI 2017 challenge."""
    return score_icbhi(references, predictions, normal=normal, collapse=collapse).to_dict()


def mae_vs_mean(predictions: Any, references: Any, mean: Any = None, subjects: Any = None) -> dict[str, Any]:
    """Errors beside those of the mean predictor."""
    return regression_scores(references, predictions, mean=mean, subjects=subjects).to_dict()


def operating_point(predictions: Any, references: Any, threshold: float = 0.5) -> dict[str, Any]:
    """Counts and shares at a threshold."""
    return count_at_threshold(references, predictions, threshold).to_dict()


def physionet2016(predictions: Any, references: Any, good_quality: Any = None) -> dict[str, Any]:
    """Score of the PhysioNet/CinC Challenge 2016."""
    return physionet2016_score(references, predictions, good_quality=good_quality).to_dict()


def physionet2022(predictions: Any, references: Any) -> dict[str, Any]:
    """Scores of the PhysioNet Challenge 2022; which ones follows from the words of the references."""
    priced = set(references) <= set(OUTCOME)
    figures = physionet2022_cost(references, predictions).to_dict() if priced else {}
    if priced and not set(predictions) <= set(OUTCOME):
        return figures
    return {"weighted_accuracy": murmur_weighted_accuracy(references, predictions), **figures}


def retrieval_recall(
    predictions: Any,
    references: Any,
    ks: Sequence[int] = (1, 5, 10),
    text_ids: Sequence[Hashable] | None = None,
    groups: Sequence[Hashable] | None = None,
    subjects: Sequence[Hashable] | None = None,
    similarity: Literal["cosine", "dot"] = "cosine",
) -> dict[str, Any]:
    """Retrieval in both directions."""
    scores = bidirectional_retrieval(
        np.asarray(predictions),
        np.asarray(references),
        ks=ks,
        groups=groups,
        similarity=similarity,
        text_ids=text_ids,
    )
    result = scores.to_dict()
    if subjects is not None:
        intervals = retrieval_intervals(scores, np.asarray(subjects))
        result["intervals"] = {
            direction: {name: interval.to_dict() for name, interval in figures.items()}
            for direction, figures in intervals.items()
        }
    return result


def sprsound(predictions: Any, references: Any, normal: str = "Normal") -> dict[str, Any]:
    """Score of the SPRSound challenges of 2022 and 2023."""
    return sprsound_score(references, predictions, normal=normal).to_dict()


def sprsound_events(
    predictions: Any, references: Any, collar: float = 0.2, share_of_length: float = 0.5
) -> dict[str, Any]:
    """Event-based scores of the SPRSound challenges of 2024 and 2025."""
    found, truth = ([[_event(text) for text in recording] for recording in side] for side in (predictions, references))
    return event_detection_score(truth, found, collar=collar, share_of_length=share_of_length).to_dict()


def _event(text: str) -> Event:
    try:
        start, end, kind = text.split(maxsplit=2)
        return float(start), float(end), kind
    except ValueError as error:
        raise DataError(f"{text!r} is no event", where="events", remedy="write '0.1 1.2 Wheeze', in seconds") from error
