"""Every dataset, from its original layout: what `prepare` writes is what `load_dataset` and its kin read."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import datasets
import pyarrow.parquet as pq
import pytest

from hf_auscult.audio import read
from hf_auscult.data import DATASETS, PrepareReport, prepare
from hf_auscult.data.from_folder import from_folder

from .every_layout import ORIGINALS

NEEDS_FFMPEG = (".webm", ".m4a", ".mp4")


@pytest.fixture(scope="module", params=ORIGINALS)
def report(request, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> PrepareReport:
    """One dataset, prepared; gone when its tests are done."""
    name = request.param
    home = tmp_path_factory.mktemp(name)
    source = ORIGINALS[name](shared, home / "in")
    output = home / "auscult" / name
    run = prepare if name in DATASETS else from_folder
    first = (name,) if name in DATASETS else ()
    made = run(*first, source, output, progress=False, **({} if first else {"organ": "heart"}))
    yield made
    shutil.rmtree(home)


def expected(report: PrepareReport) -> Mapping[str, Mapping[str, int]]:
    """Config -> split -> examples, without the splits that have none."""
    return {
        config: {split: counts.recordings for split, counts in parts.items() if counts.recordings}
        for config, parts in report.configs.items()
    }


def examples(part: datasets.Dataset) -> int:
    """Rows, or their segments where these are what is labelled."""
    column = next((name for name in part.column_names if name.startswith("segments_")), None)
    return len(part) if column is None else sum(map(len, part[column]))


def test_configs_splits_and_counts(report: PrepareReport):
    configs = expected(report)
    folder = str(report.output)
    assert datasets.get_dataset_config_names(folder) == list(configs)
    spec = DATASETS.get(report.dataset)
    if spec is not None:
        empty = {task.name for task in spec.tasks} - set(configs)
        assert not empty or any("no recording here" in note for note in report.notes), empty
    for config, parts in configs.items():
        loaded = datasets.load_dataset(folder, config)
        assert {split: examples(part) for split, part in loaded.items()} == parts, config
        assert sorted(datasets.get_dataset_split_names(folder, config)) == sorted(parts)


def test_streaming_gives_the_same_rows(report: PrepareReport):
    for config, parts in expected(report).items():
        streamed = datasets.load_dataset(str(report.output), config, streaming=True)
        assert sorted(streamed) == sorted(parts)
        split = min(parts, key=parts.get)
        whole = datasets.load_dataset(str(report.output), config, split=split)
        rows = list(streamed[split])
        assert rows[0] == whole[0], config
        names = [row["recording_id"] for row in rows]
        assert names == whole["recording_id"][:], config


def test_audio_is_read_without_ffmpeg(report: PrepareReport):
    """Every recording of the smallest part, and the first of every part of every config."""
    heard = 0
    for config, parts in expected(report).items():
        loaded = datasets.load_dataset(str(report.output), config)
        # undecoded by its own metadata: whoever loads it needs no decoder to look at it
        assert all(part.features["audio"] == datasets.Audio(decode=False) for part in loaded.values())
        smallest = min(parts, key=parts.get)
        for split, part in loaded.items():
            for row in part.select(range(min(len(part), 40 if split == smallest else 1))):
                if row["audio"]["path"].endswith(NEEDS_FFMPEG):
                    continue
                waveform = read(row["audio"])
                assert len(waveform.array) and waveform.sampling_rate > 0
                if "segment" not in row:
                    assert waveform.sampling_rate == row["sampling_rate"]
                    assert waveform.seconds == pytest.approx(row["duration"])
                heard += 1
    assert heard


def test_a_relative_folder_is_loaded_by_its_name(report: PrepareReport, monkeypatch: pytest.MonkeyPatch):
    """``load_dataset("auscult/<name>", task)`` beside a folder of that name."""
    monkeypatch.chdir(report.output.parents[1])
    name = f"auscult/{report.output.name}"
    configs = expected(report)
    assert datasets.get_dataset_config_names(name) == list(configs)
    task = list(configs)[-1]
    loaded = datasets.load_dataset(name, task)
    assert {split: examples(part) for split, part in loaded.items()} == configs[task]


def test_audio_is_stored_once(report: PrepareReport):
    """Whatever the number of configs: no more than 1.15 of the recordings' own bytes beyond the tables' few kB."""
    files = [file for file in report.output.rglob("*") if file.is_file()]
    stored = [row for file in (report.output / "data").glob("*.parquet") for row in pq.read_table(file).to_pylist()]
    assert len({row["recording_id"] for row in stored}) == len(stored)
    audio = sum(len(row["audio"]["bytes"]) for row in stored)
    table = sum(file.stat().st_size for file in files if file.suffix == ".parquet")
    assert table <= 1.15 * audio + 120_000 * len(list((report.output / "data").iterdir()))
    if report.dataset in ("circor", "cinc2016", "sprsound"):  # real recordings, and megabytes of them
        assert sum(file.stat().st_size for file in files) <= 1.15 * audio > 10e6
