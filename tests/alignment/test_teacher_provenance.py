"""What a teacher has read stays on disk, and says where it comes from."""

from __future__ import annotations

import numpy as np
import pytest

from hf_auscult.alignment import teachers
from hf_auscult.alignment.teachers import Teacher, TeacherConfig, tokenizer_hash
from hf_auscult.errors import ConfigurationError
from tests.alignment.tiny_teachers import byte_tokenizer, save, word_tokenizer

TEXTS = [f"Report {number}: a murmur of grade {number % 6}." for number in range(40)]


@pytest.fixture
def folder(tmp_path):
    save("llama", tmp_path / "model")
    return tmp_path / "model"


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
def test_a_teacher_that_changed_is_not_mixed_in(folder, tmp_path, monkeypatch, key):
    """A Hub id without revision can point to another commit tomorrow."""
    config = TeacherConfig(str(folder))
    Teacher(config, cache=tmp_path / "cache").embed(TEXTS[:2])
    real = teachers._provenance
    monkeypatch.setattr(teachers, "_provenance", lambda *args: {**real(*args), key: "another"})
    again = Teacher(config, cache=tmp_path / "cache")
    again.embed(TEXTS[:2])  # nothing new is read
    with pytest.raises(ConfigurationError, match=f"other {key}"):
        again.embed(TEXTS[:3])


def test_settings_that_change_vectors_change_the_place(folder):
    config = TeacherConfig(str(folder))
    others = {"layer": (1, 2), "pooling": "last_token", "prefix": "Query: ", "max_tokens": 64, "kind": "causal"}
    places = {TeacherConfig(str(folder), **{name: value}).fingerprint() for name, value in others.items()}
    assert len(places | {config.fingerprint()}) == len(others) + 1
