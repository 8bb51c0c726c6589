"""Sensitivity and specificity at a threshold, as an evaluate module (one import per line: evaluate parses them)."""

from __future__ import annotations

from typing import Any

import datasets
import evaluate

from hf_auscult import metrics

_DESCRIPTION = """\
Counts, sensitivity, specificity, predictive values and accuracy when scores at or above a threshold are positive.
"""

_KWARGS_DESCRIPTION = """
Args:
    predictions: one score per recording, higher means more positive.
    references: 0 or 1 per recording.
    threshold: at or above is positive (default 0.5); choose it on other people.
Returns:
    threshold, true_positive, false_positive, true_negative, false_negative, sensitivity, specificity,
    positive_predictive_value, negative_predictive_value, accuracy.
Examples:
    >>> metric = evaluate.load("auscult/operating_point")
    >>> metric.compute(predictions=[0.1, 0.6, 0.6, 0.9], references=[0, 0, 1, 1], threshold=0.6)["specificity"]
    0.5
"""

_CITATION = """\
@article{altman1994sensitivity,
  title={Diagnostic tests 1: Sensitivity and specificity},
  author={Altman, Douglas G and Bland, J Martin},
  journal={BMJ},
  volume={308},
  pages={1552},
  year={1994}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class OperatingPointMetric(evaluate.Metric):
    """Sensitivity, specificity and predictive values at one threshold, with the counts."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_KWARGS_DESCRIPTION,
            features=datasets.Features(
                {"predictions": datasets.Value("float64"), "references": datasets.Value("int32")}
            ),
        )

    def _compute(self, predictions: list[float], references: list[int], threshold: float = 0.5) -> dict[str, Any]:
        return metrics.operating_point(references, predictions, threshold).to_dict()
