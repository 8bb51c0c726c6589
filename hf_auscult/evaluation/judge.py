"""What is said of one model on one task: figures, subgroups, exposure, and differences between models."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ..data.contamination import exposures
from ..data.trained_on import seen_in_training
from ..metrics import age_groups
from .examples import Examples
from .models import BenchModel
from .probe_run import Outcome
from .results import Difference, ModelResult
from .scoring import Predictions, delong_of, difference, figures, subgroup
from .task import BenchmarkTask
from .trust import trust

GROUPS = ("sex", "age_group", "device", "site")


def judge(
    spec: BenchmarkTask,
    model: BenchModel,
    protocol: str,
    outcome: Outcome,
    examples: Examples,
    guessed: Predictions | None,
    *,
    draws: int,
    seed: int,
) -> ModelResult:
    """Figures of one model; ``guessed`` is what the metadata-only baseline said of the same recordings."""
    said = outcome.predictions
    analytic = delong_of(said) if spec.metrics[0] == "auroc" else None
    seen = [*_exposure(model.name, spec.datasets), *_known_people(model, spec, said)]
    return ModelResult(
        model=model.name,
        protocol=protocol,
        figures=figures(spec, said, draws=draws, seed=seed),
        penalty=outcome.penalty,
        seconds=outcome.seconds,
        delong=asdict(analytic) if analytic is not None else None,
        above_shortcut=None if guessed is None else difference(spec, said, guessed, draws=draws, seed=seed),
        exposure=tuple(seen),
        subgroups=_subgroups(spec, said, outcome.rows, examples, draws, seed),
        selected_on_test=outcome.selected_on_test,
        trust=trust(said, outcome.validation, _attributes(outcome.rows, examples), draws=draws, seed=seed),
    )


def _exposure(model: str, datasets: Sequence[str]) -> list[str]:
    """What the register says: datasets of which the model may have seen test people."""
    return [
        f"{name}: {item.part} ({item.evidence}; {item.source})"
        for name in datasets
        for item in exposures(model, name)
        if item.sees_test_people
    ]


def _known_people(model: BenchModel, spec: BenchmarkTask, said: Predictions) -> list[str]:
    """What the model's own folder says: test people that it was trained on."""
    people = set(map(str, said.subjects))
    count = seen_in_training(getattr(model, "given", ""), spec.dataset, people)
    return [f"{spec.dataset}: trained on {count} of the {len(people)} test people"] if count else []


def _attributes(rows: np.ndarray, examples: Examples) -> dict[str, np.ndarray]:
    """Sex and age group of the tested recordings; the dataset's own age groups where it gives no years."""
    ages = [examples.rows[row].get("age") for row in rows]
    groups = [examples.rows[row].get("age_group") for row in rows]
    if any(age is not None for age in ages):
        groups = age_groups([float("nan") if age is None else age for age in ages]).tolist()
    sexes = [examples.rows[row].get("sex") for row in rows]
    return {"sex": np.array(sexes, dtype=object), "age": np.array(groups, dtype=object)}


def _subgroups(
    spec: BenchmarkTask, said: Predictions, rows: np.ndarray, examples: Examples, draws: int, seed: int
) -> dict[str, dict[str, Any]]:
    """Figures by sex, age group, device and site, and within strata where the task is balanced."""
    groups: dict[str, list[str | None]] = {name: [examples.rows[row].get(name) for row in rows] for name in GROUPS}
    if examples.strata is not None:
        groups["stratum"] = examples.strata[rows].tolist()
    found: dict[str, dict[str, Any]] = {}
    for name, values in groups.items():
        levels = sorted({value for value in values if value is not None})
        if len(levels) > 1:
            found[name] = {
                level: subgroup(
                    spec,
                    said,
                    np.flatnonzero(np.array([value == level for value in values])),
                    draws=draws,
                    seed=seed,
                )
                for level in levels
            }
    return found


def compare(
    spec: BenchmarkTask, said: Mapping[tuple[str, str], Predictions], *, draws: int, seed: int
) -> tuple[Difference, ...]:
    """Every pair of models, (model, protocol) -> what it said, under the same protocol."""
    found = []
    for (a, protocol), (b, other) in itertools.combinations(said, 2):
        if protocol == other:
            gap = difference(spec, said[a, protocol], said[b, other], draws=draws, seed=seed)
            if gap is not None:
                found.append(Difference(a, b, protocol, gap))
    return tuple(found)
