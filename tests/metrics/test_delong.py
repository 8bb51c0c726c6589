from __future__ import annotations

import numpy as np
import pytest

from hf_auscult.errors import DataError
from hf_auscult.metrics import auroc, delong, delong_difference, paired_difference, person_interval
from hf_auscult.metrics.placements import placements


def _textbook(y, a, b):
    """DeLong 1988, straight from the definition: a double loop over pairs."""
    components = []
    for score in (a, b):
        kernel = np.array([[1.0 if p > q else 0.5 if p == q else 0.0 for q in score[y == 0]] for p in score[y == 1]])
        components.append((kernel.mean(axis=1), kernel.mean(axis=0)))
    positive = np.cov([c[0] for c in components])
    negative = np.cov([c[1] for c in components])
    return positive / (y == 1).sum() + negative / (y == 0).sum()


@pytest.mark.parametrize("seed", range(4))
def test_variance_and_covariance_are_the_definitions(seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, 40)
    a = np.round(rng.standard_normal(40) + y, 1)
    b = np.round(a + rng.standard_normal(40), 1)
    expected = _textbook(y, a, b)
    assert delong(y, a).value == pytest.approx(auroc(y, a), abs=1e-12)
    assert delong(y, a).variance == pytest.approx(expected[0, 0], abs=1e-12)
    difference = placements(y, a, np.arange(40)).minus(placements(y, b, np.arange(40)))
    assert difference.value == pytest.approx(auroc(y, a) - auroc(y, b), abs=1e-12)
    assert difference.variance == pytest.approx(expected[0, 0] + expected[1, 1] - 2 * expected[0, 1], abs=1e-12)


def test_perfect_separation_has_no_variance_but_an_exact_p_value():
    result = delong([0, 0, 1, 1], [1, 2, 3, 4])
    assert (result.value, result.variance, result.low, result.high) == (1.0, 0.0, None, None)
    assert result.p_value == pytest.approx(1 / 3)  # of the 6 orders of two and two people, 2 are as extreme
    clustered = delong([0] * 20 + [1] * 20, range(40), subjects=np.arange(40) // 10)
    assert clustered.p_value == pytest.approx(1 / 3)
    assert delong_difference([0, 0, 1, 1], [1, 2, 3, 4], [4, 3, 2, 1]).p_value == 0.125


def test_agrees_with_the_person_interval_when_people_repeat():
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(120), 5)
    y = (np.arange(120) % 2)[who]
    score = 0.8 * y + rng.standard_normal(120)[who] + 0.3 * rng.standard_normal(600)
    clustered, naive = delong(y, score, subjects=who), delong(y, score)
    interval = person_interval(auroc, y, score, subjects=who, draws=4000, family="bootstrap")
    width = interval.high - interval.low
    assert clustered.high - clustered.low == pytest.approx(width, rel=0.08)
    assert naive.high - naive.low < 0.6 * width
    assert delong(y, score, subjects=np.arange(600)).variance == pytest.approx(naive.variance)


def test_agrees_with_the_bootstrap_when_people_carry_both_labels():
    rng = np.random.default_rng(2)
    who = np.repeat(np.arange(150), 4)
    y = np.tile([0, 1, 0, 1], 150)
    score = 0.7 * y + 1.5 * rng.standard_normal(150)[who] + 0.5 * rng.standard_normal(600)
    other = score + rng.standard_normal(600)
    interval = person_interval(auroc, y, score, subjects=who, draws=4000, family="bootstrap")
    clustered = delong(y, score, subjects=who)
    assert clustered.high - clustered.low == pytest.approx(interval.high - interval.low, rel=0.08)
    # Here the shared person effect cancels between classes, which the cross term must see.
    assert clustered.variance < delong(y, score).variance
    paired = paired_difference(lambda *arrays: auroc(*arrays), score, other, labels=y, subjects=who, draws=1000)
    analytic = paired_difference(auroc, score, other, labels=y, subjects=who)
    assert analytic.high - analytic.low == pytest.approx(paired.high - paired.low, rel=0.1)
    assert analytic.p_value == pytest.approx(paired.p_value, abs=0.05)


def test_too_few_are_refused():
    with pytest.raises(DataError, match="1 positive and 2 negative"):
        delong([0, 0, 1], [1, 2, 3])
    with pytest.raises(DataError, match="1 positive"):
        delong([0, 0, 1, 1], [1, 2, 3, 4], subjects=["a", "b", "c", "c"])
