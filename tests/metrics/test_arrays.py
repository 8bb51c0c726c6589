"""Scores and labels as a training loop hands them over."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from hf_auscult import metrics
from hf_auscult.errors import DataError
from hf_auscult.metrics.arrays import as_array, one_spelling_each

Y = torch.tensor([0, 1, 0, 1])
SCORE = torch.tensor([0.1, 0.9, 0.3, 0.75])


@pytest.mark.parametrize("score", [SCORE.half(), SCORE.bfloat16(), SCORE.double(), SCORE.clone().requires_grad_()])
def test_tensors_of_every_kind_are_read(score):
    assert metrics.auroc(Y, score) == 1.0
    assert metrics.auroc(Y.bool(), score) == 1.0
    assert as_array(score).dtype == np.float64


@pytest.mark.parametrize(
    "labels", [[0, 1, np.nan, 1], np.array([0, 1, None, 1], object), pd.array([0, 1, pd.NA, 1], dtype="Int64")]
)
def test_a_missing_label_is_named(labels):
    with pytest.raises(DataError, match=r"labels: 1 row\(s\) without a class \(first: row 2\)"):
        metrics.auroc(labels, SCORE)


def test_a_missing_score_and_subject_are_named():
    with pytest.raises(DataError, match=r"scores: holds NaN or infinite numbers \(first in row 1\)"):
        metrics.auroc(Y, pd.array([0.1, pd.NA, 0.3, 0.4], dtype="Float64"))
    with pytest.raises(DataError, match="scores: holds something that is no number"):
        metrics.auroc(Y, ["a", "b", "c", "d"])
    for absent in (None, pd.NA, ""):
        with pytest.raises(DataError, match=r"1 row\(s\) without a subject \(first: row 1\)"):
            metrics.person_interval(metrics.auroc, Y, SCORE, subjects=["a", absent, "b", "c"])


def test_spellings():
    one_spelling_each(["normal", "murmur", 0, 1, "1st"])
    with pytest.raises(DataError, match=r"diagnosis: one class under several spellings: '0', '0[.]0'; 'b', 'B'"):
        one_spelling_each(["0", "b", "0.0", "B"], "diagnosis")
