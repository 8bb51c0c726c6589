"""The package's metrics as modules of Hugging Face ``evaluate``, made from one table (``modules.yaml``).

``load(name)`` gives a metric without the Hub; ``register`` adds one from outside. :mod:`hf_auscult.hub.metric_space`
writes what the Hub gets. Every one of them can stand among the ``metrics`` of a benchmark's task.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from ..errors import ConfigurationError
from . import computes

SDK_VERSION = "6.31.0"  # of gradio, on which the Spaces were seen to run
Compute = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class MetricModule:
    """A metric as ``evaluate`` knows it.

    Attributes:
        name: of the module and its Space: lower-case letters, digits and underscores.
        compute: called with the input columns and options by name; returns plain numbers.
        inputs: column -> its type ("float64", "int32", "string", or "list of" one of these) and its meaning.
        example: column -> list of values; computed when the page is written.
        summary: one line for the Hub.
        about: what it measures.
        options: keyword of ``compute`` -> meaning; defaults are read from its signature.
        outputs: key of the result -> meaning.
        limits: what it cannot say.
        citation: BibTeX.
        emoji: of the Space.
        lower_is_better: whether its first output, which tables of tasks show, is an error or a cost.
    """

    name: str
    compute: Compute
    inputs: Mapping[str, Sequence[str]]
    example: Mapping[str, Sequence[Any]]
    summary: str
    about: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    limits: str = ""
    citation: str = ""
    emoji: str = "🩺"
    lower_is_better: bool = False

    @property
    def output_names(self) -> list[str]:
        """Keys of the result."""
        return [key.strip() for keys in self.outputs for key in keys.split(",")]

    def call(self) -> str:
        """The call of the example, in Python."""
        return ",\n".join(f"    {name}={json.dumps(list(values))}" for name, values in self.example.items())

    def description(self) -> str:
        """Inputs, options, outputs and a doctest of the example, as ``evaluate`` prints them."""
        defaults = {
            name: parameter.default
            for name, parameter in inspect.signature(self.compute).parameters.items()
            if parameter.default is not inspect.Parameter.empty
        }
        lines = ["Args:", *(f"    {name}: {meaning}." for name, (_, meaning) in self.inputs.items())]
        lines += [f"    {name}: {meaning} (default {defaults[name]!r})." for name, meaning in self.options.items()]
        lines += ["Returns:", *(f"    {keys}: {meaning}." for keys, meaning in self.outputs.items())]
        arguments = ", ".join(f"{name}={json.dumps(list(values))}" for name, values in self.example.items())
        result = self.compute(**self.example)
        key = next(iter(result))
        lines += ["Examples:", f'    >>> metric = evaluate.load("auscult/{self.name}")']
        lines += [f'    >>> metric.compute({arguments})["{key}"]', f"    {result[key]!r}"]
        return "\n".join(lines) + "\n"


def register(module: MetricModule) -> None:
    """Add a metric from outside the package, for :func:`load`, its Space and the ``metrics`` of tasks.

    The written script imports the module in which ``module.compute`` stands: call ``register`` there, at its end.

    Args:
        module: the metric.

    Raises:
        ConfigurationError: a name that is taken or is none, or an example with other columns than the inputs.

    Example::

        def peak(predictions):
            return {"peak": max(predictions)}

        register(MetricModule("peak", peak, inputs={"predictions": ("float64", "one number per recording")},
                              example={"predictions": [0.5, 1.5]}, summary="Largest number"))
        load("peak").compute(predictions=[1.0, 2.0])  # {'peak': 2.0}
    """
    if module.name in _modules():
        raise ConfigurationError(f"a metric {module.name!r} exists already", where="name")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", module.name):
        raise ConfigurationError(f"{module.name!r} is no lower-case name", where="name", remedy="e.g. 'my_metric'")
    if set(module.example) != set(module.inputs):
        raise ConfigurationError("must have every input column and no other", where=f"example of {module.name}")
    _modules()[module.name] = module


def metric_names() -> list[str]:
    """Names of all metrics, sorted."""
    return sorted(_modules())


def metric_class(name: str) -> type:
    """The class of a metric, a subclass of ``evaluate.Metric``; what a written script holds.

    Raises:
        ConfigurationError: no such metric.
    """
    import datasets
    import evaluate

    module = module_of(name)
    columns = {
        column: datasets.Sequence(datasets.Value(kind[8:])) if kind.startswith("list of ") else datasets.Value(kind)
        for column, (kind, _) in module.inputs.items()
    }

    def info(self: Any) -> Any:
        return evaluate.MetricInfo(
            description=f"{module.summary}\n\n{module.about}",
            citation=module.citation,
            inputs_description=module.description(),
            features=datasets.Features(columns),
        )

    def compute(self: Any, **inputs: Any) -> dict[str, Any]:
        return module.compute(**inputs)

    camel = "".join(part.capitalize() for part in name.split("_"))
    return type(camel, (evaluate.Metric,), {"__doc__": module.summary, "_info": info, "_compute": compute})


def load(name: str, **options: Any) -> Any:
    """A metric ready to use, the same as ``evaluate.load("auscult/<name>")`` but from this package.

    Args:
        name: of :func:`metric_names`.
        options: of ``evaluate.Metric``, e.g. ``keep_in_memory``.

    Raises:
        ConfigurationError: no such metric.

    Example:
        >>> load("operating_point").compute(predictions=[0.1, 0.9], references=[0, 1])["sensitivity"]
        1.0
    """
    return metric_class(name)(**options)


@cache
def _modules() -> dict[str, MetricModule]:
    table = yaml.safe_load(files(__package__).joinpath("modules.yaml").read_text(encoding="utf-8"))
    return {name: MetricModule(name, getattr(computes, name), **entry) for name, entry in table.items()}


def module_of(name: str) -> MetricModule:
    """Find a metric.

    Raises:
        ConfigurationError: there is none of that name.
    """
    if name not in _modules():
        raise ConfigurationError(f"no metric {name!r}", remedy=f"choose one of {', '.join(metric_names())}")
    return _modules()[name]
