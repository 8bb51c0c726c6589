"""Tasks with their recordings, from a folder of prepared datasets."""

from __future__ import annotations

import json

import datasets
import pytest

import hf_auscult
from hf_auscult.data import SplitSpec, prepare
from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.evaluation.load import missing_data
from hf_auscult.evaluation.probes import OPERA, ProbeSettings
from hf_auscult.evaluation.suites import task_of
from hf_auscult.evaluation.task import BenchmarkTask
from tests.evaluation.conftest import SAMPLE, data_root  # noqa: F401 - a fixture


def test_a_task_has_its_dataset_metric_and_protocol(data_root):  # noqa: F811
    task = hf_auscult.load_task("acula18/T17", root=data_root)
    assert isinstance(task.dataset, datasets.DatasetDict) and set(task.dataset) == {"train", "validation", "test"}
    assert {"audio", "label", "subject_id", "recording_id"} <= set(task.dataset["train"].column_names)
    assert task.dataset["train"].features["label"].names == ["Healthy", "Murmur"]
    assert (task.metric, task.protocol, task.leaks, task.train) == ("auroc", "default", False, None)
    assert task.dataset["test"][0]["audio"]["bytes"][:4] == b"RIFF"
    people = [set(part["subject_id"]) for part in task.dataset.values()]
    assert not (people[0] & people[1] or people[0] & people[2] or people[1] & people[2])


def test_missing_data_say_what_to_do(tmp_path):
    with pytest.raises(DataError, match=r"kauh: get https://.*hf-auscult prepare kauh --source DIR --output .*kauh"):
        hf_auscult.load_task("acula18/T8", root=tmp_path)
    across = task_of("covid_balanced/Coswara to CoughVID")
    assert list(missing_data(across, tmp_path)) == ["coswara", "coughvid"]


def test_unknown_names_are_refused(data_root):  # noqa: F811
    with pytest.raises(ConfigurationError, match="no task"):
        hf_auscult.load_task("acula18/T99", root=data_root)
    with pytest.raises(ConfigurationError, match="no protocol"):
        hf_auscult.load_task("acula18/T17", root=data_root, protocol="best")


def test_the_protocol_is_that_of_its_probe(data_root):  # noqa: F811
    assert hf_auscult.load_task("acula18/T17", root=data_root).probe == ProbeSettings()
    assert hf_auscult.load_task("acula18/T17", root=data_root, protocol="published").probe == OPERA
    own = BenchmarkTask("mine", "T1", "Murmur", "circor", "murmur")
    with pytest.raises(ConfigurationError, match="no paper"):
        hf_auscult.load_task(own, root=data_root, protocol="published")


def test_a_split_that_may_leak_is_known_to(tmp_path):
    prepare("circor", SAMPLE, tmp_path / "circor", split=SplitSpec(), progress=False)
    file = tmp_path / "circor" / "prepare.json"
    content = json.loads(file.read_text())
    content["split"]["allow_leakage"] = True
    file.write_text(json.dumps(content))
    assert hf_auscult.load_task("acula18/T17", root=tmp_path).leaks
