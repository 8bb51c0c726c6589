"""A benchmark's probe: features and examples in, predictions of the tested recordings out."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...benchmarks.scoring import Predictions
from ...benchmarks.task import BenchmarkTask
from ...probes.linear import LogisticProbe
from .examples import Examples


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a probe said.

    Args:
        predictions: of the tested recordings.
        rows: their places among the examples.
        validation: of the validation people, where there are any.
        penalty: chosen by the default probe.
        seconds: that fitting and predicting took.
    """

    predictions: Predictions
    rows: NDArray[np.int64]
    validation: Predictions | None
    penalty: float | None
    seconds: float


def probe(spec: BenchmarkTask, features: np.ndarray, examples: Examples, protocol: str, *, seed: int = 0) -> Outcome:
    start = time.perf_counter()
    tr, va, te = (np.flatnonzero(examples.split == n) for n in ("train", "validation", "test"))
    p = LogisticProbe().fit(features[tr], examples.labels[tr], features[va], examples.labels[va])
    runs = p.predict_proba(features[te])[None]
    pred = Predictions(
        tuple(examples.cells[i].key for i in te), examples.subjects[te], examples.labels[te], runs, examples.classes
    )
    val = Predictions(
        tuple(examples.cells[i].key for i in va),
        examples.subjects[va],
        examples.labels[va],
        p.predict_proba(features[va])[None],
        examples.classes,
    )
    return Outcome(pred, te, val, p.penalty, time.perf_counter() - start)
