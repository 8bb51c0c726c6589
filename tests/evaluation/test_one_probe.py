"""The card, the demo and the benchmark fit one probe: the same features give the same digits everywhere."""

from __future__ import annotations

import numpy as np
import pytest

import hf_auscult
from hf_auscult.embedding.cache import Example
from hf_auscult.evaluation.estimates import Bootstrap
from hf_auscult.evaluation.examples import Examples
from hf_auscult.evaluation.predictions import estimates
from hf_auscult.evaluation.probe_evaluation import EvaluationSettings, evaluate_probe
from hf_auscult.evaluation.probes import ProbeSettings, run_probe
from hf_auscult.evaluation.runner import BenchmarkSettings
from hf_auscult.evaluation.task import BenchmarkTask
from hf_auscult.evaluation.task_probe import predictions_of, probe_task


@pytest.mark.parametrize("classes", [2, 3])
def test_align_and_benchmark_give_the_same_figures_to_the_last_digit(classes):
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(160), 2)
    y = (np.arange(160) % classes)[who]
    x = (rng.standard_normal((320, 24)) + 0.5 * np.eye(24)[y]).astype(np.float32)
    split = np.array(["train", "train", "validation", "test"])[who // classes % 4]
    settings = EvaluationSettings(fractions=(1.0,), bootstrap_draws=200)
    of_align = evaluate_probe(x, y, who, split, settings).figures[1.0]

    names = tuple("abc"[:classes])
    cells = tuple(Example(f"r{row}", {}) for row in range(320))
    examples = Examples(({},) * 320, y, who, split, names, np.full(320, "made"), cells)
    spec = BenchmarkTask("mine", "T1", "", "made", "c", ("auroc", "macro_f1"))
    outcome = probe_task(spec, x, examples, ProbeSettings())
    of_bench = estimates(spec.metrics, predictions_of(examples, outcome.test_rows, outcome.scores), Bootstrap(200))
    assert of_align.penalty == outcome.penalties[0]
    assert of_align.recording == of_bench["auroc"]
    assert of_align.subject == of_bench["auroc_subject"]
    assert of_align.macro_f1 == of_bench["macro_f1"]
    # The plain call, with or without the validation people, is that probe too: they choose nothing.
    plain = run_probe(x, y, who, split)
    assert np.array_equal(plain.scores, outcome.scores)
    kept = split != "validation"
    assert np.array_equal(run_probe(x[kept], y[kept], who[kept], split[kept]).scores, plain.scores)


def test_evaluate_gives_what_its_parts_give(data_root, feature_cache, acula):
    """`hf_auscult.evaluate` on a task, and by hand: embeddings, the task's split, the probe."""
    settings = BenchmarkSettings(data_root, cache=feature_cache, draws=200)
    result = hf_auscult.evaluate(acula, "acula18/T17", root=data_root, settings=settings, progress=False)
    (found,) = result.task("T17").results

    task = hf_auscult.load_task("acula18/T17", root=data_root)
    rows = [(name, row) for name, part in task.dataset.items() for row in part]
    features = hf_auscult.embed(acula, [row["audio"] for _, row in rows], progress=False)
    by_hand = evaluate_probe(
        features,
        [row["label"] for _, row in rows],
        [row["subject_id"] for _, row in rows],
        [name for name, _ in rows],
        EvaluationSettings(fractions=(1.0,), bootstrap_draws=200),
    )
    assert found.figures["auroc"] == by_hand.headline
    assert found.figures["auroc_subject"] == by_hand.figures[1.0].subject
    assert found.penalty == by_hand.figures[1.0].penalty


def test_the_aligned_models_card_prints_what_evaluate_gives(run_folder, tmp_path):
    """The demo in miniature: the figure of its card, and the same model on the same prepared task."""
    folder, results = run_folder
    of_card = results["conditions"]["aligned"]["probe"]["figures"]["1.0"]["recording"]
    data = folder / "work" / "prepared"
    task = BenchmarkTask("mine", "T1", "Murmur", "circor", "murmur")
    settings = BenchmarkSettings(data, cache=tmp_path, draws=200)
    result = hf_auscult.evaluate(
        str(folder / "auscult" / "acula-opera"), task, root=data, settings=settings, progress=False
    )
    found = result.tasks[0].results[0].figures["auroc"]
    assert found.value == of_card["value"]
    assert (found.low, found.high) == (of_card["interval"]["low"], of_card["interval"]["high"])
