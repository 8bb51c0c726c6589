"""The ICBHI 2017 score, as an evaluate module (one import per line: evaluate parses them)."""

from __future__ import annotations

from typing import Any

import datasets
import evaluate

from hf_auscult import metrics

_DESCRIPTION = """\
Mean of sensitivity (abnormal cycles whose own class was found) and specificity, as in the ICBHI 2017 challenge.
"""

_KWARGS_DESCRIPTION = """
Args:
    predictions: decided class of each respiratory cycle.
    references: true class of each cycle.
    normal: name of the normal class (default "normal").
    collapse: True counts any abnormal decision for an abnormal cycle as right (default False).
Returns:
    score, sensitivity, specificity, abnormal (cycles), normal (cycles).
Examples:
    >>> metric = evaluate.load("auscult/icbhi_score")
    >>> metric.compute(predictions=["normal", "wheeze"], references=["normal", "crackle"])["score"]
    0.5
"""

_CITATION = """\
@article{rocha2019open,
  title={An open access database for the evaluation of respiratory sound classification algorithms},
  author={Rocha, Bruno M and others},
  journal={Physiological Measurement},
  volume={40},
  number={3},
  year={2019}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class IcbhiScoreMetric(evaluate.Metric):
    """ICBHI 2017 challenge score over respiratory cycles, with its sensitivity and specificity."""

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
        self, predictions: list[str], references: list[str], normal: str = "normal", collapse: bool = False
    ) -> dict[str, Any]:
        return metrics.icbhi_score(references, predictions, normal=normal, collapse=collapse).to_dict()
