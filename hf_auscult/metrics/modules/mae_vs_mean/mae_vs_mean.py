"""Errors beside those of the mean predictor, as an evaluate module (one import per line: evaluate parses them)."""

from __future__ import annotations

from collections import abc
from typing import Any

import datasets
import evaluate

from hf_auscult import metrics

_DESCRIPTION = """\
Mean absolute (percentage) error of predictions and of the mean predictor, and the skill of the first over the second.
"""

_KWARGS_DESCRIPTION = """
Args:
    predictions: predicted quantity of each recording.
    references: true quantity.
    mean: optional, what the mean predictor says (a number or one per row); default: mean of everybody else.
    subjects: optional, person of each row, for that default.
Returns:
    mae, mape (share; None when a reference is 0), mean_mae, mean_mape, skill, n.
Examples:
    >>> metric = evaluate.load("auscult/mae_vs_mean")
    >>> metric.compute(predictions=[1.0, 2.0, 4.0], references=[1.0, 2.0, 3.0])["mean_mae"]
    1.0
"""

_CITATION = """\
@article{murphy1988skill,
  title={Skill scores based on the mean square error and their relationships to the correlation coefficient},
  author={Murphy, Allan H},
  journal={Monthly Weather Review},
  volume={116},
  pages={2417--2424},
  year={1988}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class MaeVsMean(evaluate.Metric):
    """MAE and MAPE beside those of the mean predictor, and the skill over it."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_KWARGS_DESCRIPTION,
            features=datasets.Features(
                {"predictions": datasets.Value("float64"), "references": datasets.Value("float64")}
            ),
        )

    def _compute(
        self,
        predictions: list[float],
        references: list[float],
        mean: float | abc.Sequence[float] | None = None,
        subjects: abc.Sequence[str] | None = None,
    ) -> dict[str, Any]:
        return metrics.regression_scores(references, predictions, mean=mean, subjects=subjects).to_dict()
