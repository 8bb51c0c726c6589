"""Every recording is encoded once."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from hf_auscult.embedding import cache as module
from hf_auscult.embedding.cache import Example, FeatureCache
from hf_auscult.errors import AudioError, DataError


@dataclass
class Counting:
    """Counts what it is asked for."""

    name: str = "counting"
    fingerprint: str = "1"
    asked: list[str] = field(default_factory=list)
    breaks_at: str = ""

    def rows(self, examples):
        for key, audio in examples:
            if key == self.breaks_at:
                raise AudioError("cannot be read", where=key)
            self.asked.append(key)
            yield np.array([audio["value"], len(self.asked)], np.float32)


def examples(*names):
    return [Example(name, {"value": float(ord(name))}) for name in names]


def test_second_pass_encodes_nothing(tmp_path):
    model = Counting()
    first = FeatureCache(tmp_path, "data").features(model, examples("a", "b", "c"))
    again = FeatureCache(tmp_path, "data").features(model, examples("c", "a"))
    assert model.asked == ["a", "b", "c"]
    assert np.array_equal(again, first[[2, 0]])


def test_other_recordings_weights_or_cuts_are_other_rows(tmp_path):
    model = Counting()
    FeatureCache(tmp_path, "data").features(model, examples("a"))
    FeatureCache(tmp_path, "other data").features(model, examples("a"))
    FeatureCache(tmp_path, "data").features(Counting(fingerprint="2", asked=model.asked), examples("a"))
    FeatureCache(tmp_path, "data").features(model, [Example("a", {"value": 0.0}, "0.5-1.0")])
    assert model.asked == ["a"] * 4


def test_interrupted_pass_keeps_what_it_has(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PART", 2)
    model = Counting(breaks_at="d")
    with pytest.raises(DataError, match="counting, d"):
        FeatureCache(tmp_path, "data").features(model, examples("a", "b", "c", "d"))
    model.breaks_at = ""
    FeatureCache(tmp_path, "data").features(model, examples("a", "b", "c", "d"))
    assert model.asked == ["a", "b", "c", "c", "d"]


def test_damaged_file_is_named(tmp_path):
    FeatureCache(tmp_path, "data").features(Counting(), examples("a"))
    (file,) = tmp_path.rglob("*.arrow")
    file.write_bytes(file.read_bytes()[:50])
    with pytest.raises(DataError, match="damaged") as error:
        FeatureCache(tmp_path, "data").features(Counting(), examples("a"))
    assert file.name in str(error.value)
