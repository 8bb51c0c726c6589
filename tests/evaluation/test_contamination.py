"""What is known against a model, whatever its folder is called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hf_auscult.data.trained_on import FILE, training_people
from hf_auscult.evaluation.contamination import HeldOutPeople, contamination_of, origins_of
from tests.models import zoo

HELD_OUT = HeldOutPeople(dataset="icbhi", people={"icbhi:1": {"icbhi:1", "icbhi:9"}}, splits={"icbhi": "00"})


def saved(folder: Path, origin: list[str] | None) -> Path:
    model = zoo.GT.model()
    if origin is not None:
        model.config.weights_origin = origin
    model.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("name", ["opera-gt", "my-opera", "ours"])
def test_the_mark_follows_the_weights_not_the_name(tmp_path: Path, name: str):
    folder = saved(tmp_path / name, ["opera-gt"])
    (reason,) = contamination_of(name, str(folder), HELD_OUT)
    assert reason.startswith("icbhi: unknown (code; arXiv:2406.16148")


def test_weights_that_began_at_random_are_not_marked(tmp_path: Path):
    assert contamination_of("ours", str(saved(tmp_path, [])), HELD_OUT) == ()


def test_weights_that_say_nothing_are_taken_for_the_public_ones(tmp_path: Path):
    (reason,) = contamination_of("ours", str(saved(tmp_path, None)), HELD_OUT)
    assert "opera-gt weights of unstated origin" in reason


def test_a_part_of_a_model_counts(tmp_path: Path):
    (tmp_path / "config.json").write_text(
        json.dumps({"model_type": "acula", "audio_config": {"model_type": "opera-gt", "weights_origin": ["opera-gt"]}})
    )
    assert contamination_of("ours", str(tmp_path), HELD_OUT)


def test_a_start_that_says_nothing_is_carried_on_as_the_public_one(tmp_path: Path):
    folder = saved(tmp_path / "start", None)
    assert origins_of(str(folder), zoo.GT.model().config) == ["opera-gt"]
    assert origins_of(str(saved(tmp_path / "own", [])), zoo.GT.model().config.from_pretrained(tmp_path / "own")) == []


def test_people_are_found_under_any_of_their_ids(tmp_path: Path):
    (tmp_path / FILE).write_text(json.dumps(training_people("icbhi", ["icbhi:9"])))
    (reason,) = contamination_of("ours", str(tmp_path), HELD_OUT)
    assert reason == "icbhi: trained on 1 of the 1 test people"
