"""Whom a model was trained on."""

from __future__ import annotations

import json

import pytest

from hf_auscult.data.trained_on import FILE, seen_in_training, training_people
from hf_auscult.errors import DataError


def test_known_people_are_counted_however_spelled(tmp_path):
    (tmp_path / FILE).write_text(json.dumps(training_people("circor", ["circor:1", "circor:2"])))
    assert seen_in_training(tmp_path, "circor", [" CIRCOR:2", "circor:3"]) == 1
    assert seen_in_training(tmp_path, "icbhi", ["circor:2"]) == 0
    assert seen_in_training(tmp_path / "elsewhere", "circor", ["circor:1"]) is None
    assert "circor:1" not in (tmp_path / FILE).read_text()


@pytest.mark.parametrize("text", ["{", "[]", '{"circor": 3}'])
def test_damaged_file_is_named(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(DataError, match="damaged"):
        seen_in_training(tmp_path, "circor", ["circor:1"])
