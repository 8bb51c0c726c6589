"""AUROC whose interval resamples people, as an evaluate module (one import per line: evaluate parses them)."""

from __future__ import annotations

from typing import Any

import datasets
import evaluate
import numpy as np

from hf_auscult import metrics

_DESCRIPTION = """\
Area under the ROC curve of recordings, with a confidence interval that resamples whole people. Several recordings of
one person are not independent; an interval over recordings is too narrow.
"""

_KWARGS_DESCRIPTION = """
Args:
    predictions: one score per recording, higher means more positive.
    references: 0 or 1 per recording.
    subjects: identifier of the person of each recording.
    draws: bootstrap resamples (default 2000).
    seed: of the resampling (default 0).
    level: coverage (default 0.95).
Returns:
    auroc, low, high, subjects (people), positives (people with a positive recording), draws, redrawn, level.
Examples:
    >>> metric = evaluate.load("auscult/auroc_ci")
    >>> metric.compute(predictions=[1, 2, 5, 4, 6, 7], references=[0, 0, 0, 1, 1, 1], subjects=list("abcdef"))["auroc"]
    0.8888888888888888
"""

_CITATION = """\
@article{efron1979bootstrap,
  title={Bootstrap methods: another look at the jackknife},
  author={Efron, Bradley},
  journal={The Annals of Statistics},
  volume={7},
  number={1},
  pages={1--26},
  year={1979}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class AurocCi(evaluate.Metric):
    """Patient-level bootstrap AUROC."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_KWARGS_DESCRIPTION,
            features=datasets.Features(
                {
                    "predictions": datasets.Value("float64"),
                    "references": datasets.Value("int32"),
                    "subjects": datasets.Value("string"),
                }
            ),
        )

    def _compute(
        self,
        predictions: list[float],
        references: list[int],
        subjects: list[str],
        draws: int = 2000,
        seed: int = 0,
        level: float = 0.95,
    ) -> dict[str, Any]:
        interval = metrics.patient_bootstrap(
            metrics.auroc,
            np.asarray(references),
            np.asarray(predictions),
            subjects=subjects,
            draws=draws,
            seed=seed,
            level=level,
        )
        figures = interval.to_dict()
        figures.pop("p_value")
        return {"auroc": figures.pop("value"), **figures}
