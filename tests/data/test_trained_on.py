"""The list of training people beside a model's weights."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from hf_auscult.data.trained_on import (
    FILE,
    merged,
    read_training_people,
    salt_of,
    seen_in_training,
    seen_people,
    training_people,
)
from hf_auscult.errors import DataError


def written(folder: Path, content: object) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / FILE).write_text(json.dumps(content))
    return folder


def test_known_people_are_counted_however_spelled(tmp_path):
    written(tmp_path, training_people("circor", ["circor:1", "circor:2"]))
    assert seen_in_training(tmp_path, "circor", [" CIRCOR:2", "circor:3"]) == 1
    assert seen_in_training(tmp_path, "icbhi", ["circor:2"]) == 0
    assert seen_in_training(tmp_path / "elsewhere", "circor", ["circor:1"]) is None


def test_a_person_counts_once_under_all_ids(tmp_path):
    written(tmp_path, training_people("circor", ["circor:1", "circor:2"]))
    seen = seen_people(tmp_path, "circor")
    assert seen is not None and seen.count([["circor:1", "circor:2"], ["circor:2", "circor:9"], ["circor:3"]]) == 2


@pytest.mark.parametrize("text", ["{", "[1]", '{"circor": 3}', '{"datasets": {"circor": [{}]}}'])
def test_damaged_file_is_named(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(DataError, match=FILE):
        seen_in_training(tmp_path, "circor", ["circor:1"])


def test_lists_of_the_first_version_are_read(tmp_path):
    old = hashlib.sha256(b"circor\tcircor:1").hexdigest()
    assert seen_in_training(written(tmp_path, {"circor": [old]}), "circor", ["circor:1"]) == 1


def test_lists_of_the_model_it_started_from_are_carried_on(tmp_path):
    first = training_people("circor", ["circor:1"])
    both = merged([first, training_people("icbhi", ["icbhi:7"]), training_people("circor", ["circor:2"])])
    assert read_training_people(written(tmp_path, both)) == both
    assert seen_in_training(tmp_path, "circor", ["circor:1", "circor:2", "circor:3"]) == 2
    assert seen_in_training(tmp_path, "icbhi", ["icbhi:7"]) == 1


def prepared(folder: Path, people: dict[str, str]) -> Path:
    folder.mkdir(parents=True)
    lines = ["recording_id,subject_id,split", *(f"{name},{who},train" for name, who in people.items())]
    (folder / "splits.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_a_hospitals_ids_cannot_be_guessed_from_the_file(tmp_path):
    ward = prepared(tmp_path / "ward", {"a": "ward:17", "b": "ward:18"})
    salt = salt_of("ward", ward)
    content = training_people("ward", ["ward:17"], salt=salt)
    text = json.dumps(content)
    assert salt not in text and "salt" in content["note"]
    guesses = {hashlib.sha256(f"ward\tward:{n}".encode()).hexdigest() for n in range(100)}
    assert not any(guess in text for guess in guesses)
    model = written(tmp_path / "model", content)
    assert seen_in_training(model, "ward", ["ward:17", "ward:18"], prepared=ward) == 1
    # The same id in another hospital has another hash.
    other = prepared(tmp_path / "other", {"a": "other:17"})
    assert training_people("ward", ["ward:17"], salt=salt_of("ward", other)) != content


def test_another_list_of_the_same_dataset_is_said_not_cleared(tmp_path):
    ward = prepared(tmp_path / "ward", {"a": "ward:17", "b": "ward:18"})
    model = written(tmp_path / "model", training_people("ward", ["ward:17"], salt=salt_of("ward", ward)))
    grown = prepared(tmp_path / "grown", {"a": "ward:17", "b": "ward:18", "c": "ward:19"})
    seen = seen_people(model, "ward", prepared=grown)
    assert seen is not None and seen.other_lists and seen.count([["ward:17"]]) == 0
    assert seen_in_training(model, "ward", ["ward:17"], prepared=grown) is None
    with pytest.raises(DataError, match=r"splits\.csv"):
        seen_people(model, "ward")
