"""The package's metrics as modules of Hugging Face ``evaluate``, made from one table (``modules.yaml``).

``load(name)`` gives a metric without the Hub; ``write_modules(folder)`` writes what the Hub gets, a Space each;
``register`` adds one from outside. Every one of them can stand among the ``metrics`` of a benchmark's task.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from pprint import pformat
from typing import Any, Literal

import numpy as np
import yaml

from ..errors import ConfigurationError, DataError
from ..files import write_text
from .borda import borda_count as count_borda
from .calibration import brier, reliability
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
from .tables import Table

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
    """Add a metric from outside the package, for :func:`load`, :func:`write_modules` and the ``metrics`` of tasks.

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

    module = metric_module(name)
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


def write_modules(folder: str | Path, only: Sequence[str] | None = None) -> list[Path]:
    """Write the Space of every metric: ``<name>/{<name>.py, app.py, README.md, requirements.txt}``.

    Args:
        folder: that gets a folder per metric; ``evaluate.load`` takes each.
        only: some names; default all.

    Returns:
        The folders.

    Raises:
        ConfigurationError: no such metric, or a registered function that no script could import.
    """
    written = []
    for name in only if only is not None else metric_names():
        module, target = metric_module(name), Path(folder) / name
        for file, text in _space(module).items():
            write_text(target / file, text)
        written.append(target)
    return written


def compute_from_json(metric: Any, *columns: str) -> dict[str, Any]:
    """Run a metric on columns typed as JSON lists, one per input column, in their order.

    Raises:
        DataError: text that is not a JSON list, naming the column.
    """
    inputs: dict[str, Any] = {}
    for name, text in zip(metric.features, columns, strict=True):
        try:
            value = json.loads(text)
        except json.JSONDecodeError as error:
            raise DataError(f"not JSON: {error}", where=name, remedy="type a list such as [0, 1, 1]") from error
        if not isinstance(value, list):
            raise DataError(f"a {type(value).__name__}, expected a list", where=name, remedy="type [ ... ]")
        inputs[name] = value
    result: dict[str, Any] = metric.compute(**inputs)
    return result


def metric_page(metric: Any, example: Sequence[str], readme: Path | None = None) -> Any:
    """A ``gradio.Interface`` with one JSON box per input column (evaluate's own launcher calls an API gradio removed).

    Args:
        metric: a loaded ``evaluate.Metric``.
        example: JSON text of each column, offered below the boxes.
        readme: card shown under the form, without its YAML header.

    Raises:
        ModuleNotFoundError: gradio is not installed (it is in every Space of the gradio SDK).
    """
    gradio = importlib.import_module("gradio")

    def compute(*columns: str) -> dict[str, Any]:
        try:
            return compute_from_json(metric, *columns)
        except DataError as error:
            raise gradio.Error(str(error)) from error

    return gradio.Interface(
        fn=compute,
        inputs=[gradio.Textbox(label=name, info="a JSON list", lines=3) for name in metric.features],
        outputs=gradio.JSON(label=metric.name),
        examples=[list(example)],
        title=f"Metric: {metric.name}",
        description=metric.info.description,
        article=readme.read_text(encoding="utf-8").split("---", 2)[-1] if readme else None,
    )


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


def sprsound_events(
    predictions: Any, references: Any, collar: float = 0.2, share_of_length: float = 0.5
) -> dict[str, Any]:
    """Event-based scores of the SPRSound challenges of 2024 and 2025."""
    found, truth = ([[_event(text) for text in recording] for recording in side] for side in (predictions, references))
    return event_detection_score(truth, found, collar=collar, share_of_length=share_of_length).to_dict()


def sprsound(predictions: Any, references: Any, normal: str = "Normal") -> dict[str, Any]:
    """Score of the SPRSound challenges of 2022 and 2023."""
    return sprsound_score(references, predictions, normal=normal).to_dict()


