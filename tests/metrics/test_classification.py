from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, recall_score

from hf_auscult.errors import DataError
from hf_auscult.metrics import (
    accuracy,
    event_detection_score,
    macro_f1,
    micro_f1,
    sensitivity,
    specificity,
    zero_shot_scores,
)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("names", [np.arange(4), np.array(["a", "b", "c", "d"])])
def test_agrees_with_sklearn(seed, names):
    rng = np.random.default_rng(seed)
    y, predicted = names[rng.integers(0, 4, 60)], names[rng.integers(0, 3, 60)]  # one class is never decided
    assert accuracy(y, predicted) == pytest.approx(accuracy_score(y, predicted))
    assert macro_f1(y, predicted) == pytest.approx(f1_score(y, predicted, average="macro"))
    assert micro_f1(y, predicted) == pytest.approx(f1_score(y, predicted, average="micro"))
    kept = names[1:3]
    assert macro_f1(y, predicted, labels=kept) == pytest.approx(f1_score(y, predicted, average="macro", labels=kept))
    assert micro_f1(y, predicted, labels=kept) == pytest.approx(f1_score(y, predicted, average="micro", labels=kept))


def test_a_named_class_that_never_occurs_counts_zero():
    assert macro_f1([0, 1], [0, 1]) == 1.0
    assert macro_f1([0, 1], [0, 1], labels=[0, 1, 2]) == pytest.approx(2 / 3)


def test_sensitivity_and_specificity_are_the_two_recalls():
    rng = np.random.default_rng(0)
    y, predicted = rng.integers(0, 2, 50), rng.integers(0, 2, 50)
    assert sensitivity(y, predicted) == pytest.approx(recall_score(y, predicted))
    assert specificity(y, predicted) == pytest.approx(recall_score(y, predicted, pos_label=0))
    words = np.where(y == 1, "Present", "Absent")
    assert sensitivity(words, np.where(predicted == 1, "Present", "Absent"), positive="Present") == pytest.approx(
        recall_score(y, predicted)
    )


def test_undefined_figures_are_refused():
    with pytest.raises(DataError, match="no row is positive"):
        sensitivity([0, 0], [0, 1])
    with pytest.raises(DataError, match="every row is positive"):
        specificity([1, 1], [0, 1])
    with pytest.raises(DataError, match="numbers of rows"):
        accuracy([1, 1], [1])
    with pytest.raises(DataError, match="no rows"):
        accuracy([], [])


def test_a_decided_class_that_is_never_true_counts_as_in_sklearn():
    y, decided = ["a", "a", "b", "b"], ["a", "c", "b", "c"]
    assert macro_f1(y, decided) == pytest.approx(f1_score(y, decided, average="macro")) == pytest.approx(4 / 9)
    assert micro_f1(y, decided) == pytest.approx(accuracy(y, decided)) == 0.5


@pytest.mark.parametrize(
    "spellings", [("murmur", "MURMUR"), ("1", "1.0"), ("1", "1 "), ("caf\u00e9", "cafe\u0301"), ("a b", "a  b")]
)
def test_one_class_under_several_spellings_is_refused(spellings):
    with pytest.raises(DataError, match="several spellings") as refusal:
        macro_f1(["normal", *spellings], ["normal"] * 3)
    assert all(repr(spelling) in str(refusal.value) for spelling in spellings)
    for figure in (accuracy, sensitivity, specificity):
        with pytest.raises(DataError, match="several spellings"):
            figure(["normal", *spellings], ["normal"] * 3)
    with pytest.raises(DataError, match="several spellings"):
        accuracy([0, 1], ["0", "1"])
    with pytest.raises(DataError, match="several spellings"):
        zero_shot_scores([[1.0, 0.0]], {spelling: [[1.0, 0.0]] for spelling in spellings})
    with pytest.raises(DataError, match="several spellings"):
        event_detection_score([[(0.0, 1.0, spellings[0])]], [[(0.0, 1.0, spellings[1])]])


def test_names_and_numbers_do_not_mix():
    with pytest.raises(DataError, match="no order"):
        macro_f1(np.array(["a", 1], object), np.array(["a", 1], object))
