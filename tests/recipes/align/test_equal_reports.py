"""What a training example knows of the others: equal reports are equal, similar ones share facts."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from hf_auscult.recipes.align.corpus import AudioReportCorpus, EmbeddedReports, Recording, training_examples

SAID = [("loud murmur", "child"), ("soft murmur",), ("child", "loud murmur"), ("loud murmur",), ("soft murmur",)]


def corpus() -> AudioReportCorpus:
    rows = []
    for number in range(5):
        row = {"recording_id": str(number), "subject_id": str(number), "source": "circor"}
        rows.append(Recording(row, "test" if number == 1 else "train", 0, np.zeros(4, np.float32)))
    return AudioReportCorpus("circor", Path(), tuple(rows), ("no", "yes"), 4)


VECTORS = np.arange(5, dtype=np.float32).reshape(5, 1)
REPORTS = EmbeddedReports([[SimpleNamespace(facts=facts)] * 2 for facts in SAID], VECTORS)


def test_equal_facts_are_one_report():
    examples = training_examples(corpus(), REPORTS)
    assert [example.text_id for example in examples] == [0, 0, 2, 3]
    assert [float(example.text_embeddings[0, 0]) for example in examples] == [0, 2, 3, 4]
    shared = np.stack([example.facts for example in examples])
    shared = shared @ shared.T
    assert shared.tolist() == [[2, 2, 1, 0], [2, 2, 1, 0], [1, 1, 1, 0], [0, 0, 0, 1]]


def test_facts_go_with_the_report_that_is_given():
    order = np.array([3, 0, 1, 2])
    examples = training_examples(corpus(), REPORTS, order)
    assert [float(example.text_embeddings[0, 0]) for example in examples] == [4, 0, 2, 3]
    assert examples[1].text_id == examples[2].text_id != examples[0].text_id
    assert np.array_equal(examples[1].facts, training_examples(corpus(), REPORTS)[0].facts)


def test_without_reports_there_is_no_text():
    examples = training_examples(corpus())
    assert len({example.text_id for example in examples}) == 4
    assert all(example.facts is None and example.text_embeddings is None for example in examples)
