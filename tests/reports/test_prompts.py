from __future__ import annotations

import pytest

from hf_auscult.data import DATASETS
from hf_auscult.errors import ConfigurationError
from hf_auscult.reports import class_prompts


@pytest.mark.parametrize(
    ("dataset", "task"),
    [(spec.name, task.name) for spec in DATASETS.values() for task in spec.tasks if task.classes],
)
def test_every_class_of_every_task_has_its_own_sentences(dataset: str, task: str):
    prompts = class_prompts(dataset, task)
    assert tuple(prompts) == DATASETS[dataset].task(task).classes
    everything = [sentence for sentences in prompts.values() for sentence in sentences]
    assert len(set(everything)) == len(everything)
    assert all(len(sentences) >= 3 for sentences in prompts.values())


def test_a_changed_answer_changes_nobody_elses():
    class_prompts("circor", "murmur")["Absent"].clear()
    assert class_prompts("circor", "murmur")["Absent"]


def test_unknown_names():
    with pytest.raises(ConfigurationError, match="circor"):
        class_prompts("circus", "murmur")
    with pytest.raises(ConfigurationError, match="outcome"):
        class_prompts("circor", "murmurs")
