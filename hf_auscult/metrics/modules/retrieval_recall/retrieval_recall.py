"""Retrieval between recordings and reports, as an evaluate module (one import per line: evaluate parses them)."""

from __future__ import annotations

from collections import abc
from typing import Any

import datasets
import evaluate
import numpy as np

from hf_auscult import metrics

_DESCRIPTION = """\
Recall at k and median rank in both directions between embeddings of recordings and of their reports. Ties count in
expectation (constant embeddings score exactly chance), equal report texts count as one target, galleries can be kept
apart by dataset, and chance is reported beside every figure.
"""

_KWARGS_DESCRIPTION = """
Args:
    predictions: one embedding (list of floats) per recording.
    references: the embedding of its report, same width.
    ks: cut-offs (default 1, 5, 10).
    text_ids: optional, the report text (or a hash) of each recording; equal ones are one target.
    groups: optional, dataset of each recording; candidates come from the query's own group.
    subjects: optional, person of each recording; adds patient-bootstrap intervals under "intervals".
    similarity: "cosine" (default) or "dot".
    draws: bootstrap resamples (default 2000).
    seed: of the resampling (default 0).
Returns:
    audio_to_text, text_to_audio, chance (each R@k and median_rank), n, and intervals when subjects are given.
Examples:
    >>> metric = evaluate.load("auscult/retrieval_recall")
    >>> result = metric.compute(predictions=[[1.0, 0.0], [0.0, 1.0]], references=[[1.0, 0.0], [0.0, 1.0]])
    >>> result["audio_to_text"]["R@1"]
    1.0
"""

_CITATION = """\
@article{acula2025,
  title={Language Models as Semantic Teachers: Post-Training Alignment for Medical Audio Understanding},
  journal={arXiv:2512.04847},
  year={2025}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class RetrievalRecall(evaluate.Metric):
    """Bidirectional audio-report retrieval."""

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
        ks: abc.Sequence[int] = (1, 5, 10),
        text_ids: abc.Sequence[abc.Hashable] | None = None,
        groups: abc.Sequence[abc.Hashable] | None = None,
        subjects: abc.Sequence[abc.Hashable] | None = None,
        similarity: str = "cosine",
        draws: int = 2000,
        seed: int = 0,
    ) -> dict[str, Any]:
        scores = metrics.bidirectional_retrieval(
            np.asarray(predictions),
            np.asarray(references),
            ks=ks,
            groups=groups,
            similarity=similarity,  # type: ignore[arg-type]  # checked there, with a message
            text_ids=text_ids,
        )
        result = scores.to_dict()
        if subjects is not None:
            intervals = metrics.retrieval_intervals(scores, np.asarray(subjects), draws=draws, seed=seed)
            result["intervals"] = {
                direction: {name: interval.to_dict() for name, interval in figures.items()}
                for direction, figures in intervals.items()
            }
        return result
