"""Tasks of one's own in a YAML file."""

from __future__ import annotations

import pytest

from hf_auscult.errors import ConfigurationError
from hf_auscult.evaluation.task import read_tasks


def test_one_task_and_a_list(tmp_path):
    file = tmp_path / "ward.yaml"
    file.write_text("title: Wheeze\ndataset: ward\nconfig: wheeze\n")
    (task,) = read_tasks(file)
    assert (task.key, task.metrics, task.group) == ("ward/T1", ("auroc",), "own")
    file.write_text(
        "- {title: Wheeze, dataset: ward, config: wheeze, metrics: [f1, auroc]}\n"
        "- {title: FVC, dataset: ward, config: fvc, metrics: [mae], target: value, folds: subject, number: L1}\n"
    )
    first, second = read_tasks(file)
    assert first.metrics == ("f1", "auroc") and second.key == "ward/L1" and second.folds == "subject"


@pytest.mark.parametrize(
    "text",
    [
        "title: Wheeze\ndataset: ward\n",
        "title: Wheeze\ndataset: ward\nconfig: c\nmetric: auroc\n",
        "title: Wheeze\ndataset: ward\nconfig: c\nmetrics: [accuracy]\n",
        "title: Wheeze\ndataset: ward\nconfig: c\ntarget: klass\n",
        "title: Wheeze\ndataset: ward\nconfig: c\nfolds: week\n",
        "title: Wheeze\ndataset: ward\nconfig: c\nmetrics: [mae]\n",
        "- just words\n",
        "{",
        "",
    ],
)
def test_what_is_wrong_is_said(tmp_path, text):
    file = tmp_path / "ward.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationError):
        read_tasks(file)


def test_no_such_file(tmp_path):
    with pytest.raises(ConfigurationError, match="no such file"):
        read_tasks(tmp_path / "absent.yaml")
