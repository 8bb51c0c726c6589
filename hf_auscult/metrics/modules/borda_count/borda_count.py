"""Borda count over tasks, as an evaluate module (one import per line: evaluate parses them)."""

from __future__ import annotations

from collections import abc
from typing import Any

import datasets
import evaluate

from hf_auscult import metrics

_DESCRIPTION = """\
Mean rank points of models over tasks, from 1 (last) to the number of models (first); ties share the mean.
"""

_KWARGS_DESCRIPTION = """
Args:
    predictions: for each task a list of figures, one per model.
    references: name of each task.
    models: optional names of the models.
    higher_is_better: True (default), or one value per task.
Returns:
    model name -> score.
Examples:
    >>> metric = evaluate.load("auscult/borda_count")
    >>> metric.compute(predictions=[[0.9, 0.8]], references=["T1"], models=["a", "b"])
    {'a': 2.0, 'b': 1.0}
"""

_CITATION = """\
@article{auscultabase,
  title={A Generalist Audio Foundation Model for Comprehensive Body Sound Auscultation},
  author={Wang, Pingjie and others},
  journal={arXiv:2411.07547},
  year={2024}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class BordaCountMetric(evaluate.Metric):
    """Borda count of models over tasks; tied models share the mean of their ranks."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_KWARGS_DESCRIPTION,
            features=datasets.Features(
                {"predictions": datasets.Sequence(datasets.Value("float64")), "references": datasets.Value("string")}
            ),
        )

    def _compute(
        self,
        predictions: list[list[float]],
        references: list[str],
        models: abc.Sequence[str] | None = None,
        higher_is_better: bool | abc.Sequence[bool] = True,
    ) -> dict[str, Any]:
        names = models or [f"model {number}" for number in range(1, len(predictions[0]) + 1)]
        return metrics.borda_count(
            predictions, tasks=references, models=names, higher_is_better=higher_is_better
        ).score()