def _event(text: str) -> Event:
    try:
        start, end, kind = text.split(maxsplit=2)
        return float(start), float(end), kind
    except ValueError as error:
        raise DataError(f"{text!r} is no event", where="events", remedy="write '0.1 1.2 Wheeze', in seconds") from error


@cache
def _modules() -> dict[str, MetricModule]:
    table = yaml.safe_load(files(__package__).joinpath("modules.yaml").read_text(encoding="utf-8"))
    return {name: MetricModule(name, globals()[name], **entry) for name, entry in table.items()}


def metric_module(name: str) -> MetricModule:
    """A metric of the table, or a registered one.

    Raises:
        ConfigurationError: no such metric.
    """
    if name not in _modules():
        raise ConfigurationError(f"no metric {name!r}", remedy=f"choose one of {', '.join(metric_names())}")
    return _modules()[name]


def _space(module: MetricModule) -> dict[str, str]:
    """File name -> text."""
    home = module.compute.__module__
    own = home == __name__
    if getattr(importlib.import_module(home), module.compute.__qualname__, None) is not module.compute:
        raise ConfigurationError(
            f"{home} has no {module.compute.__qualname__} for a script to import",
            where=f"metric {module.name}",
            remedy="define the function at the top level of a module",
        )
    script = [
        f'"""{module.summary}"""\n',
        *([] if own else [f"import {home}  # registers the metric"]),
        "from hf_auscult import metrics\n",
        f'Metric = metrics.metric_class("{module.name}")',
    ]
    example = [json.dumps(list(values)) for values in module.example.values()]
    page = [
        '"""The Space\'s page; started by Hugging Face as ``python app.py`` inside the folder."""\n',
        "from pathlib import Path\n",
        "import evaluate\n",
        "from hf_auscult.metrics.modules import metric_page\n",
        "HERE = Path(__file__).parent",
        f"EXAMPLE = {example!r}\n",
        f'demo = metric_page(evaluate.load(str(HERE / "{module.name}.py")), EXAMPLE, HERE / "README.md")\n',
        'if __name__ == "__main__":\n    demo.launch()',
    ]
    requirements = ["hf-auscult", *([] if own else [home.split(".")[0]])]
    texts = {f"{module.name}.py": script, "app.py": page, "requirements.txt": requirements}
    return {"README.md": _readme(module), **{name: "\n".join(lines) + "\n" for name, lines in texts.items()}}


def _readme(module: MetricModule) -> str:
    header = {
        "title": module.name,
        "emoji": module.emoji,
        "colorFrom": "blue",
        "colorTo": "green",
        "sdk": "gradio",
        "sdk_version": SDK_VERSION,
        "app_file": "app.py",
        "pinned": False,
        "license": "apache-2.0",
        "tags": ["evaluate", "metric"],
        "description": module.summary,
    }
    result = pformat(_rounded(module.compute(**module.example)), width=116, compact=True, sort_dicts=False)
    code = [
        "import evaluate\n",
        f'metric = evaluate.load("auscult/{module.name}")  # or hf_auscult.metrics.load("{module.name}")',
        f"metric.compute(\n{module.call()},\n)",
        *(f"# {line}" for line in result.split("\n")),
    ]
    arguments = {**{name: meaning for name, (_, meaning) in module.inputs.items()}, **module.options}
    parts = [
        f"---\n{yaml.safe_dump(header, sort_keys=False, allow_unicode=True, width=1000)}---",
        f"# {module.name}",
        module.about or module.summary,
        "```python\n" + "\n".join(code) + "\n```",
        Table(("input", "meaning"), list(arguments.items())).markdown(),
        Table(("output", "meaning"), list(module.outputs.items())).markdown() if module.outputs else "",
        f"**Limits.** {module.limits}" if module.limits else "",
        f"```bibtex\n{module.citation.strip()}\n```" if module.citation else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    return round(value, 3) if isinstance(value, float) else value
