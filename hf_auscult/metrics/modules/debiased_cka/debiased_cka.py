"""Debiased and plug-in linear CKA, as an evaluate module (one import per line: evaluate parses them)."""

from __future__ import annotations

from collections import abc
from typing import Any

import datasets
import evaluate
import numpy as np

from hf_auscult import metrics

_DESCRIPTION = """\
Linear centred kernel alignment of two embeddings of the same rows, debiased and plug-in, optionally within groups.
"""

_KWARGS_DESCRIPTION = """
Args:
    predictions: one embedding (list of floats) per recording.
    references: another embedding of the same recording; its width may differ.
    groups: optional, dataset of each recording; adds within_groups.
Returns:
    debiased_cka, cka (plug-in), n, and within_groups when groups are given.
Examples:
    >>> metric = evaluate.load("auscult/debiased_cka")
    >>> rows = [[1.0, 0.0], [0.0, 1.0], [2.0, 1.0], [0.5, 3.0], [1.0, 1.0]]
    >>> round(metric.compute(predictions=rows, references=rows)["debiased_cka"], 6)
    1.0
"""

_CITATION = """\
@inproceedings{kornblith2019similarity,
  title={Similarity of neural network representations revisited},
  author={Kornblith, Simon and Norouzi, Mohammad and Lee, Honglak and Hinton, Geoffrey},
  booktitle={ICML},
  year={2019}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class DebiasedCka(evaluate.Metric):
    """Similarity of two embeddings of the same recordings: debiased and plug-in linear CKA."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_KWARGS_DESCRIPTION,
            features=datasets.Features(
                {
                    "predictions": datasets.Sequence(datasets.Value("float32")),
                    "references": datasets.Sequence(datasets.Value("float32")),
                }
            ),
        )

    def _compute(
        self,
        predictions: list[list[float]],
        references: list[list[float]],
        groups: abc.Sequence[str] | None = None,
    ) -> dict[str, Any]:
        left, right = np.asarray(predictions), np.asarray(references)
        figures: dict[str, Any] = {
            "debiased_cka": metrics.debiased_cka(left, right),
            "cka": metrics.cka(left, right),
            "n": len(left),
        }
        if groups is not None:
            figures["within_groups"] = metrics.within_groups_debiased_cka(left, right, groups)
        return figures
