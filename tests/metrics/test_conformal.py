from __future__ import annotations

import math

import numpy as np
import pytest

from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.metrics import conformal_coverage, fit_conformal

from .cases import generators


def _scores(p_row, method):
    """Written out for one row: LAC, or the summed probability of all classes at least as likely."""
    if method == "lac":
        return [1 - value for value in p_row]
    return [round(sum(other for other in p_row if other >= value), 12) for value in p_row]


def _softmax(rng, n, classes, rounded):
    logits = rng.standard_normal((n, classes)) * 2
    p = np.exp(np.round(logits) if rounded else logits)
    return p / p.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("method", ["lac", "aps"])
def test_agrees_with_the_procedure_written_out(method):
    for seed, rng in enumerate(generators()):
        n, classes = int(rng.integers(20, 80)), int(rng.integers(2, 6))
        p = _softmax(rng, n, classes, seed % 3 == 0)
        y = np.array([rng.choice(classes, p=row) for row in p])
        coverage = float(rng.choice([0.5, 0.8, 0.9]))
        found = fit_conformal(y, p, coverage=coverage, method=method)
        ordered = sorted(_scores(row, method)[label] for row, label in zip(p, y, strict=True))
        threshold = ordered[math.ceil((n + 1) * coverage - 1e-9) - 1]
        assert found.threshold == pytest.approx(threshold) and found.people == n and found.per_person is None
        test = _softmax(rng, 30, classes, False)
        expected = [[score <= threshold for score in _scores(row, method)] for row in test]
        assert found.sets(test).tolist() == expected


@pytest.mark.parametrize("method", ["lac", "aps"])
def test_the_promise_is_kept_on_average(method):
    hits = []
    for rng in generators():
        p = _softmax(rng, 150, 4, False)
        y = np.array([rng.choice(4, p=row) for row in p])
        found = fit_conformal(y[:50], p[:50], coverage=0.8, method=method)
        hits.append(found.sets(p[50:])[np.arange(100), y[50:]].mean())
    assert 0.8 - 0.01 <= np.mean(hits) <= 0.8 + 1 / 51 + 0.01  # between 1-a and 1-a + 1/(n+1)


def _repeating(rng, people):
    """Three recordings a person, whose difficulty is the person's."""
    who = np.repeat(np.arange(people), 3)
    hard = rng.uniform(0.05, 0.95, people)[who]
    y = (rng.uniform(size=len(who)) < hard).astype(int)
    return who, y, np.clip(0.5 + (y - 0.5) * rng.uniform(-1, 1, people)[who], 0.01, 0.99)


@pytest.mark.parametrize("per_person", ["worst", "drawn"])
def test_people_who_repeat_give_one_score_each(per_person):
    everyone, single = [], []
    for rng in generators():
        who, y, p = _repeating(rng, 90)
        half = who < 45
        found = fit_conformal(y[half], p[half], coverage=0.8, subjects=who[half], per_person=per_person)
        assert found.people == 45 and found.per_person == per_person
        hit = found.sets(np.column_stack([1 - p, p])[~half])[np.arange((~half).sum()), y[~half]]
        single.append(hit.mean())
        everyone.append(hit.reshape(-1, 3).all(axis=1).mean())
    assert np.mean(everyone if per_person == "worst" else single) == pytest.approx(0.8, abs=0.03)


def test_too_few_people_cannot_promise():
    p = np.full((8, 2), 0.5)
    with pytest.raises(DataError, match=r"8 people cannot promise 90% coverage\. To fix: use at least 9 people"):
        fit_conformal([0] * 8, p)
    assert fit_conformal([0] * 9, np.full((9, 2), 0.5)).people == 9
    with pytest.raises(DataError, match="3 people cannot"):
        fit_conformal([0] * 9, np.full((9, 2), 0.5), subjects=[0, 1, 2] * 3)


def test_coverage_is_told_per_subgroup():
    rng = np.random.default_rng(0)
    n = 200
    group = np.array(["child", "adult", "infant", ""])[np.arange(n) % 4]
    group[group == "infant"] = "adult"
    group[:5] = "infant"
    y = rng.integers(0, 3, n)
    sets = np.eye(3, dtype=bool)[np.where(group == "child", (y + 1) % 3, y)]
    sets[0] = False
    report = conformal_coverage(y, sets, subjects=np.arange(n), groups=group)
    hit = sets[np.arange(n), y]
    assert report.coverage.value == hit.mean() and report.coverage.low < hit.mean() < report.coverage.high
    assert report.sizes.empty == 1 / n and report.sizes.mean == pytest.approx((n - 1) / n)
    found = {part.group: part for part in report.groups}
    assert set(found) == {"child", "adult", "infant"}
    assert found["child"].coverage.value == 0 and found["adult"].coverage.value == 1
    assert found["infant"].coverage is None and found["infant"].refused.startswith("5 people; fewer than 20")


def test_everything_counts_people_whose_rows_are_all_covered():
    sets = [[1, 0], [1, 0], [1, 1], [0, 1], [1, 0]]
    report = conformal_coverage([0, 1, 0, 1, 0], sets, subjects=["a", "a", "b", "c", "d"])
    assert (report.coverage.value, report.everything) == (0.8, 0.75)


def test_bad_input_is_refused():
    with pytest.raises(DataError, match="NaN"):
        fit_conformal([0, 1], [[0.5, np.nan], [0.5, 0.5]])
    with pytest.raises(DataError, match="no rows"):
        fit_conformal([], np.zeros((0, 2)))
    with pytest.raises(DataError, match="numbers of rows"):
        fit_conformal([0], [[0.5, 0.5], [0.5, 0.5]])
    with pytest.raises(DataError, match="class numbers"):
        fit_conformal([0, 2], [[0.5, 0.5], [0.5, 0.5]])
    with pytest.raises(ConfigurationError, match="coverage"):
        fit_conformal([0], [[0.5, 0.5]], coverage=1.0)
    with pytest.raises(ConfigurationError, match="unknown method"):
        fit_conformal([0], [[0.5, 0.5]], method="raps")
    with pytest.raises(ConfigurationError, match="unknown per_person"):
        fit_conformal([0], [[0.5, 0.5]], coverage=0.4, subjects=["a"], per_person="mean")
    with pytest.raises(DataError, match="table of 0 and 1"):
        conformal_coverage([0] * 4, [[0.5, 1.0]] * 4, subjects=list("abcd"))
    with pytest.raises(DataError, match="numbers of rows"):
        conformal_coverage([0] * 4, [[1, 0]] * 4, subjects=list("abc"))
