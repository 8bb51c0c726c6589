"""Scores of the PhysioNet Challenge 2022, as an evaluate module (one import per line: evaluate parses them)."""

from __future__ import annotations

from typing import Any

import datasets
import evaluate

from hf_auscult import metrics

_DESCRIPTION = """\
Weighted accuracy of murmur or outcome decisions and mean cost per patient, as in the PhysioNet Challenge 2022.
"""

_KWARGS_DESCRIPTION = """
Args:
    predictions: "Present"/"Unknown"/"Absent" or "Abnormal"/"Normal", one per patient.
    references: the truth, in either vocabulary.
Returns:
    weighted_accuracy (same vocabulary on both sides); with outcome references also cost, algorithm, expert, treatment,
    error (US dollars per patient), patients, referred, missed.
Examples:
    >>> metric = evaluate.load("auscult/physionet2022")
    >>> metric.compute(predictions=["Abnormal", "Normal"], references=["Abnormal", "Normal"])["cost"]
    5510.0
"""

_CITATION = """\
@article{reyna2023heart,
  title={Heart murmur detection from phonocardiogram recordings: The George B. Moody PhysioNet Challenge 2022},
  author={Reyna, Matthew A and others},
  journal={PLOS Digital Health},
  volume={2},
  number={9},
  year={2023}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class PhysioNet2022(evaluate.Metric):
    """Murmur weighted accuracy and outcome cost of the PhysioNet Challenge 2022, per patient."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_KWARGS_DESCRIPTION,
            features=datasets.Features(
                {"predictions": datasets.Value("string"), "references": datasets.Value("string")}
            ),
        )

    def _compute(self, predictions: list[str], references: list[str]) -> dict[str, Any]:
        priced = set(references) <= {"Abnormal", "Normal"}
        figures = metrics.physionet2022_cost(references, predictions).to_dict() if priced else {}
        if priced and not set(predictions) <= {"Abnormal", "Normal"}:
            return figures
        return {"weighted_accuracy": metrics.murmur_weighted_accuracy(references, predictions), **figures}
