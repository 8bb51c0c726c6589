"""Base rates and temperature of zero-shot scores."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from hf_auscult.errors import DataError
from hf_auscult.evaluation.zero_shot.calibration import calibrate_zero_shot
from hf_auscult.metrics import ece


def _draw(n, temperature=0.05, prior=(0.7, 0.3), offset=(0.4, 0.0), seed=0):
    """Labels drawn from the very model that is fitted."""
    rng = np.random.default_rng(seed)
    centred = 0.05 * rng.standard_normal((n, 2))
    p = softmax(centred / temperature + np.log(prior), axis=1)
    return (rng.uniform(size=n) < p[:, 1]).astype(int), centred + offset, p


def test_it_finds_what_made_the_labels():
    y, scores, p = _draw(20_000)
    found = calibrate_zero_shot(y, scores, _draw(5000, seed=1)[1])
    assert found.useful
    assert found.offset == pytest.approx((0.4, 0.0), abs=0.005)
    assert found.temperature == pytest.approx(0.05, rel=0.1)
    assert np.abs(found.probabilities(scores) - p).max() < 0.05
    truth, other, _ = _draw(20_000, seed=2)
    assert ece(truth, found.probabilities(other)[:, 1]) < 0.03


def test_scores_that_say_nothing_give_the_base_rates():
    y, scores, _ = _draw(400)
    wrong = calibrate_zero_shot(y, -scores, -scores)  # every score points the wrong way
    assert not wrong.useful
    assert np.allclose(wrong.probabilities(-scores), wrong.prior, atol=0.01)
    assert wrong.prior[1] == pytest.approx((y.sum() + 1) / 402)


def test_a_class_without_validation_people_stays_possible():
    found = calibrate_zero_shot([0, 1, 1], [[0.2, 0.1, 0], [0, 0.2, 0.1], [0.1, 0, 0.1]], [[0, 0, 0.0]])
    assert found.prior == pytest.approx((2 / 6, 3 / 6, 1 / 6))
    assert (found.probabilities([[0.0, 0.0, 1.0]]) > 0).all()


def test_refusals():
    with pytest.raises(DataError, match="reference"):
        calibrate_zero_shot([0, 1], [[0, 1], [1, 0]], [[0.0, 0.0, 0.0]])
    with pytest.raises(DataError, match=r"differ|lengths|rows"):
        calibrate_zero_shot([0, 1, 1], [[0, 1], [1, 0]], [[0.0, 0.0]])
