"""Coverage of prediction sets, as an evaluate module (one import per line: evaluate parses them)."""

from __future__ import annotations

from collections import abc
from dataclasses import asdict
from typing import Any

import datasets
import evaluate
import numpy as np

from hf_auscult import metrics

_DESCRIPTION = """\
Share of prediction sets that hold the true class and their size, overall and per subgroup, intervals over people.
"""

_KWARGS_DESCRIPTION = """
Args:
    predictions: for each recording a 0/1 list, which classes its set holds.
    references: class number of each recording.
    subjects: identifier of the person of each recording.
    groups: optional subgroup of each recording.
    draws: bootstrap resamples (default 2000).
    seed: of the resampling (default 0).
    level: of the intervals (default 0.95).
Returns:
    coverage (value, low, high, subjects, ...), everything (people all of whose recordings are covered), sizes (mean,
    empty, single, full), groups (people, rows, coverage, sizes, refused of each).
Examples:
    >>> metric = evaluate.load("auscult/conformal_coverage")
    >>> sets, who = [[1, 0], [1, 1], [0, 1], [1, 0]], list("abcd")
    >>> metric.compute(predictions=sets, references=[0, 1, 1, 1], subjects=who)["coverage"]["value"]
    0.75
"""

_CITATION = """\
@article{angelopoulos2023conformal,
  title={Conformal prediction: A gentle introduction},
  author={Angelopoulos, Anastasios N and Bates, Stephen},
  journal={Foundations and Trends in Machine Learning},
  volume={16},
  number={4},
  year={2023}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class ConformalCoverage(evaluate.Metric):
    """Coverage and size of prediction sets, overall and per subgroup, with intervals over people."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_KWARGS_DESCRIPTION,
            features=datasets.Features(
                {
                    "predictions": datasets.Sequence(datasets.Value("int32")),
                    "references": datasets.Value("int32"),
                    "subjects": datasets.Value("string"),
                }
            ),
        )

    def _compute(
        self,
        predictions: list[list[int]],
        references: list[int],
        subjects: list[str],
        groups: abc.Sequence[str] | None = None,
        draws: int = 2000,
        seed: int = 0,
        level: float = 0.95,
    ) -> dict[str, Any]:
        report = metrics.conformal_coverage(
            references, np.asarray(predictions), subjects=subjects, groups=groups, draws=draws, seed=seed, level=level
        )
        figures = asdict(report)
        figures["groups"] = {part.pop("group"): part for part in figures["groups"]}
        return figures
