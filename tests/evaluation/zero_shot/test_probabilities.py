"""Probabilities of zero-shot scores, with base rates and a temperature."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.evaluation.zero_shot.probabilities import calibrate_zero_shot, class_probabilities
from hf_auscult.metrics import ece, temperature_scaling


def test_an_offset_of_wording_is_taken_out():
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=400)
    scores = 0.1 * rng.standard_normal((400, 2)) + 0.1 * np.eye(2)[labels] + [0.0, 5.0]
    raw, mended = class_probabilities(scores), class_probabilities(scores, reference=scores)
    assert (raw.argmax(1) == 1).all()
    assert 0.4 < (mended.argmax(1) == 1).mean() < 0.6
    assert np.allclose(mended.sum(1), 1)
    # ranking within a class is untouched
    assert np.array_equal(np.argsort(scores[:, 1] - scores[:, 0]), np.argsort(np.log(mended[:, 1] / mended[:, 0])))


def test_the_prior_shifts_the_odds_by_its_own():
    even, rare = class_probabilities([[0.3, 0.1]]), class_probabilities([[0.3, 0.1]], prior=[0.99, 0.01])
    odds = (rare[0, 1] / rare[0, 0]) / (even[0, 1] / even[0, 0])
    assert odds == pytest.approx(1 / 99)


def test_fitted_temperature_recovers_the_true_one():
    rng = np.random.default_rng(1)
    scores = rng.standard_normal((20_000, 3))
    chances = class_probabilities(scores, temperature=0.5)
    labels = (rng.random((20_000, 1)) > chances.cumsum(1)).sum(1)
    found = temperature_scaling(labels, scores)
    assert found.value == pytest.approx(0.5, rel=0.05)
    assert np.allclose(found.apply(scores), class_probabilities(scores, temperature=found.value))


@pytest.mark.parametrize(
    "settings",
    [{"temperature": 0}, {"prior": [0.5, 0.6]}, {"prior": [1.0, 0.0]}, {"prior": [0.5, 0.3, 0.2]}],
)
def test_nonsense_is_refused(settings):
    with pytest.raises(ConfigurationError):
        class_probabilities([[0.1, 0.2]], **settings)


def test_other_classes_are_refused():
    with pytest.raises(DataError, match="classes"):
        class_probabilities([[0.1, 0.2]], reference=[[0.1, 0.2, 0.3]])


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
