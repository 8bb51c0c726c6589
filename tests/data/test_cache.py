"""`load_dataset` must never serve one prepared folder's rows for another's."""

from __future__ import annotations

import datasets

from hf_auscult.data import SplitSpec, prepare


def test_two_splits_under_one_folder_name(tmp_path, monkeypatch, pytestconfig):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    source = pytestconfig.rootpath / "examples" / "data" / "circor_sample"
    found = []
    for seed in (0, 1):
        folder = tmp_path / str(seed) / "circor"
        prepare("circor", source, folder, split=SplitSpec(seed=seed), tasks=["murmur"], progress=False)
        lines = (folder / "splits.csv").read_text().splitlines()[1:]
        prepared = {line.split(",")[0] for line in lines if line.endswith(",test")}
        loaded = set(datasets.load_dataset(str(folder), "murmur")["test"]["recording_id"])
        assert loaded
        assert loaded <= prepared
        found.append(loaded)
    assert found[0] != found[1]
