"""One model on one task: metrics, subgroups and reliability; and differences between models."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..metrics import age_groups
from .estimates import Bootstrap, Estimate
from .examples import Examples
from .predictions import Predictions, delong_interval, difference, estimates, subgroup_estimates
from .probes import ProbeOutcome
from .reliability import reliability_of
from .results import Difference, ModelResult
from .task import BenchmarkTask
from .task_probe import predictions_of

GROUPS = ("sex", "age_group", "device", "site")


def evaluate_model(
    spec: BenchmarkTask,
    model: str,
    protocol: str,
    outcome: ProbeOutcome,
    examples: Examples,
    shortcut: Predictions | None,
    bootstrap: Bootstrap,
) -> ModelResult:
    """Metrics of one model; ``shortcut`` is what the strongest shortcut baseline predicts for the same recordings."""
    rows = outcome.test_rows
    predictions = predictions_of(examples, rows, outcome.scores)
    validation = None
    if len(outcome.validation_rows):
        validation = predictions_of(examples, outcome.validation_rows, outcome.validation_scores)
    return ModelResult(
        model=model,
        protocol=protocol,
        figures=estimates(spec.metrics, predictions, bootstrap),
        penalty=chosen_penalty(outcome),
        seconds=outcome.seconds,
        delong=delong_interval(predictions) if spec.metrics[0] == "auroc" else None,
        above_shortcut=None if shortcut is None else difference(spec.metrics[0], predictions, shortcut, bootstrap),
        subgroups=_subgroups(spec, predictions, rows, examples, bootstrap),
        selected_on_test=outcome.selected_on_test,
        reliability=reliability_of(
            predictions, validation, attributes_of([examples.rows[row] for row in rows]), bootstrap
        ),
    )


def chosen_penalty(outcome: ProbeOutcome) -> float | None:
    """The default probe's penalty; None where folds chose several, or none."""
    penalties = set(outcome.penalties)
    return penalties.pop() if len(penalties) == 1 else None


def attributes_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """Sex and age group of recordings, `None` where unknown; the dataset's own age groups where it gives no years."""
    ages = [row.get("age") for row in rows]
    groups = [row.get("age_group") for row in rows]
    if any(age is not None for age in ages):
        groups = age_groups([float("nan") if age is None else age for age in ages]).tolist()
    sexes = [row.get("sex") for row in rows]
    return {"sex": np.array(sexes, dtype=object), "age": np.array(groups, dtype=object)}


def _subgroups(
    spec: BenchmarkTask, predictions: Predictions, rows: np.ndarray, examples: Examples, bootstrap: Bootstrap
) -> dict[str, dict[str, dict[str, Estimate]]]:
    """Metrics by sex, age group, device and site, and within strata where the task is balanced."""
    groups: dict[str, list[str | None]] = {name: [examples.rows[row].get(name) for row in rows] for name in GROUPS}
    if examples.strata is not None:
        groups["stratum"] = examples.strata[rows].tolist()
    by_group: dict[str, dict[str, dict[str, Estimate]]] = {}
    for name, values in groups.items():
        levels = sorted({value for value in values if value is not None})
        if len(levels) > 1:
            members = {level: np.flatnonzero(np.array([value == level for value in values])) for level in levels}
            by_group[name] = {
                level: subgroup_estimates(spec.metrics, predictions.take(chosen), bootstrap)
                for level, chosen in members.items()
            }
    return by_group


def compare(
    metric: str, predictions: Mapping[tuple[str, str], Predictions], bootstrap: Bootstrap
) -> tuple[Difference, ...]:
    """Every pair of models under the same protocol, from (model, protocol) -> predictions."""
    differences = []
    for (a, protocol), (b, other) in itertools.combinations(predictions, 2):
        if protocol == other:
            gap = difference(metric, predictions[a, protocol], predictions[b, protocol], bootstrap)
            if gap is not None:
                differences.append(Difference(a, b, protocol, gap))
    return tuple(differences)
