"""The cache on disk: mapped, not copied; whole or absent; and it knows where it comes from."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from hf_auscult.alignment.teacher_store import TeacherStore
from hf_auscult.alignment.teachers import EmbeddedTexts, Teacher, TeacherConfig, tokenizer_hash
from hf_auscult.errors import ConfigurationError, DataError
from tests.alignment.tiny_teachers import byte_tokenizer, save, word_tokenizer

TEXTS = [f"Report {number}: a murmur of grade {number % 6}." for number in range(40)]


@pytest.fixture
def folder(tmp_path):
    save("llama", tmp_path / "model")
    return tmp_path / "model"


def keys(*numbers: int) -> list[bytes]:
    return [number.to_bytes(32, "big") for number in numbers]


def test_what_is_written_is_found(tmp_path):
    store, rng = TeacherStore(tmp_path), np.random.default_rng(0)
    rows = rng.standard_normal((6, 5)).astype(np.float32)
    store.write(dict(zip(keys(3, 1), rows[:2], strict=True)))
    store.write(dict(zip(keys(2, 5, 4, 9), rows[2:], strict=True)))
    for merged in (False, True):
        parts, places = store.load()
        for key, row in zip(keys(3, 1, 2, 5, 4, 9), rows, strict=True):
            part, place = places[key]
            assert np.array_equal(parts[part][place], row)
        kinds = [path.name.split("-")[0] for path in tmp_path.glob("*.arrow")]
        assert kinds == (["table"] if merged else ["part", "part"])
        store.merge()
    assert not list(tmp_path.glob(".*"))


def test_reading_maps_and_does_not_copy(tmp_path):
    store = TeacherStore(tmp_path)
    rows = np.random.default_rng(0).standard_normal((4000, 256)).astype(np.float32)
    store.write(dict(zip(keys(*range(4000)), rows, strict=True)))
    store.merge()
    before = pa.total_allocated_bytes()
    parts, places = store.load()
    assert pa.total_allocated_bytes() - before < 0.1 * rows.nbytes
    assert not parts[0].flags.owndata and not parts[0].flags.writeable
    texts = EmbeddedTexts(parts, np.array([places[key] for key in keys(7, 7, 3999)]))
    assert np.array_equal(texts[1], rows[7]) and texts[1].flags.owndata
    assert texts.shape == (3, 256) == np.asarray(texts).shape
    assert np.array_equal(np.asarray(texts[1:]), rows[[7, 3999]])
    with pytest.raises(ValueError, match="is a copy"):
        np.array(texts, copy=False)


def test_the_result_stays_on_disk(folder, tmp_path):
    teacher = Teacher(TeacherConfig(str(folder)), cache=tmp_path / "cache")
    found = teacher.read([*TEXTS, *TEXTS[::-1]])
    assert len(found) == 80
    assert sum(len(part) for part in found.parts) == 40, "a text twice is stored once"
    assert [path.name.split("-")[0] for path in teacher.folder.glob("*.arrow")] == ["table"]
    np.testing.assert_array_equal(found[79], found[0])
    np.testing.assert_array_equal(np.asarray(found), teacher.embed([*TEXTS, *TEXTS[::-1]]))
    # Examples of an alignment can hold it as it is.
    assert found[2:4].shape == (2, 32)


def test_a_file_is_whole_or_absent(tmp_path, monkeypatch):
    store = TeacherStore(tmp_path)
    real = pa.ipc.new_file

    class Full:
        def __init__(self, *args):
            self.writer = real(*args)

        def write_batch(self, batch):
            self.writer.write_batch(batch)
            raise OSError("no space left on device")

    monkeypatch.setattr(pa.ipc, "new_file", Full)
    with pytest.raises(OSError, match="no space"):
        store.write({keys(1)[0]: np.zeros(3, np.float32)})
    assert not list(tmp_path.glob("*.arrow"))
    assert store.load() == ((), {})


def test_where_the_embeddings_come_from(folder, tmp_path):
    teacher = Teacher(TeacherConfig(str(folder), layer=(1, -1)), cache=tmp_path / "cache")
    assert teacher.provenance() == {}
    teacher.embed(TEXTS[:2])
    found = teacher.provenance()
    assert found["settings"]["layer"] == [1, -1]
    assert (found["model_class"], found["width"], found["dtype"]) == ("LlamaModel", 64, "float32")
    assert found["tokenizer_sha256"] == tokenizer_hash(byte_tokenizer()) != tokenizer_hash(word_tokenizer())
    assert set(found["versions"]) == {"hf-auscult", "torch", "transformers", "tokenizers"}
    assert len(found["weights"]) == 64


@pytest.mark.parametrize("key", ["commit", "tokenizer_sha256"])
def test_a_teacher_that_changed_is_not_mixed_in(folder, tmp_path, key):
    """A Hub id without revision can point to another commit tomorrow."""
    config = TeacherConfig(str(folder))
    teacher = Teacher(config, cache=tmp_path / "cache")
    teacher.embed(TEXTS[:2])
    path = teacher.folder / "provenance.json"
    path.write_text(json.dumps({**teacher.provenance(), key: "another"}))
    again = Teacher(config, cache=tmp_path / "cache")
    again.embed(TEXTS[:2])  # nothing new is read
    with pytest.raises(ConfigurationError, match=f"other {key}"):
        again.embed(TEXTS[:3])
    path.write_text("{")
    with pytest.raises(DataError, match="damaged"):
        again.provenance()


def test_settings_that_change_vectors_change_the_place(folder):
    config = TeacherConfig(str(folder))
    others = {"layer": (1, 2), "pooling": "last_token", "prefix": "Query: ", "max_tokens": 64, "kind": "causal"}
    places = {TeacherConfig(str(folder), **{name: value}).fingerprint() for name, value in others.items()}
    assert len(places | {config.fingerprint()}) == len(others) + 1
