"""The main job with a set of reports in place of the templates."""

from __future__ import annotations

import datasets
import pytest
import yaml

import hf_auscult
from hf_auscult.recipes.align.config import load_config
from hf_auscult.recipes.align.corpus import data_folders, prepare_data
from hf_auscult.reports.generate_set import ReportSettings, generate_set, plan_set
from tests.aligned import settings
from tests.recipes.align.test_corpus import Forgetful


@pytest.mark.slow
def test_a_run_reads_a_set_and_says_who_was_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    values = settings(tmp_path) | {"checks": [], "reports": {"mask": "strict", "folder": str(tmp_path / "set")}}
    values["start"]["steps"] = 0
    values["training"]["max_steps"] = 2
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(values))
    config = load_config(tmp_path / "run.yaml")
    prepare_data(config.data, tmp_path / "work")
    prepared = data_folders(config.data, tmp_path / "work")[0]
    job = plan_set(prepared, ReportSettings(mask="strict", task="murmur", draws=2))
    generate_set(job, tmp_path / "set", Forgetful(), progress=False)
    results = hf_auscult.align(config, command="a test", progress=False).to_dict()
    left_out = results["reports"]["left_out"]
    assert sum(left_out.values()) > 0 and results["reports"]["folder"] == "set"
    rows = [row["split"] for row in job.source.rows]
    whole = {split: rows.count(split) for split in left_out}
    used = {split: part["recordings"] for split, part in results["data"]["splits"].items()}
    assert all(used[split] + left_out[split] <= whole[split] for split in used)  # the locked people are not in the run
    card = (tmp_path / "auscult" / "acula-opera" / "README.md").read_text()
    assert "recordings without one, left out: train" in card and "restate the label" not in card
