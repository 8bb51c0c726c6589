"""Probabilities of zero-shot scores."""

from __future__ import annotations

import numpy as np
import pytest

from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.evaluation.zero_shot.probability import class_probabilities
from hf_auscult.metrics import temperature_scaling


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
