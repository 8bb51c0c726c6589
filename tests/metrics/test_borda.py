from __future__ import annotations

import numpy as np
import pytest

from hf_auscult.errors import DataError
from hf_auscult.metrics import borda_count

from .cases import generators

MODELS = ["OPERA-CT", "AudioMAE", "CLAP", "PANN", "AuscultaBase"]
# Macro F1 of T10-T16, AuscultaBench table 1.
DIAGNOSIS = {
    "T10": [23.28, 22.10, 34.37, 21.46, 24.68],
    "T11": [15.10, 7.31, 7.99, 0.00, 20.10],
    "T12": [30.74, 17.00, 27.68, 30.15, 41.78],
    "T13": [77.37, 50.18, 86.82, 84.19, 88.10],
    "T14": [65.04, 72.35, 61.97, 66.01, 77.84],
    "T15": [58.10, 61.66, 59.94, 48.38, 62.84],
    "T16": [47.27, 47.27, 47.27, 47.27, 52.53],
}


def test_the_published_score_follows():
    count = borda_count(list(DIAGNOSIS.values()), tasks=list(DIAGNOSIS), models=MODELS)
    assert round(count.score()["AuscultaBase"], 2) == 4.86  # section 2.4
    assert count.points[-1].tolist() == [2.5, 2.5, 2.5, 2.5, 5.0]
    assert count.score(["T13", "T16"])["CLAP"] == (4 + 2.5) / 2


def test_agrees_with_duels_counted_one_by_one():
    for seed, rng in enumerate(generators()):
        tasks, models = int(rng.integers(1, 8)), int(rng.integers(2, 7))
        table = np.round(rng.uniform(size=(tasks, models)), 1)  # ties are common
        up = bool(seed % 2)
        names = ([f"T{t}" for t in range(tasks)], [f"m{m}" for m in range(models)])
        count = borda_count(table, tasks=names[0], models=names[1], higher_is_better=up)
        for t in range(tasks):
            for m in range(models):
                own, others = table[t, m], np.delete(table[t], m)
                beaten = (others < own).sum() if up else (others > own).sum()
                assert count.points[t, m] == 1 + beaten + 0.5 * (others == own).sum()
        assert sum(count.score().values()) == pytest.approx(models * (models + 1) / 2)


def test_errors_are_ranked_the_other_way_per_task():
    count = borda_count([[1, 2], [1, 2]], tasks=["mae", "f1"], models=["a", "b"], higher_is_better=[False, True])
    assert count.points.tolist() == [[2, 1], [1, 2]]


def test_bad_input_is_refused():
    with pytest.raises(DataError, match="NaN"):
        borda_count([[1.0, np.nan]], tasks=["T"], models=["a", "b"])
    with pytest.raises(DataError, match="no rows"):
        borda_count(np.zeros((0, 2)), tasks=[], models=["a", "b"])
    with pytest.raises(DataError, match="1 tasks and 3 models"):
        borda_count([[1.0, 2.0]], tasks=["T"], models=["a", "b", "c"])
    with pytest.raises(DataError, match="twice"):
        borda_count([[1.0, 2.0]], tasks=["T"], models=["a", "a"])
    with pytest.raises(DataError, match="nobody to rank against"):
        borda_count([[1.0]], tasks=["T"], models=["a"])
    count = borda_count([[1.0, 2.0]], tasks=["T"], models=["a", "b"])
    with pytest.raises(DataError, match="'X' is not among T"):
        count.score(["X"])
    with pytest.raises(DataError, match="no tasks"):
        count.score([])
