"""Every recording is encoded once."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

import hf_auscult
from hf_auscult.embedding import cache as module
from hf_auscult.embedding import embedder
from hf_auscult.embedding.cache import Example, FeatureCache
from hf_auscult.errors import AudioError, DataError
from hf_auscult.evaluation.models import LogMelStatistics, find_encoder
from tests import tiny


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


def test_several_models_read_each_recording_once(tmp_path, folder, files, monkeypatch):
    """Rows are those of each model alone; a model that has them is not asked; others are encoded as they can."""
    tiny.model(seed=5).eval().save_pretrained(tmp_path / "other")
    shutil.copy(Path(folder) / "preprocessor_config.json", tmp_path / "other")
    first, second = find_encoder(folder), find_encoder(tmp_path / "other")
    reads = Mock(wraps=embedder.read)
    monkeypatch.setattr(embedder, "read", reads)
    cells = [Example(path, {"path": path, "bytes": None}) for path in files]
    both = FeatureCache(tmp_path / "cache", "data").features_of([first, LogMelStatistics("heart"), second], cells)
    assert reads.call_count == len(files) and len(both) == 3
    again = FeatureCache(tmp_path / "cache", "data")
    for model in (first, second):
        expected = hf_auscult.embed(model.embedder.model, files, progress=False)
        assert np.array_equal(both[model.name], expected)
        assert np.array_equal(again.features(model, cells), expected)
    assert again.encoded == 0
    with pytest.raises(DataError, match=r"nowhere\.wav"):
        again.features_of([first, second], [*cells, Example("lost", {"path": "nowhere.wav", "bytes": None})])
