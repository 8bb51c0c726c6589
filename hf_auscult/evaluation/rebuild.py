"""A run's results read back from its folder, figures computed anew from the saved predictions, without models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from ..errors import DataError
from ..texts import read_json
from .estimates import Bootstrap
from .model_evaluation import compare
from .predictions import Predictions, delong_interval, estimates
from .results import SCHEMA, Result, TaskResult, correct


def rebuild(folder: str | Path) -> Result:
    """Read ``results.json`` and compute metrics, intervals and differences again from ``predictions/``.

    What needs more than the predictions of the test people (shortcuts, calibration on validation people, subgroups) is
    taken as it stands in ``results.json``.

    Raises:
        DataError: no results of this version in the folder, or predictions are missing or damaged.

    Example:
        `write_readme(rebuild("results"), "tables")` writes the tables and suite plots of a finished run once more.
    """
    file = Path(folder) / "results.json"
    try:
        stored = read_json(file, remedy="run the benchmark again")
        if stored["schema"] != SCHEMA:
            raise ValueError(f"schema {stored['schema']}, not {SCHEMA}")
        result: Result = _decoded(Result, stored)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"cannot be read ({error})", where=file, remedy="run the benchmark again") from error
    bootstrap = Bootstrap(result.seeds["bootstrap_draws"], result.seeds["seed"])
    return replace(result, tasks=correct([_recomputed(task, Path(folder), bootstrap) for task in result.tasks]))


def predictions_of(result: Result, folder: str | Path) -> dict[str, dict[str, Predictions]]:
    """Read saved predictions of a run's first protocol: task (``suite/number``) -> model -> predictions.

    Raises:
        DataError: a file is missing or damaged.
    """
    return {
        task.spec.key: {
            of_model.model: Predictions.read(Path(folder) / of_model.predictions)
            for of_model in task.results
            if of_model.predictions is not None and of_model.protocol == result.protocols[0]
        }
        for task in result.tasks
    }


def _recomputed(task: TaskResult, folder: Path, bootstrap: Bootstrap) -> TaskResult:
    predictions: dict[tuple[str, str], Predictions] = {}
    results = []
    for of_model in task.results:
        if of_model.predictions is None:
            raise DataError(f"no predictions of {of_model.model} on {task.spec.key} are saved", where=folder)
        found = predictions[of_model.model, of_model.protocol] = Predictions.read(folder / of_model.predictions)
        results.append(
            replace(
                of_model,
                figures=estimates(task.spec.metrics, found, bootstrap),
                delong=delong_interval(found) if of_model.delong is not None else None,
            )
        )
    gaps = compare(task.spec.metrics[0], predictions, bootstrap)
    return replace(task, results=tuple(results), differences=gaps)


def _decoded(kind: Any, value: Any) -> Any:
    """A value of plain JSON as the type that a dataclass's field asks for."""
    if value is None:
        return None
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        kinds = [argument for argument in arguments if argument is not type(None)]
        return _decoded(kinds[0], value) if len(kinds) == 1 else value
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        known = [field.name for field in fields(kind) if field.init and field.name in value]
        return kind(**{name: _decoded(hints[name], value[name]) for name in known})
    if origin is tuple:
        return tuple(_decoded(arguments[0], item) for item in value)
    if isinstance(value, Mapping) and len(arguments) == 2:
        key = int if arguments[0] is int else str
        return {key(name): _decoded(arguments[1], item) for name, item in value.items()}
    return value
