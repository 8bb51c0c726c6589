"""Calibration of probabilities, as an evaluate module (one import per line: evaluate parses them)."""

from __future__ import annotations

from typing import Any

import datasets
import evaluate
import numpy as np

from hf_auscult import metrics
from hf_auscult.errors import DataError

_DESCRIPTION = """\
Expected calibration error (equal-mass and equal-width bins), Brier score, calibration slope and intercept.
"""

_KWARGS_DESCRIPTION = """
Args:
    predictions: probability of the positive class of each recording.
    references: 0 or 1 per recording.
    bins: number of bins (default 10).
Returns:
    ece, largest, ece_equal_width, brier, slope, intercept, in_the_large (the last three None where undefined).
Examples:
    >>> metric = evaluate.load("auscult/ece")
    >>> metric.compute(predictions=[0.25, 0.25, 0.75, 1.0], references=[0, 1, 1, 1], bins=2)["ece"]
    0.1875
"""

_CITATION = """\
@inproceedings{guo2017calibration,
  title={On calibration of modern neural networks},
  author={Guo, Chuan and Pleiss, Geoff and Sun, Yu and Weinberger, Kilian Q},
  booktitle={ICML},
  year={2017}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class Ece(evaluate.Metric):
    """Expected calibration error in equal-mass and equal-width bins, Brier score, slope and intercept."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_KWARGS_DESCRIPTION,
            features=datasets.Features(
                {"predictions": datasets.Value("float64"), "references": datasets.Value("int32")}
            ),
        )

    def _compute(self, predictions: list[float], references: list[int], bins: int = 10) -> dict[str, Any]:
        y, p = np.asarray(references), np.asarray(predictions)
        found = metrics.reliability(y, p, bins=bins, binning="equal_mass")
        figures: dict[str, Any] = {
            "ece": found.ece,
            "largest": found.largest,
            "ece_equal_width": metrics.ece(y, p, bins=bins, binning="equal_width"),
            "brier": metrics.brier(y, p),
        }
        try:
            line = metrics.calibration_line(y, p)
        except DataError:  # documented above: no line exists, the other figures do
            return {**figures, "slope": None, "intercept": None, "in_the_large": None}
        return {**figures, "slope": line.slope, "intercept": line.intercept, "in_the_large": line.in_the_large}
