"""Precision and recall on the labelled pairs, each half for itself."""

from __future__ import annotations

import pytest

from .labelled import KINDS, pairs, score

HALVES = ("development", "held_out")
LEAST = dict.fromkeys(HALVES, 30) | {"fresh": 15, "notation": 6, "notation_later": 6}
"""Part -> quotations of each kind that it has at least."""


def test_the_pairs_are_many_of_every_organ_and_of_every_kind():
    every = [pair for half in HALVES for pair in pairs(half)]
    assert len(every) >= 150
    assert min(len(pairs(half)) for half in HALVES) >= 75
    families = {pair.dataset.partition("_")[0] for pair in every}
    assert families == {"circor", "sprs", "icbhi", "hf", "cv", "uk", "cos", "zch", "kauh", "cinc"}
    clean = [pair for pair in every if not pair.contradictions and not pair.additions]
    assert len(clean) >= 40
    assert len({pair.text for pair in every}) == len(every)


@pytest.mark.parametrize("part", LEAST)
@pytest.mark.parametrize("kind", KINDS)
def test_precision_and_recall(part: str, kind: str):
    total = score(part)[kind]
    assert total.gold >= LEAST[part]
    assert total.precision >= 0.95, total
    assert total.recall >= 0.95, total
