"""Retrieval both ways among test recordings and their reports (AcuLa, Table XX)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...metrics import bidirectional_retrieval, retrieval_intervals
from ...metrics.arrays import Floats
from ..estimates import Estimate
from .evaluation_set import EvaluationSet

KS = (1, 5, 10)


@dataclass(frozen=True)
class Retrieval:
    """Both directions under one mask.

    Args:
        mask: its name.
        recordings: in the gallery.
        texts: different reports in the gallery; recordings with equal ones share a target.
        figures: direction -> ``R@1``, ``R@5``, ``R@10`` and ``median_rank``.
        chance: the same of embeddings that say nothing.
        problem: why there are none.
    """

    mask: str
    recordings: int
    texts: int
    figures: Mapping[str, Mapping[str, Estimate]]
    chance: Mapping[str, Mapping[str, float]]
    problem: str = ""


def retrieval(
    mask: str, audio: Floats, text: Floats, reports: Sequence[str], rows: NDArray[np.int64], tested: EvaluationSet
) -> Retrieval:
    """Rank reports by recording and recordings by report.

    Args:
        mask: name of the reports' mask.
        audio: (n, D) projected recordings.
        text: (n, D) their projected reports.
        reports: the reports themselves.
        rows: (n,) which of the test recordings these are.
        tested: the test people.
    """
    texts = len(set(reports))
    try:
        scores = bidirectional_retrieval(audio, text, ks=KS, text_ids=list(reports))
        if texts < 2:
            raise DataError("every report is the same")
    except DataError as error:
        return Retrieval(mask, len(reports), texts, {}, {}, str(error))
    values = {"audio_to_text": scores.audio_to_text, "text_to_audio": scores.text_to_audio}
    try:
        bounds = retrieval_intervals(scores, tested.subjects[rows])
        figures = {
            way: {key: Estimate(value, bounds[way][key]) for key, value in found.items()}
            for way, found in values.items()
        }
    except DataError as error:
        figures = {
            way: {key: Estimate(value, None, str(error)) for key, value in f.items()} for way, f in values.items()
        }
    return Retrieval(mask, len(reports), texts, figures, scores.chance)
