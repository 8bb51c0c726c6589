from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_auscult.data.identity import known_as, merge, with_and_without_letters

IDS = st.integers(1, 30).map(str)


def test_twin_without_a_row_still_names_the_person():
    assert merge(["50379"], [("50379", "23625")])["50379"] == "23625"


def test_numbers_compare_as_numbers():
    assert merge(["9", "10"], [("10", "9")]) == {"9": "9", "10": "9"}


@given(st.lists(IDS), st.lists(st.tuples(IDS, IDS)), st.randoms(use_true_random=False))
def test_components_are_closed_and_order_does_not_matter(
    ids: list[str], links: list[tuple[str, str]], order: random.Random
):
    found = merge(ids, links)
    for left, right in links:
        assert found[left] == found[right]
    for name, first in found.items():
        members = [other for other in found if found[other] == first]
        assert first == min(members, key=int)
        assert name in members
    shuffled = [tuple(order.sample(pair, 2)) for pair in order.sample(links, len(links))]
    assert merge(order.sample(ids, len(ids)), shuffled) == found
    untouched = set(ids) - {name for pair in links for name in pair}
    assert all(found[name] == name for name in untouched)


@pytest.mark.parametrize("spelling", ["Mine:A 1", " mine:a1", "mine : a1\n", "mine:a\u200b1", "MINE:a\uff11"])
def test_spellings_of_one_id(spelling: str):
    assert known_as(spelling) == known_as("mine:a1")


@pytest.mark.parametrize(
    "spellings",
    [
        ("7", "007", "7.0", "7,00", "０７", "#7", " 7.", "(7)", '"7"', "0000000007"),
        ("P7", "p07", "P-7", "p_007", "P.7", "P 7", "p/7", "[P7]", "P – 7"),
        ("ward-3:7", "ward3:07"),
        ("3-7", "3_07", "03.7", "3 / 7"),
        ("anna-b", "Anna B.", "anna_b"),
    ],
    ids=lambda spellings: spellings[0],
)
def test_spellings_of_one_number(spellings: tuple[str, ...]):
    """A table that went through a spreadsheet writes the ids as numbers."""
    assert len({known_as(f"mine:{spelled}") for spelled in spellings}) == 1


def test_the_name_of_a_dataset_is_not_an_id():
    assert known_as("my_2:01") == "my_2:1"


@pytest.mark.parametrize("nobody", [None, "", "  ", "mine:", "mine: \u200b", "\u00a0", "mine:-", "?"])
def test_ids_that_name_nobody(nobody: str | None):
    assert known_as(nobody) is None


def test_other_ids_stay_apart():
    assert len({known_as(name) for name in ("mine:1", "mine:11", "mine:10", "mine:a1", "other:1", "1", "1-1")}) == 7


def test_a_number_with_and_without_letters_is_listed():
    ids = ["x:7", "x:P07", "x:8", "x:P9", "x:9a", "x:Ward3-8", "x:10.0", "x:p-10", None, ""]
    assert with_and_without_letters(ids) == [("x:10.0", "x:p-10"), ("x:7", "x:P07")]
