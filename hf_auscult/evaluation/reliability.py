"""How far probabilities can be relied on: calibration, prediction sets, abstention, and gaps between groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..metrics import (
    CalibrationLine,
    CoverageReport,
    FairnessReport,
    OperatingPoint,
    SelectiveAuroc,
    brier,
    calibration_line,
    choose_threshold,
    conformal_coverage,
    debiased_ece,
    fairness_report,
    fit_conformal,
    operating_point,
    platt_scaling,
    selective_auroc,
)
from .estimates import Bootstrap, Estimate, estimate
from .predictions import Predictions

COVERAGE = 0.9
"""Of prediction sets: the share of test people whose class shall be in the set, usual in the conformal literature."""
KEPT = 0.8
"""Share of recordings that are decided when the least sure ones are left to a human."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class Recalibrated:
    """Platt scaling fitted on validation people, and calibration of the test recordings after it.

    The default probe weighs both classes alike, so its probabilities are those of a population in which half are
    positive; a slope and an intercept take them to the people at hand.
    """

    slope: float
    intercept: float
    ece: Estimate
    brier: Estimate


@dataclass(frozen=True)
class Reliability:
    """What a probe's class probabilities are worth beyond their ranking; None for what cannot be computed.

    Attributes:
        sets: group ("everybody", or an attribute) -> coverage and size of prediction sets.
        ece: debiased expected calibration error of the probe's own probabilities, of two classes like all that follow.
        brier: Brier score of them.
        line: calibration slope and intercept of them.
        recalibrated: the same after Platt scaling fitted on validation people.
        selective: AUROC of the recordings that are surest.
        threshold: chosen on validation people.
        decisions: at that threshold.
        fairness: at that threshold, by attribute.
        problems: part -> why it is missing.
    """

    sets: Mapping[str, CoverageReport] = field(default_factory=dict)
    ece: Estimate | None = None
    brier: Estimate | None = None
    line: CalibrationLine | None = None
    recalibrated: Recalibrated | None = None
    selective: SelectiveAuroc | None = None
    threshold: float | None = None
    decisions: OperatingPoint | None = None
    fairness: FairnessReport | None = None
    problems: Mapping[str, str] = field(default_factory=dict)


def reliability_of(
    predictions: Predictions,
    validation: Predictions | None,
    attributes: Mapping[str, NDArray[Any]],
    bootstrap: Bootstrap,
) -> Reliability | None:
    """Everything that can be asked of class probabilities; None for values and for several classes at once.

    Args:
        predictions: of the test recordings.
        validation: of other people, who choose the threshold, the calibration and the sets.
        attributes: of the test recordings, such as ``sex``; missing ones are None.
        bootstrap: resamples of people.
    """
    if not predictions.classes or predictions.multilabel:
        return None
    known = {name: column for name, column in attributes.items() if len(set(column.tolist()) - {None}) > 1}
    problems: dict[str, str] = {}

    def attempt(name: str, compute: Callable[[], _T]) -> _T | None:
        try:
            if validation is None and name in ("sets", "threshold", "recalibrated"):
                raise DataError("no validation people", remedy="prepare a split that has some")
            return compute()
        except DataError as error:
            problems[name] = str(error)
            return None

    sets = attempt("sets", lambda: _sets(predictions, validation, known, bootstrap)) or {}
    if len(predictions.classes) > 2:
        return Reliability(sets=sets, problems=problems)
    y, score, subjects = predictions.truth, predictions.mean_scores[:, 1], predictions.subjects
    threshold = attempt("threshold", lambda: _threshold(validation))
    decisions = fairness = None
    if threshold is not None:
        decisions = attempt("decisions", lambda: operating_point(y, score, threshold))
        fairness = attempt(
            "fairness",
            lambda: fairness_report(
                y,
                score,
                known,
                subjects=subjects,
                threshold=threshold,
            ),
        )
    return Reliability(
        sets=sets,
        ece=_ece(y, score, subjects, bootstrap),
        brier=estimate(brier, y, score, subjects=subjects, bootstrap=bootstrap),
        line=attempt("line", lambda: calibration_line(y, score)),
        recalibrated=attempt("recalibrated", lambda: _recalibrated(predictions, validation, bootstrap)),
        selective=attempt("selective", lambda: selective_auroc(y, score, keep=KEPT)),
        threshold=threshold,
        decisions=decisions,
        fairness=fairness,
        problems=problems,
    )


def _threshold(validation: Predictions | None) -> float:
    assert validation is not None
    threshold = float(choose_threshold(validation.truth, validation.mean_scores[:, 1]))
    if not np.isfinite(threshold):
        raise DataError(
            "no threshold separates the validation people better than deciding that nobody is positive",
            where="validation",
        )
    return threshold


def _recalibrated(predictions: Predictions, validation: Predictions | None, bootstrap: Bootstrap) -> Recalibrated:
    assert validation is not None
    fitted = platt_scaling(validation.truth, validation.mean_scores[:, 1])
    y, scaled = predictions.truth, fitted.apply(predictions.mean_scores[:, 1])
    return Recalibrated(
        slope=fitted.slope,
        intercept=fitted.intercept,
        ece=_ece(y, scaled, predictions.subjects, bootstrap),
        brier=estimate(brier, y, scaled, subjects=predictions.subjects, bootstrap=bootstrap),
    )


def _ece(y: NDArray[Any], probability: NDArray[Any], subjects: NDArray[Any], bootstrap: Bootstrap) -> Estimate:
    return estimate(partial(debiased_ece, subjects=subjects), y, probability, subjects=subjects, bootstrap=bootstrap)


def _sets(
    predictions: Predictions,
    validation: Predictions | None,
    attributes: Mapping[str, NDArray[Any]],
    bootstrap: Bootstrap,
) -> dict[str, CoverageReport]:
    assert validation is not None
    rule = fit_conformal(
        validation.truth,
        validation.mean_scores,
        coverage=COVERAGE,
        subjects=validation.subjects,
        per_person="drawn",
        seed=bootstrap.seed,
    )
    sets = rule.sets(predictions.mean_scores)
    groups: dict[str, NDArray[Any] | None] = {"everybody": None, **attributes}
    return {
        name: conformal_coverage(
            predictions.truth,
            sets,
            subjects=predictions.subjects,
            groups=column,
        )
        for name, column in groups.items()
    }
