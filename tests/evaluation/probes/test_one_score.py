"""The published head is chosen and reported by one score."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score

from hf_auscult.evaluation.estimates import Bootstrap
from hf_auscult.evaluation.predictions import Predictions, estimates
from hf_auscult.evaluation.probes.published import AUSCULTABENCH, AUSCULTABENCH_MULTILABEL
from hf_auscult.evaluation.probes.published_training import monitor


@pytest.mark.parametrize("several", [False, True])
def test_monitor_is_the_reported_macro_f1_and_scikit_learns(several):
    rng = np.random.default_rng(0)
    settings = replace(AUSCULTABENCH_MULTILABEL if several else AUSCULTABENCH)
    scores = rng.dirichlet(np.ones(4), size=40).astype(np.float32)
    # Nobody carries the last class, though some are decided to; among several labels nobody is.
    truth = np.eye(4, dtype=np.int64)[rng.integers(3, size=40)] if several else rng.integers(3, size=40)
    decided = (scores >= 0.5).astype(int) if several else scores.argmax(axis=1)
    chosen = monitor(torch.from_numpy(scores), torch.from_numpy(truth), settings)
    found = Predictions(tuple(map(str, range(40))), np.arange(40), truth, scores[None], tuple("abcd"))
    assert chosen == estimates(("macro_f1",), found, Bootstrap(10))["macro_f1"].value
    assert chosen == pytest.approx(f1_score(truth, decided, average="macro", zero_division=0))
