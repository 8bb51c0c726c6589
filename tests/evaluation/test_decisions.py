"""From probabilities to decisions."""

from __future__ import annotations

import numpy as np

from hf_auscult.evaluation.decisions import decide


def test_decisions():
    runs = np.array([[[0.2, 0.8], [0.6, 0.4]]])
    assert decide(runs, several=False).tolist() == [[[0, 1]], [[1, 0]]]
    assert decide(np.array([[[0.5, 0.6], [0.1, 0.4]]]), several=True).tolist() == [[[1, 1]], [[0, 0]]]
