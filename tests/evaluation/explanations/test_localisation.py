"""Scores of heat: extremes, chance, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from hf_auscult.errors import DataError
from hf_auscult.evaluation.explanations import localise

CENTRES = np.array([50.0, 200.0, 800.0, 3000.0])


def score(heat, sound=((2.0, 4.0),), annotated=((0.0, 10.0),)):
    return localise(np.asarray(heat, float), 0.1, sound, annotated, CENTRES, (100, 1000))


def test_perfect_and_opposite_heat():
    heat = np.zeros((100, 4))
    heat[20:40, 1] = 1
    found = score(heat)
    assert (found.time_auroc, found.pointing, found.energy, found.band) == (1.0, 1.0, 1.0, 1.0)
    assert found.time_share == pytest.approx(0.2) and found.band_share == 0.5
    opposite = score(1 - heat.max(1, keepdims=True) * np.ones(4))
    assert (opposite.time_auroc, opposite.pointing, opposite.energy) == (0.0, 0.0, 0.0)


def test_even_heat_scores_chance():
    found = score(np.ones((100, 4)))
    assert found.time_auroc == 0.5
    assert found.pointing == found.energy == pytest.approx(found.time_share)
    assert found.band == found.band_share


def test_noise_scores_chance_on_average():
    rng = np.random.default_rng(0)
    found = [score(rng.random((100, 4))) for _ in range(300)]
    assert np.mean([one.time_auroc for one in found]) == pytest.approx(0.5, abs=0.02)
    assert np.mean([one.pointing for one in found]) == pytest.approx(0.2, abs=0.06)


def test_frames_that_nobody_listened_to_do_not_count():
    heat = np.zeros((100, 4))
    heat[25], heat[80] = 1, 50
    assert score(heat, annotated=((0.0, 5.0),)).pointing == 1.0


@pytest.mark.parametrize(
    ("heat", "sound"),
    [(np.zeros((100, 4)), ((2.0, 4.0),)), (np.ones((100, 4)), ()), (np.ones((100, 4)), ((0.0, 10.0),))],
)
def test_what_has_no_score_is_refused(heat, sound):
    with pytest.raises(DataError):
        score(heat, sound)
