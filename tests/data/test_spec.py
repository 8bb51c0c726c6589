from __future__ import annotations

from pathlib import Path

import pytest

from hf_auscult.data import DATASETS, Table, TaskConfig, builder_of, dataset
from hf_auscult.errors import ConfigurationError, DataError


def test_an_unknown_label_is_an_error_and_not_a_loss():
    task = TaskConfig("t", "x", ("a",), {"A": "a"}, left_out=("B",))
    rows = [{"recording_id": "1", "x": "A"}, {"recording_id": "2", "x": "B"}]
    kept, lost = task.select(rows)
    assert [row["label"] for row in kept] == [0] and lost == {"B": 1}
    with pytest.raises(DataError, match=r"3: x is 'C'"):
        task.select([*rows, {"recording_id": "3", "x": "C"}])
    with pytest.raises(DataError, match="None"):
        task.select([{"recording_id": "4", "x": None}])


@pytest.mark.parametrize("spec", DATASETS.values(), ids=lambda spec: spec.name)
def test_every_registered_dataset_is_complete(spec):
    assert spec.licence and spec.citation and spec.source_url.startswith("https://") and spec.organ
    assert spec.tasks[0].name == "recordings" and spec.tasks[0].column is None
    for task in spec.tasks[1:]:
        assert (task.segments or task.column) in spec.columns
        assert set(task.rule.values()) == set(task.classes)
        assert not set(task.rule) & set(task.left_out)
    assert all(stratum.column in spec.columns for stratum in spec.strata)
    builder = builder_of(spec.name)
    assert builder.SPEC is spec and builder.DEFAULT_CONFIG_NAME == "recordings"
    assert {config.name for config in builder.BUILDER_CONFIGS} == {task.name for task in spec.tasks}


def test_unknown_names_say_what_there_is():
    with pytest.raises(ConfigurationError, match="circor"):
        dataset("cirkor")
    with pytest.raises(ConfigurationError, match="murmur"):
        dataset("circor").task("murmurs")


def test_two_recordings_of_one_name_are_refused(tmp_path: Path):
    with pytest.raises(DataError, match="occur twice: a"):
        Table(tmp_path, ({"recording_id": "a"}, {"recording_id": "a"}))
