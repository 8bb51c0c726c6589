"""What a training example knows of the others: equal reports are equal, similar ones share facts."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hf_auscult.reports import Report
from hf_auscult.reports.facts import Fact
from hf_auscult.runs.pairs import Corpus, Recording, training_examples

LOUD, SOFT = (Fact("murmur", value, "Murmur", "finding") for value in ("loud", "soft"))
CHILD = Fact("age", "child", "Age", "context")
SAID = [(LOUD, CHILD), (SOFT,), (CHILD, LOUD), (LOUD,), (SOFT,)]


def corpus() -> Corpus:
    rows = [
        Recording(
            {"recording_id": str(n), "subject_id": str(n)}, "test" if n == 1 else "train", 0, np.zeros(4, np.float32)
        )
        for n in range(5)
    ]
    return Corpus("circor", Path(), tuple(rows), ("no", "yes"), 4)


REPORTS = [[Report(str(n), f"text {n}", "full", draw, (), facts) for draw in range(2)] for n, facts in enumerate(SAID)]
VECTORS = np.arange(5, dtype=np.float32).reshape(5, 1, 1)


def test_equal_facts_are_one_report():
    examples = training_examples(corpus(), VECTORS, reports=REPORTS)
    assert [example.text_id for example in examples] == [0, 0, 2, 3]
    assert [float(example.text_embeddings[0, 0]) for example in examples] == [0, 2, 3, 4]
    shared = np.stack([example.facts for example in examples])
    shared = shared @ shared.T
    assert shared.tolist() == [[2, 2, 1, 0], [2, 2, 1, 0], [1, 1, 1, 0], [0, 0, 0, 1]]


def test_facts_go_with_the_report_that_is_given():
    order = np.array([3, 0, 1, 2])
    examples = training_examples(corpus(), VECTORS, order, REPORTS)
    assert [float(example.text_embeddings[0, 0]) for example in examples] == [4, 0, 2, 3]
    assert examples[1].text_id == examples[2].text_id != examples[0].text_id
    assert np.array_equal(examples[1].facts, training_examples(corpus(), VECTORS, reports=REPORTS)[0].facts)


def test_without_reports_every_text_is_its_own():
    examples = training_examples(corpus(), VECTORS)
    assert len({example.text_id for example in examples}) == 4
    assert all(example.facts is None for example in examples)
