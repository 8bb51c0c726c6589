from __future__ import annotations

import json
import time

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from hf_auscult.errors import DataError
from hf_auscult.metrics import Interval, auroc, auroc_over_runs, macro_f1, paired_difference, patient_bootstrap
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
    fast = patient_bootstrap(auroc, y, score, subjects=who, draws=300, seed=4)
    slow = patient_bootstrap(_slow_auroc, y, score, subjects=who, draws=300, seed=4)
    assert (fast.value, fast.low, fast.high) == pytest.approx((slow.value, slow.low, slow.high), abs=1e-12)
    assert fast.redrawn == slow.redrawn
    assert (fast.redrawn > 0) == (people == 6)


def test_several_classes_and_several_runs_equal_the_loop():
    rng = np.random.default_rng(1)
    who = np.repeat(np.arange(30), 3)
    y = rng.integers(0, 3, 90)
    score = rng.standard_normal((90, 3)) + np.eye(3)[y]
    fast = patient_bootstrap(auroc, y, score, subjects=who, draws=100, seed=2)
    slow = patient_bootstrap(_slow_macro_auroc, y, score, subjects=who, draws=100, seed=2)
    assert (fast.value, fast.low, fast.high) == pytest.approx((slow.value, slow.low, slow.high), abs=1e-12)

    def slow_runs(labels, runs):
        return float(np.mean([_slow_auroc(labels, runs[:, r]) for r in range(runs.shape[1])]))

    binary = (y == 1).astype(int)
    fast = patient_bootstrap(auroc_over_runs, binary, score, subjects=who, draws=100, seed=2)
    slow = patient_bootstrap(slow_runs, binary, score, subjects=who, draws=100, seed=2)
    assert (fast.value, fast.low, fast.high) == pytest.approx((slow.value, slow.low, slow.high), abs=1e-12)


def test_two_thousand_draws_of_six_hundred_recordings_in_a_second():
    y, score, who = _cohort(150, 4)
    start = time.perf_counter()
    interval = patient_bootstrap(auroc, y, score, subjects=who)
    assert time.perf_counter() - start < 1.0
    assert (interval.draws, interval.subjects, interval.positives) == (2000, 150, 50)


def test_repeating_every_recording_does_not_narrow_the_interval():
    y, score, who = _cohort(40, 1)
    once = patient_bootstrap(auroc, y, score, subjects=who, draws=500)
    ten = patient_bootstrap(auroc, np.tile(y, 10), np.tile(score, 10), subjects=np.tile(who, 10), draws=500)
    assert (ten.value, ten.low, ten.high) == pytest.approx((once.value, once.low, once.high), abs=1e-12)
    naive = patient_bootstrap(auroc, np.tile(y, 10), np.tile(score, 10), subjects=np.arange(400), draws=500)
    assert naive.high - naive.low < 0.5 * (ten.high - ten.low)


def test_row_order_and_names_of_people_do_not_matter():
    y, score, who = _cohort(30)
    shuffle = np.random.default_rng(0).permutation(len(y))
    first = patient_bootstrap(auroc, y, score, subjects=who, draws=200)
    assert patient_bootstrap(auroc, y[shuffle], score[shuffle], subjects=who[shuffle], draws=200) == first
    named = np.array([f"child-{number:03d}" for number in who])
    assert patient_bootstrap(auroc, y, score, subjects=named, draws=200) == first
    assert patient_bootstrap(auroc, y, score, subjects=who, draws=200, seed=1) != first


def test_interval_covers_the_truth_about_as_often_as_it_says():
    truth = 0.76025  # P(N(1,1) > N(0,1)) = Phi(1/sqrt 2)
    hits = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        y = np.repeat([0, 1], 40)
        interval = patient_bootstrap(auroc, y, rng.standard_normal(80) + y, subjects=np.arange(80), draws=300)
        hits += interval.low <= truth <= interval.high
    assert 87 <= hits <= 99


