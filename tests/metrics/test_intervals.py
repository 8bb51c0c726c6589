from __future__ import annotations

import json
import time
from functools import partial

import numpy as np
import pytest
from scipy.stats import rankdata
from sklearn.metrics import roc_auc_score

from hf_auscult.errors import DataError
from hf_auscult.metrics import (
    DecisionScore,
    Interval,
    accuracy,
    auroc,
    auroc_over_runs,
    debiased_ece,
    ece,
    independent_difference,
    macro_f1,
    mae,
    mean_error,
    paired_difference,
    person_interval,
    sensitivity,
)
from hf_auscult.metrics.placements import exchange_contributions
from hf_auscult.metrics.resampling import People


def _cohort(people: int = 60, per_person: int = 4, seed: int = 0, effect: float = 1.0):
    """Recordings whose score depends on the person far more than on the recording."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(people), per_person)
    y = (np.arange(people) % 3 == 0).astype(int)[who]
    score = effect * y + rng.standard_normal(people)[who] + 0.2 * rng.standard_normal(len(who))
    return y, np.round(score, 1), who


def _slow_auroc(y, score):
    if len(np.unique(y)) < 2:
        raise DataError("one class")
    return float(roc_auc_score(y, score))


def _slow_macro_auroc(y, score):
    if len(np.unique(y)) < score.shape[1]:
        raise DataError("a class is missing")
    return float(np.mean([roc_auc_score(y == c, score[:, c]) for c in range(score.shape[1])]))


@pytest.mark.parametrize("people", [6, 40])  # 6 people: draws without a positive person occur and are drawn again
def test_all_draws_at_once_equal_the_loop(people):
    y, score, who = _cohort(people)
    fast = person_interval(auroc, y, score, subjects=who, draws=300, seed=4, family="bootstrap")
    slow = person_interval(_slow_auroc, y, score, subjects=who, draws=300, seed=4)
    assert (fast.value, fast.low, fast.high) == pytest.approx((slow.value, slow.low, slow.high), abs=1e-12)
    assert fast.redrawn == slow.redrawn
    assert (fast.redrawn > 0) == (people == 6)


def test_several_classes_and_several_runs_equal_the_loop():
    rng = np.random.default_rng(1)
    who = np.repeat(np.arange(30), 3)
    y = rng.integers(0, 3, 90)
    score = rng.standard_normal((90, 3)) + np.eye(3)[y]
    fast = person_interval(auroc, y, score, subjects=who, draws=100, seed=2, family="bootstrap")
    slow = person_interval(_slow_macro_auroc, y, score, subjects=who, draws=100, seed=2)
    assert (fast.value, fast.low, fast.high) == pytest.approx((slow.value, slow.low, slow.high), abs=1e-12)

    def slow_runs(labels, runs):
        return float(np.mean([_slow_auroc(labels, runs[:, r]) for r in range(runs.shape[1])]))

    binary = (y == 1).astype(int)
    fast = person_interval(auroc_over_runs, binary, score, subjects=who, draws=100, seed=2, family="bootstrap")
    slow = person_interval(slow_runs, binary, score, subjects=who, draws=100, seed=2)
    assert (fast.value, fast.low, fast.high) == pytest.approx((slow.value, slow.low, slow.high), abs=1e-12)


def _length(found):
    return found.high - found.low


def test_an_interval_over_runs_holds_seeds_and_who_is_labelled():
    rng = np.random.default_rng(3)
    y, who = np.arange(60) % 2, np.arange(60)
    seeds = y[:, None] * [0.2, 1.0, 2.0] + rng.standard_normal((60, 1)) + 0.3 * rng.standard_normal((60, 3))
    alone = person_interval(auroc, y, seeds[:, 1], subjects=who)
    over = person_interval(auroc_over_runs, y, seeds, subjects=who)
    assert "variance between runs" in over.method and _length(over) > 1.2 * _length(alone)
    # Runs that repeat a seed are no new seeds: told so, the interval stays as it is; else it would shrink.
    twice, factors = np.repeat(seeds, 2, axis=1), [np.repeat(range(3), 2), np.tile(range(2), 3)]
    told = person_interval(partial(auroc_over_runs, factors=factors), y, twice, subjects=who)
    assert (told.low, told.high) == pytest.approx((over.low, over.high))
    assert _length(person_interval(auroc_over_runs, y, twice, subjects=who)) < _length(over)
    gaps = [paired_difference(auroc_over_runs, seeds, seeds[:, :1], labels=y, subjects=who)]
    gaps += [
        paired_difference(partial(auroc_over_runs, factors=factors), twice, twice[:, :1], labels=y, subjects=who),
        paired_difference(auroc_over_runs, twice, twice[:, :1], labels=y, subjects=who),
    ]
    assert _length(gaps[0]) == pytest.approx(_length(gaps[1])) and _length(gaps[2]) < _length(gaps[1])


def test_scores_of_decisions_and_errors_hold_their_runs():
    rng = np.random.default_rng(4)
    y, who = np.arange(60) % 2, np.arange(60)
    wrong = rng.random((60, 3)) < [0.1, 0.25, 0.4]
    decided, truth = np.eye(2, dtype=int)[np.where(wrong, 1 - y[:, None], y[:, None])], np.eye(2, dtype=int)[y]
    for score, average in (("f1", "macro"), ("recall", "positive")):
        counted = DecisionScore(score, average, (0, 1))
        same = np.repeat(decided[:, [1]], 3, axis=1)
        with_spread, without = (person_interval(counted, truth, runs, subjects=who) for runs in (decided, same))
        assert "between runs" in with_spread.method and "between runs" not in without.method
        assert _length(with_spread) > 1.15 * _length(without)
    errors = rng.exponential(size=(60, 1)) * np.array([0.5, 1.0, 1.5])
    over, alone = (person_interval(mean_error, part, subjects=who) for part in (errors, errors.mean(axis=1)))
    assert over.value == pytest.approx(alone.value) and _length(over) > 1.2 * _length(alone)
    gap = paired_difference(mean_error, errors, errors * 0, subjects=who)
    # Student's t of people's and runs' variances together.
    people, runs = errors.mean(axis=1).var(ddof=1) / 60, errors.mean(axis=0).var(ddof=1) / 3
    assert _length(gap) > 2 * 1.96 * (people + runs) ** 0.5


def test_one_class_alone_has_no_interval_of_its_f1():
    for truth in ([0] * 30, [1] * 30):
        assert "one class" in person_interval(macro_f1, truth, truth, subjects=range(30)).reason
    table = np.eye(2, dtype=int)[[0] * 30]
    assert person_interval(DecisionScore("f1", "macro", (0, 1)), table, table[:, None], subjects=range(30)).low is None


def test_two_thousand_draws_of_six_hundred_recordings_in_a_second():
    y, score, who = _cohort(150, 4)
    start = time.perf_counter()
    interval = person_interval(auroc, y, score, subjects=who, family="bootstrap")
    assert time.perf_counter() - start < 1.0
    assert (interval.draws, interval.subjects, interval.positives) == (2000, 150, 50)


def test_repeating_every_recording_hardly_narrows_the_interval():
    y, score, who = _cohort(40, 1)
    once = person_interval(auroc, y, score, subjects=who)
    ten = person_interval(auroc, np.tile(y, 10), np.tile(score, 10), subjects=np.tile(who, 10))
    assert ten.value == pytest.approx(once.value, abs=1e-12)
    # Only the expected variance believes that ten recordings say more than one; the observed one knows better.
    assert ten.high - ten.low == pytest.approx(once.high - once.low, rel=0.1)
    naive = person_interval(auroc, np.tile(y, 10), np.tile(score, 10), subjects=np.arange(400))
    assert naive.high - naive.low < 0.5 * (ten.high - ten.low)


@pytest.mark.parametrize("family", ["ranking", "bootstrap"])
def test_row_order_and_names_of_people_do_not_matter(family):
    y, score, who = _cohort(30)
    shuffle = np.random.default_rng(0).permutation(len(y))
    options = {"draws": 200, "family": family}
    first = person_interval(auroc, y, score, subjects=who, **options)
    other = person_interval(auroc, y[shuffle], score[shuffle], subjects=who[shuffle], **options)
    assert (other.value, other.low, other.high) == pytest.approx((first.value, first.low, first.high), abs=1e-12)
    named = np.array([f"child-{number:03d}" for number in who])
    assert person_interval(auroc, y, score, subjects=named, **options) == first
    assert (person_interval(auroc, y, score, subjects=who, seed=1, **options) == first) == (family == "ranking")


def test_any_statistic_works():
    y, score, who = _cohort(30)
    interval = person_interval(lambda values: float(np.median(values)), score, subjects=who, draws=100)
    assert interval.low < interval.value < interval.high
    assert (interval.draws, interval.method) == (100, "percentile bootstrap over people")
    decided = (score > 0.5).astype(int)
    for figure in (macro_f1, accuracy, sensitivity):
        found = person_interval(figure, y, decided, subjects=who)
        assert found.low < found.value < found.high and found.draws == 0 and found.method


def test_draws_are_uniform_over_people():
    weights = People.of(np.arange(20)).draw(np.random.default_rng(0), 4000)
    assert (weights.sum(axis=1) == 20).all()
    assert np.abs(weights.mean(axis=0) - 1).max() < 0.08
    assert np.abs(weights.var(axis=0) - 0.95).max() < 0.15  # binomial(20, 1/20)


def test_too_little_evidence_has_a_reason_in_place_of_bounds():
    with pytest.raises(DataError, match="3 people"):
        person_interval(auroc, [0, 1, 1], [1, 2, 3], subjects=["a", "b", "c"])
    alone = person_interval(auroc, [0, 0, 0, 0, 1], [0.1, 0.2, 0.3, 0.4, 0.5], subjects=range(5))
    assert (alone.value, alone.low, alone.high) == (1.0, None, None)
    assert alone.reason == "1 person of the rarer class, fewer than 2" and str(alone) == "1.000 (no interval)"
    perfect = person_interval(auroc, [0, 0, 1, 1], [1, 2, 3, 4], subjects=range(4))
    assert perfect.low < 0.5 and perfect.high == 1.0  # four people can be told apart by luck
    few = person_interval(macro_f1, [0, 0, 0, 1, 1], [0, 0, 0, 1, 1], subjects=range(5))
    assert few.low is None and few.reason == "5 people, fewer than 25"
    rare = person_interval(macro_f1, [0] * 28 + [1] * 2, [0] * 28 + [1] * 2, subjects=range(30))
    assert rare.low is None and rare.reason == "2 people of the rarest class, fewer than 8"
    decided_only = person_interval(macro_f1, [0] * 15 + [1] * 15, [0] * 15 + [1] * 14 + [2], subjects=range(30))
    assert decided_only.low is None and decided_only.reason.startswith("0 people of the rarest class")
    for error in (ece, debiased_ece, partial(debiased_ece, subjects=range(20))):
        assert "bias" in person_interval(error, [0, 1] * 10, [0.4, 0.6] * 10, subjects=range(20)).reason

    def rarely(values):
        return 1.0 if len(np.unique(values)) == 4 else float("nan")  # 4!/4^4 = 9 % of draws

    with pytest.raises(DataError, match="undefined in"):
        person_interval(rarely, np.arange(4.0), subjects=np.arange(4), draws=200)


@pytest.mark.parametrize("n", [1, 4, 12])
def test_shares_are_clopper_pearson(n):
    from scipy.stats import binomtest

    for hits in range(n + 1):
        y, decided = [1] * n + [0] * 4, [1] * hits + [0] * (n - hits + 4)
        found = person_interval(sensitivity, y, decided, subjects=range(n + 4))
        exact = binomtest(hits, n).proportion_ci(0.95, "exact")
        assert (found.low, found.high) == pytest.approx((exact.low, exact.high))
    y, decided = [1] * 60 + [0] * 4, ([1] * 10 + [0] * 10) * 3 + [0] * 4
    ten = person_interval(sensitivity, y, decided, subjects=[*np.repeat(range(6), 10), 6, 7, 8, 9])
    assert (ten.low, ten.high) == pytest.approx((0.118, 0.882), abs=0.05)  # six people, not sixty recordings


def test_p_values_are_those_the_sample_can_give():
    y, score = [0, 0, 1, 1], [1, 2, 3, 4]
    found = paired_difference(auroc, score, score[::-1], labels=y, subjects=range(4))
    assert found.low is None and found.p_value == 2 / 2**4 and "4" not in found.reason.split(",")[0]
    y = np.arange(30) % 2
    near = paired_difference(auroc, y + 0.0, np.where(np.arange(30) == 4, 2, y), labels=y, subjects=range(30))
    assert near.low is None and "rightly" in near.reason and near.p_value > 0.2
    same = paired_difference(mae, np.ones(9), np.ones(9), labels=np.zeros(9), subjects=range(9))
    assert (same.value, same.low, same.p_value) == (0.0, None, 1.0)


def test_a_difference_of_two_groups():
    a, b = (
        person_interval(accuracy, np.ones(n), np.arange(n) % 10 < k, subjects=range(n)) for n, k in ((200, 9), (100, 6))
    )
    gap = independent_difference(a, b)
    assert gap.value == pytest.approx(0.3) and 0.15 < gap.low < 0.2 and 0.39 < gap.high < 0.42
    assert gap.p_value < 1e-6 and gap.subjects == 300
    with pytest.raises(DataError, match="interval of both"):
        independent_difference(a, Interval(0.5, None, None, 4, 2))


@pytest.mark.parametrize(
    "subjects", [["a", None, "b", "c"], [1.0, float("nan"), 2.0, 3.0], ["a", "", "b", "c"], ["a", "b", "c"]]
)
def test_missing_subjects_are_refused(subjects):
    with pytest.raises(DataError):
        person_interval(auroc, [0, 1, 0, 1], [1, 2, 3, 4], subjects=subjects)


def test_difference_is_paired():
    y, score, who = _cohort(60)
    same = paired_difference(auroc, score, score, labels=y, subjects=who)
    assert (same.value, same.low, same.high, same.p_value) == (0.0, None, None, 1.0)

    noisier = score + np.round(0.3 * np.random.default_rng(1).standard_normal(len(score)), 1)
    paired = paired_difference(auroc, score, noisier, labels=y, subjects=who)
    single = person_interval(auroc, y, score, subjects=who)
    assert paired.high - paired.low < 0.5 * (single.high - single.low)
    swapped = paired_difference(auroc, noisier, score, labels=y, subjects=who)
    assert (swapped.value, swapped.low, swapped.high) == pytest.approx((-paired.value, -paired.high, -paired.low))
    assert swapped.p_value == pytest.approx(paired.p_value)
    slow = paired_difference(_slow_auroc, score, noisier, labels=y, subjects=who, draws=500)
    assert (slow.low, slow.high) == pytest.approx((paired.low, paired.high), abs=0.01)
    f1 = paired_difference(macro_f1, score > 0.5, noisier > 0.5, labels=y == 1, subjects=who)
    assert f1.low <= f1.value <= f1.high and f1.method == "jackknife over people, t"


def test_difference_finds_a_real_effect_and_not_a_missing_one():
    y, score, who = _cohort(80, effect=3.0)
    noise = np.random.default_rng(5).standard_normal((2, len(y)))
    real = paired_difference(auroc, score, noise[0], labels=y, subjects=who, draws=1000)
    assert real.low > 0 and real.p_value < 0.01
    absent = paired_difference(auroc, noise[0], noise[1], labels=y, subjects=who, draws=1000)
    assert absent.low < 0 < absent.high and absent.p_value > 0.05


def test_printing_and_json():
    assert str(Interval(0.7421, 0.609, 0.8551, 58, 20, 2000)) == ".742 [.61, .86]"
    assert str(Interval(-0.031, -0.08, 0.0, 58, 20, 2000)) == "-.031 [-.08, .00]"
    assert str(Interval(1.0, 0.99, 1.0, 58, 20, 2000)) == "1.000 [.99, 1.00]"
    assert str(Interval(-0.0001, -0.001, 0.001, 5, 2, 9)) == ".000 [.00, .00]"
    assert str(Interval(136.0, 113.25, 164.0, 58, None, 2000)) == "136.0 [113.2, 164.0]"
    assert json.loads(json.dumps(Interval(0.7, 0.6, 0.8, 58, 20, 2000).to_dict()))["subjects"] == 58


@pytest.mark.parametrize("seed", range(4))
def test_exchanging_people_turns_the_signs_of_their_contributions(seed):
    rng = np.random.default_rng(seed)
    who = np.unique(rng.integers(0, 6, 24), return_inverse=True)[1]  # people carry both labels, and scores tie
    y, a, b = rng.integers(0, 2, 24), np.round(rng.standard_normal(24), 1), np.round(rng.standard_normal(24), 1)
    contributions = exchange_contributions(y, a, b, who, runs=False)
    for _ in range(8):
        signs = 1 - 2 * rng.integers(0, 2, who.max() + 1)
        exchanged = signs[who] == -1
        ranks = rankdata(a), rankdata(b)
        one, other = np.where(exchanged, ranks[1], ranks[0]), np.where(exchanged, ranks[0], ranks[1])
        assert signs @ contributions == pytest.approx(auroc(y, one) - auroc(y, other), abs=1e-12)


@pytest.mark.parametrize("labels", [[0, 1], [0, 1, 2, 3]])
def test_named_classes_are_resampled_as_they_are_scored(labels):
    rng = np.random.default_rng(0)
    who, y, decided = np.arange(30) // 2, rng.integers(0, 3, 30), rng.integers(0, 3, 30)
    named = partial(macro_f1, labels=labels)
    fast = person_interval(named, y, decided, subjects=who, draws=50, family="bootstrap")
    slow = person_interval(lambda *arrays: named(*arrays), y, decided, subjects=who, draws=50)
    assert (fast.value, fast.low, fast.high) == pytest.approx((slow.value, slow.low, slow.high))
