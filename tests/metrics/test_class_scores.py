from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_recall_fscore_support

from hf_auscult.errors import DataError
from hf_auscult.metrics import class_scores, macro_f1, micro_f1

from .cases import class_cases


def test_agrees_with_sklearn():
    for y, decided, _ in class_cases():
        found = class_scores(y, decided)
        p, r, f, n = precision_recall_fscore_support(y, decided, labels=found.labels, zero_division=0)
        assert (
            np.allclose([found.precision, found.recall, found.f1], [p, r, f]) and found.support.tolist() == n.tolist()
        )
        averages = precision_recall_fscore_support(y, decided, average="macro", zero_division=0)[:3]
        figures = found.to_dict()
        assert np.allclose([figures[f"macro_{name}"] for name in ("precision", "recall", "f1")], averages)
        assert found.micro_f1 == pytest.approx(f1_score(y, decided, average="micro"))
        assert (found.macro_f1, found.micro_f1) == pytest.approx((macro_f1(y, decided), micro_f1(y, decided)))


def test_named_classes_keep_their_order_and_stay_in_the_average():
    found = class_scores(["n", "w", "n"], ["n", "w", "w"], labels=["w", "n", "both"])
    assert found.labels == ("w", "n", "both")
    assert found.f1.round(3).tolist() == [0.667, 0.667, 0.0]
    assert found.to_dict()["per_class"]["both"]["support"] == 0


def test_bad_input_is_refused():
    with pytest.raises(DataError, match="no rows"):
        class_scores([], [])
    with pytest.raises(DataError, match="numbers of rows"):
        class_scores(["a"], ["a", "b"])
    with pytest.raises(DataError, match=r"labels: 1 row\(s\) without a class \(first: row 1\)"):
        class_scores(["a", None], ["a", "b"])
    with pytest.raises(DataError, match="predicted: 1 row"):
        class_scores([1.0, 2.0], [np.nan, 2.0])
    with pytest.raises(DataError, match="twice"):
        class_scores([0, 1], [0, 1], labels=[0, 0])
