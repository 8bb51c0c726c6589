from __future__ import annotations

from pathlib import Path

import pytest

from hf_auscult.data import SplitSpec, assert_subject_disjoint, builder_of
from hf_auscult.errors import DataError, LeakageError


def test_builder_gives_splits_without_a_shared_person(circor: Path, tmp_path: Path):
    builder = builder_of("circor")(config_name="murmur", data_dir=str(circor), cache_dir=str(tmp_path / "cache"))
    builder.download_and_prepare()
    splits = builder.as_dataset()
    assert_subject_disjoint({name: part["subject_id"] for name, part in splits.items()})
    row = splits["train"][0]
    assert row["audio"]["bytes"] == (circor / row["audio"]["path"]).read_bytes()
    assert splits["train"].features["label"].int2str(row["label"]) == row["murmur"]
    assert row["duration"] > 1 and row["sampling_rate"] == 4000


def test_builder_refuses_a_broken_download_and_says_what_to_use(circor: Path, tmp_path: Path):
    next((circor / "training_data").glob("*.wav")).write_bytes(b"RIFF")
    builder = builder_of("circor")(config_name="murmur", data_dir=str(circor), cache_dir=str(tmp_path / "cache"))
    with pytest.raises(DataError, match="prepare"):
        builder.download_and_prepare()


def test_builder_without_a_folder(tmp_path: Path):
    with pytest.raises(DataError, match="data_dir"):
        builder_of("circor")(config_name="murmur", cache_dir=str(tmp_path)).download_and_prepare()


def test_builder_refuses_the_leaking_split(shared: Path, tmp_path: Path):
    builder = builder_of("sprsound")(
        config_name="record",
        data_dir=str(shared / "data" / "sprsound"),
        cache_dir=str(tmp_path),
        split=SplitSpec(name="official"),
    )
    with pytest.raises(LeakageError, match="35 people"):
        builder.download_and_prepare()


def test_a_changed_download_is_not_answered_from_the_cache(circor: Path, tmp_path: Path):
    def subjects() -> set[str]:
        builder = builder_of("circor")(
            config_name="recordings", data_dir=str(circor), cache_dir=str(tmp_path / "cache")
        )
        builder.download_and_prepare()
        return {subject for part in builder.as_dataset().values() for subject in part["subject_id"]}

    before = subjects()
    records = (circor / "RECORDS").read_text().splitlines(keepends=True)
    (circor / "RECORDS").write_text("".join(records[:-1]))
    for file in (circor / "training_data").glob(f"{Path(records[-1].strip()).name}.*"):
        file.unlink()
    assert len(subjects()) == len(before) - 1
