"""Balanced strata: as many people of every class in each, nobody twice, the same people for the same seed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_auscult.errors import DataError
from hf_auscult.evaluation.balance import balance


@given(st.integers(0, 10_000), st.integers(40, 200))
@settings(max_examples=40, deadline=None)
def test_every_stratum_is_balanced_in_every_split(seed, n):
    rng = np.random.default_rng(seed)
    people = [f"p{number}" for number in range(n)]
    traits = {
        who: (
            rng.choice([None, 20, 35, 70]),
            rng.choice([None, "female", "male"]),
            int(rng.integers(2)),
            str(rng.choice(["train", "test"])),
        )
        for who in people
    }
    subjects = [str(rng.choice(people)) for _ in range(2 * n)]
    rows = [{"age": traits[who][0], "sex": traits[who][1]} for who in subjects]
    labels, split = [traits[who][2] for who in subjects], [traits[who][3] for who in subjects]
    try:
        found = balance(rows, labels, subjects, split, ["no", "yes"], seed=seed)
    except DataError:
        return
    kept = {subjects[row] for row in found.rows}
    counts = Counter((traits[who][3], str(traits[who][0]), traits[who][1], traits[who][2]) for who in kept)
    for part, age, sex, label in list(counts):
        assert counts[part, age, sex, label] == counts[part, age, sex, 1 - label]
    assert all(traits[who][0] is not None and traits[who][1] is not None for who in kept)
    # all recordings of a person stay, or none does
    assert all((subjects[row] in kept) == (row in set(found.rows.tolist())) for row in range(len(rows)))
    again = balance(rows, labels, subjects, split, ["no", "yes"], seed=seed)
    assert again.rows.tolist() == found.rows.tolist()


def test_unknown_age_or_sex_is_said():
    rows = [{"age": None, "sex": "female"}] * 4
    with pytest.raises(DataError, match="known in 0 of 4 rows"):
        balance(rows, [0, 1, 0, 1], list("abcd"), ["train"] * 4, ["no", "yes"])


def test_a_person_with_two_labels_is_left_out():
    rows = [{"age": 30, "sex": "male"}] * 4
    found = balance(rows, [0, 1, 0, 1], ["a", "a", "b", "c"], ["train"] * 4, ["no", "yes"])
    assert found.rows.tolist() == [2, 3]
