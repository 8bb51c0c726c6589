"""How far probabilities can be relied on: calibration, prediction sets, abstention, and gaps between groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..metrics import (
    brier,
    calibration_line,
    choose_threshold,
    conformal_coverage,
    ece,
    fairness_report,
    fit_conformal,
    operating_point,
    patient_bootstrap,
    selective_auroc,
    temperature_scaling,
)
from .scoring import Predictions

COVERAGE, KEPT = 0.9, 0.8
_EDGE = 1e-6


def trust(
    said: Predictions,
    validation: Predictions | None,
    attributes: Mapping[str, NDArray[Any]],
    *,
    draws: int,
    seed: int,
) -> dict[str, Any]:
    """Everything that a probe with class probabilities can be asked beyond its ranking.

    Args:
        said: of the test recordings.
        validation: of other people, who choose the threshold, the temperature and the sets; without them these say so.
        attributes: of the test recordings, such as ``sex``; missing ones are None.
        draws, seed: of the bootstrap.

    Returns:
        Name -> figures, ready for JSON; what cannot be computed is ``{"problem": why}``. Empty for values and for
        several classes at once.
    """
    if not said.classes or said.truth.ndim == 2:
        return {}
    p = said.runs.mean(axis=0)
    out: dict[str, Any] = {"sets": _said(lambda: _sets(said, validation, attributes, draws, seed))}
    if len(said.classes) > 2:
        return out
    y, score = said.truth, p[:, 1]
    out["ece"] = _said(
        lambda: patient_bootstrap(ece, y, score, subjects=said.subjects, draws=draws, seed=seed).to_dict()
    )
    out["brier"] = _said(
        lambda: patient_bootstrap(brier, y, score, subjects=said.subjects, draws=draws, seed=seed).to_dict()
    )
    out["line"] = _said(lambda: asdict(calibration_line(y, score)))
    out["temperature"] = _said(lambda: _temperature(y, score, validation))
    out["selective"] = _said(lambda: asdict(selective_auroc(y, score, keep=KEPT)))
    threshold = _said(lambda: {"value": _threshold(validation)})
    out["threshold"] = threshold
    if "value" in threshold:
        out["decisions"] = _said(lambda: asdict(operating_point(y, score, threshold["value"])))
        out["fairness"] = _said(
            lambda: asdict(
                fairness_report(
                    *(y, score, _filled(attributes)),
                    subjects=said.subjects,
                    threshold=threshold["value"],
                    draws=draws,
                    seed=seed,
                )
            )
        )
    return out


def _said(compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The figure, or why there is none."""
    try:
        return compute()
    except DataError as error:
        return {"problem": str(error)}


def _others(validation: Predictions | None) -> Predictions:
    if validation is None:
        raise DataError("no validation people", remedy="prepare a split that has some")
    return validation


def _threshold(validation: Predictions | None) -> float:
    other = _others(validation)
    return float(choose_threshold(other.truth, other.runs.mean(axis=0)[:, 1]))


def _temperature(y: NDArray[Any], score: NDArray[Any], validation: Predictions | None) -> dict[str, Any]:
    other = _others(validation)
    found = temperature_scaling(other.truth, _logit(other.runs.mean(axis=0)[:, 1]))
    scaled = found.apply(_logit(score))
    return {"value": found.value, "ece": ece(y, scaled), "brier": brier(y, scaled)}


def _sets(
    said: Predictions,
    validation: Predictions | None,
    attributes: Mapping[str, NDArray[Any]],
    draws: int,
    seed: int,
) -> dict[str, Any]:
    other = _others(validation)
    rule = fit_conformal(
        other.truth, other.runs.mean(axis=0), coverage=COVERAGE, subjects=other.subjects, per_person="drawn", seed=seed
    )
    sets = rule.sets(said.runs.mean(axis=0))
    groups = {"": None, **_filled(attributes)}
    return {
        name or "everybody": asdict(
            conformal_coverage(said.truth, sets, subjects=said.subjects, groups=column, draws=draws, seed=seed)
        )
        for name, column in groups.items()
    }


def _filled(attributes: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Attributes with at least two values."""
    return {
        name: column
        for name, column in attributes.items()
        if len({value for value in column.tolist() if value is not None}) > 1
    }


def _logit(p: NDArray[Any]) -> NDArray[np.float64]:
    clipped = np.clip(p.astype(np.float64), _EDGE, 1 - _EDGE)
    logit: NDArray[np.float64] = np.log(clipped / (1 - clipped))
    return logit
