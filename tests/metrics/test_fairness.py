from __future__ import annotations

import numpy as np
import pytest

from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.metrics import (
    accuracy,
    age_groups,
    auroc,
    fairness_report,
    independent_difference,
    person_interval,
    sensitivity,
    specificity,
)


def _cohort(people=160, seed=0):
    """Two recordings a person; boys' positives are heard worse."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(people), 2)
    y = (np.arange(people) % 2)[who]
    sex = np.where(np.arange(people) % 4 < 2, "girl", "boy")[who]
    score = y * np.where(sex == "girl", 3.0, 0.3) + rng.standard_normal(len(who))
    return y, np.round(score, 1), sex, who


def test_figures_of_a_group_are_those_of_its_rows():
    y, score, sex, who = _cohort()
    report = fairness_report(y, score, {"sex": sex}, subjects=who, threshold=0.5)
    assert [(g.group, g.figure) for g in report.groups[:3]] == [
        ("boy", "sensitivity"),
        ("girl", "sensitivity"),
        ("boy", "specificity"),
    ]
    for found in report.groups:
        rows = sex == found.group
        decided = (score[rows] >= 0.5).astype(int)
        expected = {
            "sensitivity": lambda r=rows, d=decided: sensitivity(y[r], d),
            "specificity": lambda r=rows, d=decided: specificity(y[r], d),
            "accuracy": lambda r=rows, d=decided: accuracy(y[r], d),
            "auroc": lambda r=rows: auroc(y[r], score[r]),
        }[found.figure]()
        assert found.interval.value == pytest.approx(expected)
        assert (found.people, found.positives, found.negatives) == (80, 40, 40)


def test_intervals_are_those_of_the_group_and_gaps_those_of_two_groups():
    y, score, sex, who = _cohort()
    report = fairness_report(y, score, {"sex": sex}, subjects=who, threshold=0.5)
    for found in report.groups:
        rows = sex == found.group
        scored = score[rows] if found.figure == "auroc" else (score[rows] >= 0.5).astype(int)
        statistic = {"sensitivity": sensitivity, "specificity": specificity, "accuracy": accuracy, "auroc": auroc}
        expected = person_interval(statistic[found.figure], y[rows], scored, subjects=who[rows])
        assert (found.interval.low, found.interval.high) == pytest.approx((expected.low, expected.high))
    gaps = {gap.figure: gap for gap in report.gaps}
    for figure in ("sensitivity", "auroc"):
        gap = gaps[figure]
        assert (gap.higher, gap.lower) == ("girl", "boy") and gap.interval.p_value < 0.02
        girl, boy = (
            next(g.interval for g in report.groups if (g.group, g.figure) == (group, figure))
            for group in ("girl", "boy")
        )
        expected = independent_difference(girl, boy)
        assert (gap.interval.value, gap.interval.low) == pytest.approx((expected.value, expected.low))
    assert gaps["specificity"].interval.low < 0 < gaps["specificity"].interval.high
    assert gaps["specificity"].interval.p_value > 0.05


def test_a_small_group_gets_its_reason_in_place_of_a_number():
    y, score, _, who = _cohort()
    age = np.where(who < 30, "infant", np.where(who < 90, "child", "adult")).astype(object)
    age[-2:] = None  # one person of unknown age stands in no group
    report = fairness_report(y, score, {"age": age}, subjects=who, threshold=0.5)
    infant = [g for g in report.groups if g.group == "infant"]
    assert [g.refused for g in infant] == [
        "15 positive people, fewer than 20",
        "15 negative people, fewer than 20",
        *["15 positive people and 15 negative people, fewer than 20"] * 2,
    ]
    assert all(g.interval is None for g in infant)
    assert {g.people for g in report.groups if g.group == "adult"} == {69}
    assert {(gap.higher, gap.lower) for gap in report.gaps} <= {("adult", "child"), ("child", "adult")}


def test_the_widest_of_many_pairs_pays_for_being_picked():
    rng = np.random.default_rng(1)
    n = 1000
    y, score = np.arange(n) % 2, rng.standard_normal(n)
    site = np.array(list("abcde"))[np.arange(n) // 2 % 5]
    report = fairness_report(y, score, {"site": site}, subjects=np.arange(n), threshold=0.0)
    assert [gap.figure for gap in report.gaps] == ["sensitivity", "specificity", "accuracy", "auroc"]
    assert all(gap.interval.p_value > 0.05 for gap in report.gaps)


def test_age_groups_by_their_lower_edges():
    assert age_groups([0, 0.99, 1, 2.9, 3, 17, 18, 40, 64, 65, 100]).tolist() == [
        *["<1"] * 2,
        *["1-3"] * 2,
        *["3-18"] * 2,
        "18-40",
        *["40-65"] * 2,
        *["65+"] * 2,
    ]
    assert age_groups([10, np.nan], edges=[18]).tolist() == ["<18", ""]
    with pytest.raises(DataError, match="row 1 is negative"):
        age_groups([1, -2])
    with pytest.raises(ConfigurationError, match="ascend"):
        age_groups([1], edges=[3, 1])


def test_bad_input_is_refused():
    y, score, sex, who = _cohort()
    with pytest.raises(DataError, match="no attributes"):
        fairness_report(y, score, {}, subjects=who, threshold=0.5)
    with pytest.raises(DataError, match="groups: shape"):
        fairness_report(y, score, {"sex": sex[1:]}, subjects=who, threshold=0.5)
    with pytest.raises(DataError, match="NaN"):
        fairness_report(y, score * np.nan, {"sex": sex}, subjects=who, threshold=0.5)
    with pytest.raises(DataError, match="numbers of rows"):
        fairness_report(y[1:], score, {"sex": sex}, subjects=who, threshold=0.5)
    with pytest.raises(DataError, match="2 people"):
        fairness_report(y[:4], score[:4], {"sex": sex[:4]}, subjects=who[:4], threshold=0.5)
    one_class = fairness_report(y * 0, score, {"sex": sex}, subjects=who, threshold=0.5)
    assert {g.figure for g in one_class.groups if g.interval} == {"specificity"}
