"""Rows on disk: mapped, not copied; whole or absent; and they know what made them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from hf_auscult.embedding.store import EmbeddingStore
from hf_auscult.errors import ConfigurationError, DataError


def keys(*numbers: int) -> list[bytes]:
    return [number.to_bytes(32, "big") for number in numbers]


def test_what_is_written_is_found(tmp_path):
    store, rng = EmbeddingStore(tmp_path), np.random.default_rng(0)
    rows = rng.standard_normal((6, 5)).astype(np.float32)
    store.write(dict(zip(keys(3, 1), rows[:2], strict=True)), {keys(1)[0]: 2.5})
    store.write(dict(zip(keys(2, 5, 4, 9), rows[2:], strict=True)))
    store.write({})
    for merged in (False, True):
        known = store.load()
        np.testing.assert_array_equal(known.rows(keys(3, 1, 2, 5, 4, 9)), rows)
        assert known.seconds[keys(1)[0]] == 2.5 and np.isnan(known.seconds[keys(2)[0]])
        assert keys(9)[0] in known and keys(8)[0] not in known
        kinds = [path.name.split("-")[0] for path in tmp_path.glob("*.arrow")]
        assert kinds == (["table"] if merged else ["part", "part"])
        store.merge()
    assert not list(tmp_path.glob(".*"))
    with pytest.raises(KeyError):
        known.rows(keys(8))


def test_reading_maps_and_does_not_copy(tmp_path):
    store = EmbeddingStore(tmp_path)
    rows = np.random.default_rng(0).standard_normal((4000, 256)).astype(np.float32)
    store.write(dict(zip(keys(*range(4000)), rows, strict=True)))
    store.merge()
    before = pa.total_allocated_bytes()
    known = store.load()
    assert pa.total_allocated_bytes() - before < 0.1 * rows.nbytes
    assert not known.parts[0].flags.owndata and not known.parts[0].flags.writeable
    found = known.rows(keys(7, 7, 3999))
    assert np.array_equal(found[1], rows[7]) and found[1].flags.owndata
    assert found.shape == (3, 256) == np.asarray(found).shape
    assert np.array_equal(np.asarray(found[1:]), rows[[7, 3999]])
    assert np.asarray(found, np.float64).dtype == np.float64
    with pytest.raises(ValueError, match="is a copy"):
        np.array(found, copy=False)


def test_a_file_is_whole_or_absent(tmp_path, monkeypatch):
    store = EmbeddingStore(tmp_path)

    def full(self, batch):
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pa.ipc.RecordBatchFileWriter, "write_batch", full)
        with pytest.raises(OSError, match="no space"):
            store.write({keys(1)[0]: np.zeros(3, np.float32)})
    assert not list(tmp_path.iterdir())
    assert store.load().places == {} and store.provenance() == {}
    assert np.asarray(store.load().rows([])).shape == (0, 0)


def test_the_files_say_what_made_them(tmp_path):
    store = EmbeddingStore(tmp_path, {"model": "a", "commit": "1", "low": np.nan})
    store.write({b"1": np.zeros(3, np.float32)})
    store.merge()
    assert EmbeddingStore(tmp_path).provenance() == {"model": "a", "commit": "1", "low": None} == store.made_by
    later = EmbeddingStore(tmp_path)
    later.expect({"model": "a", "commit": "1", "seen": 2}, same=("model", "commit"))
    with pytest.raises(ConfigurationError, match=r"other commit.*pin its revision to 1"):
        later.expect({"model": "a", "commit": "2"}, same=("model", "commit"))
    store.clear()
    later.expect({"model": "a", "commit": "2"}, same=("model", "commit"))


@pytest.mark.parametrize("damage", [lambda data: data[:50], lambda data: b"", lambda data: b"not Arrow" * 9])
def test_a_damaged_file_is_named(tmp_path, damage):
    store = EmbeddingStore(tmp_path)
    store.write({b"1": np.zeros(3, np.float32)})
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    for read in (store.load, store.provenance, store.merge):
        with pytest.raises(DataError, match="damaged") as error:
            read()
        assert file.name in str(error.value)


def test_a_file_that_another_run_has_just_merged(tmp_path, monkeypatch):
    store = EmbeddingStore(tmp_path)
    store.write({b"1": np.ones(3, np.float32)})
    real = EmbeddingStore._files
    calls = []

    def merged_meanwhile(self, kind):
        found = real(self, kind)
        if not calls:
            calls.append(1)
            EmbeddingStore(tmp_path).merge()
        return found

    monkeypatch.setattr(EmbeddingStore, "_files", merged_meanwhile)
    np.testing.assert_array_equal(store.load().rows([b"1"]), np.ones((1, 3)))
