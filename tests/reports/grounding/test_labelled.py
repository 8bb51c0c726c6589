"""Precision and recall on the labelled pairs: those the check was tuned on, and those it was not."""

from __future__ import annotations

import pytest

from .labelled import DEVELOPMENT, HELD_OUT, KINDS, Score, pairs, rejected, score

LEAST = {"development": (0.95, 0.95), "held out": (0.90, 0.95)}
"""Precision and recall of each kind; the figures that are published stand in the documentation."""


def test_the_pairs_are_many_of_every_organ_and_of_every_kind():
    every = [pair for part in (*DEVELOPMENT, *HELD_OUT) for pair in pairs(part)]
    assert len(every) >= 1900
    assert sum(len(pairs(part)) for part in HELD_OUT) >= 95
    families = {pair.dataset.partition("_")[0] for pair in every}
    assert families >= {"circor", "sprs", "icbhi", "hf", "cv", "uk", "cos", "zch", "kauh", "cinc"}
    correct = [pair for pair in every if not pair.contradictions and not pair.additions]
    assert len(correct) >= 850
    assert len({(pair.dataset, pair.text) for pair in every}) == len(every)


@pytest.mark.parametrize(("half", "parts"), [("development", DEVELOPMENT), ("held out", HELD_OUT)])
def test_precision_and_recall(half: str, parts: tuple[str, ...]):
    totals = {kind: Score() for kind in KINDS}
    for part in parts:
        for kind, figures in score(part).items():
            totals[kind] += figures
    for total in totals.values():
        assert total.gold >= 20
        assert total.precision >= LEAST[half][0], total
        assert total.recall >= LEAST[half][1], total


def test_few_correct_texts_are_rejected():
    counts = [rejected(part) for part in DEVELOPMENT]
    assert sum(wrong for wrong, _ in counts) <= 0.03 * sum(texts for _, texts in counts)
