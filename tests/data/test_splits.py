from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_auscult.data import dataset
from hf_auscult.data.guards import assert_subject_disjoint, reserved_subjects
from hf_auscult.data.people import assign_people
from hf_auscult.data.split_spec import SplitSpec
from hf_auscult.data.splits import assign, plan, split_sha256
from hf_auscult.errors import ConfigurationError

CIRCOR = dataset("circor")
read_rows = CIRCOR.read

FRACTIONS = st.sampled_from(
    [
        {"train": 0.6, "validation": 0.2, "test": 0.2},
        {"train": 0.7, "validation": 0.1, "test": 0.2},
        {"train": 1 / 3, "validation": 1 / 3, "test": 1 / 3},
        {"train": 0.29, "test": 0.71},
        {"test": 1.0},
    ]
)
PEOPLE = st.dictionaries(st.text(min_size=1, max_size=6), st.integers(0, 4), max_size=60)


@given(PEOPLE, FRACTIONS, st.integers(0, 3))
def test_fractions_hold_in_every_stratum_to_within_one_person(people, fractions, seed):
    chosen = assign_people(people, fractions, seed=seed)
    assert chosen.keys() == people.keys()
    for stratum in set(people.values()):
        members = [person for person in people if people[person] == stratum]
        counts = Counter(chosen[person] for person in members)
        assert set(counts) <= set(fractions)
        for split, share in fractions.items():
            assert abs(counts[split] - share * len(members)) < 1 + 1e-6


@given(PEOPLE, FRACTIONS, st.randoms(use_true_random=False))
def test_neither_order_nor_other_strata_names_move_anybody(people, fractions, order):
    again = dict(order.sample(sorted(people.items()), len(people)))
    assert assign_people(again, fractions) == assign_people(people, fractions)


@given(PEOPLE, st.data())
def test_reserved_people_are_in_test_and_the_others_share_the_rest(people, data):
    fractions = {"train": 0.6, "validation": 0.2, "test": 0.2}
    forced = data.draw(st.sets(st.sampled_from(sorted(people)))) if people else set()
    chosen = assign_people(people, fractions, forced_to_test=forced | {"somebody else"})
    assert chosen.keys() == people.keys()
    assert {chosen[person] for person in forced} <= {"test"}
    for stratum in set(people.values()):
        members = [person for person in people if people[person] == stratum]
        fixed = len(forced & set(members))
        counts = Counter(chosen[person] for person in members)
        if fixed <= 0.2 * len(members):
            assert abs(counts["test"] - 0.2 * len(members)) < 1 + 1e-6
        else:
            assert counts["test"] == fixed
            assert abs(counts["train"] - 0.75 * (len(members) - fixed)) < 1 + 1e-6


def test_strata_of_one_person_each_do_not_all_fall_into_train():
    chosen = assign_people({f"p{n}": n for n in range(50)}, {"train": 0.6, "validation": 0.2, "test": 0.2})
    assert Counter(chosen.values()) == {"train": 30, "validation": 10, "test": 10}


def test_another_seed_gives_another_split():
    people = {f"p{n}": 0 for n in range(40)}
    assert assign_people(people, {"train": 0.5, "test": 0.5}, seed=1) != assign_people(
        people, {"train": 0.5, "test": 0.5}
    )


def test_reserved_people_without_a_test_split_are_an_error():
    with pytest.raises(ConfigurationError, match="'test'"):
        assign_people({"a": 0}, {"train": 1.0}, forced_to_test=["a"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "random"},
        {"fractions": {"train": 0.5, "test": 0.4}},
        {"fractions": {"train": 1.2, "test": -0.2}},
        {"fractions": {}},
        {"fractions": {"../train": 1.0}},
        {"fractions": {"train": math.nan, "test": 0.5}},
    ],
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ConfigurationError):
        SplitSpec(**wrong)


def test_hash_names_the_split_and_not_its_order():
    one = split_sha256({"a": "train", "b": "test"})
    assert one == split_sha256({"b": "test", "a": "train"})
    assert one != split_sha256({"a": "test", "b": "train"})
    assert split_sha256({"a": "b\ttrain"}) != one


@pytest.fixture(scope="module")
def rows(sample: Path):
    return read_rows(sample).rows


def parts(rows, assignment):
    return {
        name: [row["subject_id"] for row in rows if assignment[row["recording_id"]] == name]
        for name in sorted(set(assignment.values()))
    }


def test_the_split_of_real_people_is_disjoint_balanced_and_independent_of_the_task(rows):
    assignment = assign(rows, CIRCOR, SplitSpec())
    assert_subject_disjoint(parts(rows, assignment))
    people = {row["subject_id"]: row for row in rows}
    by_split = Counter(assignment[row["recording_id"]] for row in people.values())
    assert by_split["train"] == pytest.approx(0.6 * len(people), abs=1.5)
    murmur = [
        subject for subject in people if any(r["murmur"] == "Present" for r in rows if r["subject_id"] == subject)
    ]
    with_murmur = Counter(assignment[people[subject]["recording_id"]] for subject in murmur)
    for split, share in SplitSpec().fractions.items():
        assert abs(with_murmur[split] - share * len(murmur)) < 2.1  # one person for each of its two outcomes


@settings(deadline=None, max_examples=10)
@given(st.randoms(use_true_random=False))
def test_order_of_the_table_does_not_matter(rows, order):
    assert assign(order.sample(rows, len(rows)), CIRCOR, SplitSpec()) == assign(rows, CIRCOR, SplitSpec())


def test_people_who_share_a_recording_stay_together(rows):
    assignment = assign(rows, CIRCOR, SplitSpec())
    one = next(row for row in rows if assignment[row["recording_id"]] == "train")
    other = next(row for row in rows if assignment[row["recording_id"]] == "test")
    digests = {one["recording_id"]: "same", other["recording_id"]: "same"}
    together = assign(rows, CIRCOR, SplitSpec(), digests)
    assert together[one["recording_id"]] == together[other["recording_id"]]


def test_reserved_real_subjects_go_to_test_whatever_the_seed(rows):
    reserved = sorted(reserved_subjects("circor"))[:20]
    swapped = [{**row, "subject_id": f"circor:{name}"} for row, name in zip(rows, reserved, strict=False)]
    mixed = [*swapped, *rows[len(reserved) :]]
    for seed in range(5):
        assignment = assign(mixed, CIRCOR, SplitSpec(seed=seed))
        assert {assignment[row["recording_id"]] for row in swapped} == {"test"}


def test_stratify_by_another_column_or_none(rows):
    by_sex = assign(rows, CIRCOR, SplitSpec(stratify=("sex",)))
    people = {row["subject_id"]: row for row in rows}
    women = [row["recording_id"] for row in people.values() if row["sex"] == "female"]
    assert abs(Counter(by_sex[name] for name in women)["train"] - 0.6 * len(women)) < 1.01
    assert assign(rows, CIRCOR, SplitSpec(stratify=())) != by_sex
    with pytest.raises(ConfigurationError, match="shoe"):
        assign(rows, CIRCOR, SplitSpec(stratify=("shoe size",)))


def test_datasets_that_cannot_be_split_say_so(rows):
    nameless = replace(CIRCOR, subject_warning="nobody knows")
    assert CIRCOR.has_subject_ids and not nameless.has_subject_ids
    assert plan(rows, nameless, SplitSpec()).warnings == ("nobody knows",)
    with pytest.raises(ConfigurationError, match="no split"):
        assign(rows, CIRCOR, SplitSpec(name="official"))
