"""Every dataset has its script and its page, and the script is that dataset's."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from hf_auscult.data import DATASETS

SCRIPTS = Path(__file__).resolve().parents[2] / "dataset_scripts"


@pytest.mark.parametrize("name", DATASETS)
def test_a_wrong_folder_is_reported_in_the_datasets_own_words(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "empty").mkdir()
    arguments = ["--source", str(tmp_path / "empty"), "--output", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", ["prepare.py", *arguments])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(SCRIPTS / name / "prepare.py"), run_name="__main__")
    assert stop.value.code == 2
    assert "not the layout of" in capsys.readouterr().err


@pytest.mark.parametrize("spec", DATASETS.values(), ids=lambda spec: spec.name)
def test_its_page_names_every_task_the_source_and_the_leaks(spec):
    page = (SCRIPTS / spec.name / "README.md").read_text()
    for task in spec.tasks:
        assert f"`{task.name}`" in page
    assert spec.source_url.removesuffix("/") in page
    assert "**Known leaks.**" in page and f"dataset_scripts/{spec.name}/prepare.py" in page
