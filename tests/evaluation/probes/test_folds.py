from __future__ import annotations

import numpy as np
import pytest

from hf_auscult.errors import DataError
from hf_auscult.evaluation.probes import grouped_folds, leave_one_subject_out


def test_everyone_is_left_out_once_in_order_of_appearance():
    who = np.array(["z", "z", "b", "a", "b"])
    folds = leave_one_subject_out(who)
    assert [np.unique(who[fold.test]).tolist() for fold in folds] == [["z"], ["b"], ["a"]]
    assert all(not set(who[fold.train]) & set(who[fold.test]) for fold in folds)
    assert all(len(fold.train) + len(fold.test) == 5 for fold in folds)
    with pytest.raises(DataError, match="at least 3"):
        leave_one_subject_out(["a", "b", "a"])


def test_grouped_folds_share_out_people_and_rare_classes_whatever_the_row_order():
    rng = np.random.default_rng(0)
    who = np.arange(200) % 50
    y = (who % 10 == 0).astype(int)
    table = np.stack([1 - y, y], axis=1)
    folds = grouped_folds(who, table, 5)
    assert sorted(np.concatenate([fold.test for fold in folds]).tolist()) == list(range(200))
    for fold in folds:
        assert not set(who[fold.train]) & set(who[fold.test])
        assert len(np.unique(who[fold.test][y[fold.test] == 1])) == 1
    order = rng.permutation(200)
    moved = grouped_folds(who[order], table[order], 5)
    for fold, other in zip(folds, moved, strict=True):
        assert set(who[fold.test]) == set(who[order][other.test])
    with pytest.raises(DataError, match="one person"):
        grouped_folds(["a", "a"], table[:2])
    assert len(grouped_folds(["a", "b"], table[:2])) == 2
