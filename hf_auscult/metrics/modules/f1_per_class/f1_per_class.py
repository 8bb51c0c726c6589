"""Macro, micro and per-class F1, as an evaluate module (one import per line: evaluate parses them)."""

from __future__ import annotations

from collections import abc
from typing import Any

import datasets
import evaluate

from hf_auscult import metrics

_DESCRIPTION = """\
Macro and micro F1, precision and recall, and those of every class; a class that is never found counts as 0.
"""

_KWARGS_DESCRIPTION = """
Args:
    predictions: decided class of each recording.
    references: true class of each recording.
    labels: optional, the classes to average over; default: those that occur in either.
Returns:
    macro_f1, micro_f1, macro_precision, macro_recall, and per_class (precision, recall, f1, support of each).
Examples:
    >>> metric = evaluate.load("auscult/f1_per_class")
    >>> metric.compute(predictions=["a", "b", "b"], references=["a", "b", "a"])["macro_f1"]
    0.6666666666666666
"""

_CITATION = """\
@article{pedregosa2011scikit,
  title={Scikit-learn: Machine Learning in Python},
  author={Pedregosa, Fabian and others},
  journal={Journal of Machine Learning Research},
  volume={12},
  pages={2825--2830},
  year={2011}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class F1PerClass(evaluate.Metric):
    """Macro, micro and per-class F1, precision and recall; classes that are missed count as 0."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_KWARGS_DESCRIPTION,
            features=datasets.Features(
                {"predictions": datasets.Value("string"), "references": datasets.Value("string")}
            ),
        )

    def _compute(
        self, predictions: list[str], references: list[str], labels: abc.Sequence[str] | None = None
    ) -> dict[str, Any]:
        return metrics.class_scores(references, predictions, labels=labels).to_dict()
