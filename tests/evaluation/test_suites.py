"""Every task of the papers is there, on the dataset and configuration whose reader declares it."""

from __future__ import annotations

import pytest

from hf_auscult.data import DATASETS
from hf_auscult.errors import ConfigurationError
from hf_auscult.evaluation.suites import SUITES, suite_of, task_of

TASKS = [task for suite in SUITES for task in suite_of(suite)]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.key)
def test_dataset_has_the_task(task):
    for name in task.datasets:
        config = DATASETS[name].task(task.config)
        assert config.target == task.target
        if "auroc" in task.metrics and "macro_f1" in task.metrics:
            # AuscultaBench prints AUROC of its binary tasks only
            assert len(config.classes) == 2


@pytest.mark.parametrize("suite", ["acula18", "auscultabench16"])
def test_numbers_are_the_papers(suite):
    declared = {
        (paper.number, spec.name, config.name)
        for spec in DATASETS.values()
        for config in spec.tasks
        for paper in config.paper
        if paper.suite == suite
    }
    ours = {(task.number, task.dataset, task.config) for task in suite_of(suite)}
    # T8 of AcuLa is declared twice: corrected, and with the slip that the paper's counts rest on
    assert ours <= declared
    assert {number for number, _, _ in declared} == {number for number, _, _ in ours}


def test_sizes():
    assert {name: len(suite_of(name)) for name in SUITES} == {
        "acula18": 18,
        "auscultabench16": 16,
        "covid_balanced": 12,
    }
    assert len({task.key for task in TASKS}) == len(TASKS)


def test_unknown_names_are_refused():
    with pytest.raises(ConfigurationError, match="no suite"):
        suite_of("opera")
    with pytest.raises(ConfigurationError, match="no task"):
        task_of("acula18/T19")
