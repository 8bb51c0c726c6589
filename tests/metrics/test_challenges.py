"""Scores of challenges, on examples worked out by hand."""

from __future__ import annotations

import pytest

from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.metrics import event_detection_score, physionet2016_score, sprsound_score

TRUTH = ["Abnormal"] * 5 + ["Normal"] * 5
QUALITY = [1, 1, 1, 0, 0, 1, 1, 1, 1, 0]
DECIDED = [
    *("Abnormal", "Abnormal", "Unsure", "Unsure", "Normal"),
    *("Normal", "Normal", "Unsure", "Abnormal", "Unsure"),
]


def test_physionet2016_unsure_is_wrong_of_good_and_right_of_poor_recordings():
    # Abnormal: good 2 of 3, poor 1 of 2; normal: good 2 of 4, poor 1 of 1.
    found = physionet2016_score(TRUTH, DECIDED, good_quality=QUALITY)
    assert found.sensitivity == pytest.approx(3 / 5 * 2 / 3 + 2 / 5 * 1 / 2)
    assert found.specificity == pytest.approx(4 / 5 * 1 / 2 + 1 / 5 * 1)
    assert found.score == pytest.approx((found.sensitivity + found.specificity) / 2)
    assert (found.abnormal, found.normal, found.unsure) == (5, 5, 4)


def test_physionet2016_weights_of_the_hidden_test_set():
    shares = {"Abnormal": 0.7881, "Normal": 0.9467}
    found = physionet2016_score(TRUTH, DECIDED, good_quality=QUALITY, good_share=shares)
    assert found.sensitivity == pytest.approx(0.7881 * 2 / 3 + 0.2119 * 1 / 2)
    assert found.specificity == pytest.approx(0.9467 * 1 / 2 + 0.0533 * 1)


def test_physionet2016_without_quality_is_balanced_accuracy_with_unsure_as_an_error():
    found = physionet2016_score(TRUTH, DECIDED)
    assert (found.sensitivity, found.specificity, found.score) == (2 / 5, 2 / 5, 2 / 5)


@pytest.mark.parametrize(
    ("truth", "decided", "shares", "error"),
    [
        (["Normal", "normal"], ["Normal"] * 2, None, DataError),
        (["Normal", "Abnormal"], ["Normal", "Maybe"], None, DataError),
        (["Normal", "Normal"], ["Normal"] * 2, None, DataError),
        (["Normal", "Abnormal"], ["Normal"] * 2, {"Normal": 1.0}, ConfigurationError),
    ],
)
def test_physionet2016_refuses(truth, decided, shares, error):
    with pytest.raises(error):
        physionet2016_score(truth, decided, good_share=shares)


def test_sprsound_task_2_2_counts_poor_quality_with_the_abnormal():
    truth = ["Normal"] * 4 + ["CAS", "CAS", "DAS", "CAS & DAS", "Poor Quality"]
    decided = ["Normal", "Normal", "Normal", "CAS", "CAS", "DAS", "DAS", "Normal", "Poor Quality"]
    found = sprsound_score(truth, decided)
    assert (found.sensitivity, found.specificity) == (3 / 5, 3 / 4)
    assert found.average == pytest.approx(0.675) and found.harmonic == pytest.approx(2 * 0.6 * 0.75 / 1.35)
    assert found.score == pytest.approx((0.675 + 2 / 3) / 2)


def test_sprsound_of_nothing_right_is_zero():
    assert sprsound_score(["Normal", "Wheeze"], ["Wheeze", "Normal"]).score == 0


def test_detection_by_hand():
    truth = [[(0.0, 1.0, "Wheeze"), (2.0, 3.0, "Normal"), (4.0, 5.0, "Normal")], [(1.0, 2.0, "Stridor")]]
    found = [[(0.15, 1.45, "Wheeze"), (2.1, 3.0, "Rhonchi"), (4.3, 5.0, "Normal")], []]
    # One found, one at the right place under another name, one too late (missed and invented), one missed.
    score = event_detection_score(truth, found)
    assert (score.correct, score.substituted, score.deleted, score.inserted) == (1, 1, 2, 1)
    assert score.f_score == pytest.approx(2 * 1 / (4 + 3)) and score.error_rate == pytest.approx(4 / 4)


def test_detection_pairs_one_to_one_and_as_many_as_possible():
    truth = [[(0.0, 1.0, "Normal"), (0.2, 1.2, "Normal")]]
    # The first detection fits both events, the second the first event alone.
    assert event_detection_score(truth, [[(0.1, 1.1, "Normal"), (-0.1, 0.9, "Normal")]]).correct == 2
    assert event_detection_score(truth, [[(0.1, 1.1, "Normal")]]).correct == 1


def test_detection_of_nothing():
    empty = event_detection_score([[]], [[]])
    assert empty.f_score is None and empty.error_rate is None
    with pytest.raises(DataError, match="ends before"):
        event_detection_score([[(2.0, 1.0, "Normal")]], [[]])
    with pytest.raises(DataError, match="recordings"):
        event_detection_score([[]], [])