def test_any_statistic_works():
    y, score, who = _cohort(30)
    decided = (score > 0.5).astype(int)
    interval = patient_bootstrap(macro_f1, y, decided, subjects=who, draws=100)
    assert interval.low < interval.value < interval.high


def test_strata_keep_the_number_of_people_of_each():
    y, _, who = _cohort(30)
    people = People.of(who, strata=y)
    weights = people.draw(np.random.default_rng(0), 50)
    of_person = y[np.unique(who, return_index=True)[1]]
    assert (weights[:, of_person == 1].sum(axis=1) == 10).all()
    assert (weights[:, of_person == 0].sum(axis=1) == 20).all()
    y6, score6, who6 = _cohort(6)
    assert patient_bootstrap(auroc, y6, score6, subjects=who6, draws=100, strata=y6).redrawn == 0
    with pytest.raises(DataError, match="more than one stratum"):
        People.of([1, 1, 2], strata=["a", "b", "a"])


def test_draws_are_uniform_over_people():
    weights = People.of(np.arange(20)).draw(np.random.default_rng(0), 4000)
    assert (weights.sum(axis=1) == 20).all()
    assert np.abs(weights.mean(axis=0) - 1).max() < 0.08
    assert np.abs(weights.var(axis=0) - 0.95).max() < 0.15  # binomial(20, 1/20)


def test_too_little_evidence_is_refused():
    with pytest.raises(DataError, match="3 people"):
        patient_bootstrap(auroc, [0, 1, 1], [1, 2, 3], subjects=["a", "b", "c"])
    y = np.zeros(40, dtype=int)
    who = np.arange(40) // 10  # 4 people, the positive one is missing from (3/4)^4 = 32 % of draws ...
    y[0] = 1
    assert patient_bootstrap(auroc, y, np.arange(40.0), subjects=who, draws=200).redrawn > 0
    y[:] = 1
    y[0] = 0  # ... and a person of whom the only negative is one row still counts as a negative person
    patient_bootstrap(auroc, y, np.arange(40.0), subjects=who, draws=200)

    def rarely(values):
        return 1.0 if len(np.unique(values)) == 4 else float("nan")  # 4!/4^4 = 9 % of draws

    with pytest.raises(DataError, match="undefined in"):
        patient_bootstrap(rarely, np.arange(4.0), subjects=np.arange(4), draws=200)


@pytest.mark.parametrize(
    "subjects", [["a", None, "b", "c"], [1.0, float("nan"), 2.0, 3.0], ["a", "", "b", "c"], ["a", "b", "c"]]
)
def test_missing_subjects_are_refused(subjects):
    with pytest.raises(DataError):
        patient_bootstrap(auroc, [0, 1, 0, 1], [1, 2, 3, 4], subjects=subjects)


def test_difference_is_paired():
    y, score, who = _cohort(60)
    same = paired_difference(auroc, score, score, labels=y, subjects=who, draws=200)
    assert (same.value, same.low, same.high, same.p_value) == (0.0, 0.0, 0.0, 1.0)

    noisier = score + np.round(0.3 * np.random.default_rng(1).standard_normal(len(score)), 1)
    paired = paired_difference(auroc, score, noisier, labels=y, subjects=who, draws=500)
    single = patient_bootstrap(auroc, y, score, subjects=who, draws=500)
    assert paired.high - paired.low < 0.5 * (single.high - single.low)
    swapped = paired_difference(auroc, noisier, score, labels=y, subjects=who, draws=500)
    assert (swapped.value, swapped.low, swapped.high) == pytest.approx((-paired.value, -paired.high, -paired.low))
    assert swapped.p_value == paired.p_value
    slow = paired_difference(_slow_auroc, score, noisier, labels=y, subjects=who, draws=500)
    assert (slow.low, slow.high) == pytest.approx((paired.low, paired.high))


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
