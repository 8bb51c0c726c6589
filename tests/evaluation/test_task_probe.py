"""The probe of a benchmark on made-up examples of every kind of task."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hf_auscult.embedding.cache import Example
from hf_auscult.errors import ConfigurationError, DataError, LeakageError
from hf_auscult.evaluation.estimates import Bootstrap
from hf_auscult.evaluation.examples import Examples
from hf_auscult.evaluation.model_evaluation import chosen_penalty
from hf_auscult.evaluation.predictions import estimates
from hf_auscult.evaluation.suites import task_of
from hf_auscult.evaluation.task import PUBLISHED_PROBES, BenchmarkTask
from hf_auscult.evaluation.task_probe import predictions_of, probe_task

N, PEOPLE = 240, 60


def examples(labels, classes, split=None):
    who = np.arange(N) % PEOPLE
    if split is None:
        split = np.array(["train", "train", "train", "validation", "test"])[who % 5]
    return Examples(
        rows=tuple({} for _ in range(N)),
        labels=np.asarray(labels),
        subjects=np.array([f"p{number}" for number in who]),
        split=np.asarray(split),
        classes=classes,
        sources=np.full(N, "made"),
        cells=tuple(Example(f"r{row}", {}) for row in range(N)),
    )


def features(labels, seed=0):
    rng = np.random.default_rng(seed)
    table = np.asarray(labels).reshape(N, -1)
    return (1.5 * table @ rng.standard_normal((table.shape[1], 12)) + rng.standard_normal((N, 12))).astype(np.float32)


def probe(spec, x, made, protocol, leaks=False):
    return probe_task(spec, x, made, spec.probe(protocol), leaks=leaks)


def scored(spec, made, outcome):
    predictions = predictions_of(made, outcome.test_rows, outcome.scores)
    return {name: found.value for name, found in estimates(spec.metrics, predictions, Bootstrap(50)).items()}


CLASS = BenchmarkTask("mine", "T1", "", "made", "c", ("auroc",))


def test_two_classes_and_validation_people_are_scored():
    y = (np.arange(N) % PEOPLE) // 5 % 2
    made = examples(y, ("no", "yes"))
    found = probe(CLASS, features(y), made, "default")
    assert set(made.split[found.test_rows]) == {"test"} and len(found.test_rows) == (made.split == "test").sum()
    assert len(found.validation_rows) == found.validation_scores.shape[1] == (made.split == "validation").sum()
    assert scored(CLASS, made, found)["auroc"] > 0.9
    assert chosen_penalty(found) in (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)


def test_a_class_that_training_lacks_is_never_predicted_and_labels_of_the_tested_do_not_matter():
    y = np.arange(N) % PEOPLE % 3
    made = examples(y, ("a", "b", "c", "d"))
    tested = made.split != "train"
    strange = np.where(tested & (y == 2), 3, y)
    first = probe(CLASS, features(y), made, "default").scores
    second = probe(CLASS, features(y), replace(made, labels=strange), "default").scores
    assert np.array_equal(first, second)
    assert (first[:, :, 3] == 0).all() and np.allclose(first.sum(axis=2), 1)


def test_several_labels_at_once():
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=(PEOPLE, 4))[np.arange(N) % PEOPLE]
    y[:, 2] = 1  # everybody carries it: nothing to learn
    task = BenchmarkTask("mine", "T2", "", "made", "c", ("macro_f1", "micro_f1"), target="classes")
    made = examples(y, ("a", "b", "c", "d"))
    found = probe(task, features(y), made, "default")
    assert found.scores.shape[2] == 4 and not found.selected_on_test
    assert scored(task, made, found)["macro_f1"] > 0.7
    assert (found.scores[:, :, 2] == 1).all()
    y[:, 2] = y[:, 1]
    published = replace(task, published="auscultabench-multilabel")
    found = probe(published, features(y), examples(y, ("a", "b", "c", "d")), "published")
    assert found.scores.shape[::2] == (3, 4) and found.selected_on_test


def test_values_are_predicted_for_every_person_by_the_others():
    rng = np.random.default_rng(1)
    y = 3 + rng.standard_normal(PEOPLE)[np.arange(N) % PEOPLE]
    task = BenchmarkTask("mine", "T3", "", "made", "c", ("mae", "mape"), target="value", folds="subject")
    made = examples(y, ())
    found = probe(task, features(y), made, "default")
    assert sorted(found.test_rows.tolist()) == list(range(N)) and not len(found.validation_rows)
    assert scored(task, made, found)["mae"] < np.abs(y - y.mean()).mean()


def test_sources_are_tested_in_turn():
    y = (np.arange(N) % PEOPLE) // 5 % 2
    source = np.array(["database_a", "database_b", "database_c"])[np.arange(N) % PEOPLE % 3]
    made = examples(y, ("no", "yes"), source)
    made = replace(made, in_turn=True)
    x = features(y)
    found = probe(CLASS, x, made, "default")
    assert sorted(found.test_rows.tolist()) == list(range(N)) and not len(found.validation_rows)
    # a source's own labels do not reach its scores
    part = source == "database_b"
    flipped = replace(made, labels=np.where(part, 1 - y, y))
    again = probe(CLASS, x, flipped, "default")
    mine = np.isin(found.test_rows, np.flatnonzero(part))
    assert np.array_equal(found.scores[:, mine], again.scores[:, mine])


def test_published_heads_run_their_seeds():
    y = (np.arange(N) % PEOPLE) // 5 % 2
    made, x = examples(y, ("no", "yes")), features(y)
    spec = replace(CLASS, published="opera-coviduk")
    found = probe(spec, x, made, "published")
    assert found.scores.shape[0] == 5 and chosen_penalty(found) is None
    bench = probe(replace(CLASS, published="auscultabench"), x, made, "published")
    assert bench.selected_on_test and bench.scores.shape[0] == 3
    with pytest.raises(ConfigurationError, match="no paper"):
        probe(CLASS, x, made, "published")
    lacking = replace(made, labels=np.where(made.split == "train", 0, y))
    with pytest.raises(DataError):
        probe(spec, x, lacking, "published")


def test_every_published_name_is_known():
    for suite in ("acula18", "auscultabench16"):
        for number in range(1, 19 if suite == "acula18" else 17):
            assert task_of(f"{suite}/T{number}").published in PUBLISHED_PROBES


def test_shared_people_are_refused_unless_the_split_is_one_that_leaks():
    y = (np.arange(N) % PEOPLE) // 5 % 2
    leaking = examples(y, ("no", "yes"), np.array(["train", "test"])[np.arange(N) // PEOPLE % 2])
    with pytest.raises(LeakageError):
        probe(CLASS, features(y), leaking, "default")
    assert len(probe(CLASS, features(y), leaking, "default", leaks=True).test_rows) == N // 2
