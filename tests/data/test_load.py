from __future__ import annotations

import json
import shutil
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hf_auscult import audit
from hf_auscult.data import load_prepared
from hf_auscult.data.load import rows_of
from hf_auscult.errors import ConfigurationError, DataError, LeakageError


@pytest.fixture
def folder(prepared, tmp_path: Path) -> Path:
    return shutil.copytree(prepared.output, tmp_path / "circor")


def shard(folder: Path, split: str) -> Path:
    return folder / "data" / f"{split}-00000-of-00001.parquet"


def smuggle(folder: Path, **changes: str) -> None:
    """Append the first test row to training, in disguise."""
    train, row = pq.read_table(shard(folder, "train")), pq.read_table(shard(folder, "test")).slice(0, 1)
    for name, value in changes.items():
        row = row.set_column(row.column_names.index(name), name, pa.array([value]))
    pq.write_table(pa.concat_tables([train, row.cast(train.schema)]), shard(folder, "train"))


def test_a_sound_folder_loads_undecoded(folder: Path):
    loaded = load_prepared(folder, "murmur")
    assert isinstance(loaded, datasets.DatasetDict)
    assert loaded["train"].features["audio"] == datasets.Audio(decode=False)
    assert loaded["train"][0]["audio"]["bytes"][:4] == b"RIFF"


def test_a_test_person_smuggled_into_training_is_caught(folder: Path):
    smuggle(folder)
    with pytest.raises(LeakageError, match=r"people.*test, train"):
        load_prepared(folder, "murmur")


def test_a_false_name_does_not_hide_the_recording(folder: Path):
    smuggle(folder, subject_id="circor:1", person="circor:1", recording_id="1_AV")
    with pytest.raises(LeakageError, match="byte-identical"):
        load_prepared(folder, "murmur")


def test_a_false_name_and_a_false_hash_still_fail_the_table(folder: Path):
    smuggle(folder, subject_id="circor:1", person="circor:1", recording_id="1_AV", audio_sha256="0" * 64)
    with pytest.raises(DataError, match="1_AV"):
        load_prepared(folder, "murmur")


def test_a_reserved_person_in_training_is_refused_even_when_leaks_are_allowed(folder: Path):
    smuggle(folder, subject_id="circor:13918")
    with pytest.raises(LeakageError, match="13918"):
        load_prepared(folder, "murmur", allow_leakage=True)


def test_an_edited_split_table_is_refused(folder: Path):
    file = folder / "splits.csv"
    text = file.read_text()
    file.write_text(text.replace(",test\n", ",train\n", 1))
    with pytest.raises(DataError, match="not the split that was prepared"):
        load_prepared(folder, "murmur")
    file.unlink()
    with pytest.raises(DataError, match="cannot be read"):
        load_prepared(folder, "murmur")


def test_a_moved_row_is_refused(folder: Path):
    train, test = pq.read_table(shard(folder, "train")), pq.read_table(shard(folder, "test"))
    people = test["subject_id"].to_pylist()
    moved = pa.compute.equal(test["subject_id"], people[0])
    pq.write_table(pa.concat_tables([train, test.filter(moved)]), shard(folder, "train"))
    pq.write_table(test.filter(pa.compute.invert(moved)), shard(folder, "test"))
    with pytest.raises(DataError, match=r"splits\.csv"):
        load_prepared(folder, "murmur")


def test_a_lost_shard_is_noticed(folder: Path):
    shard(folder, "validation").unlink()
    with pytest.raises(DataError, match="'validation' are missing"):
        load_prepared(folder, "murmur")


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"[" * 9_000])
def test_a_damaged_shard_is_named(folder: Path, damage):
    file = shard(folder, "train")
    file.write_bytes(damage(file.read_bytes()))
    for call in (lambda: load_prepared(folder, "murmur"), lambda: list(rows_of(file)), lambda: audit([folder])):
        with pytest.raises(DataError, match=r"circor/data.*: cannot be read"):
            call()


def test_other_folders_and_tasks(folder: Path, tmp_path: Path):
    with pytest.raises(ConfigurationError, match="recordings, murmur, outcome"):
        load_prepared(folder, "murmurs")
    with pytest.raises(DataError, match="not a prepared dataset"):
        load_prepared(tmp_path, "murmur")
    manifest = json.loads((folder / "prepare.json").read_text())
    (folder / "prepare.json").write_text(json.dumps({**manifest, "layout": 1}))
    with pytest.raises(DataError, match=r"another version.*prepare it again"):
        load_prepared(folder, "murmur")
    (folder / "prepare.json").write_text("{")
    with pytest.raises(DataError, match="not JSON"):
        load_prepared(folder, "murmur")
