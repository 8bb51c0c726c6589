"""Every dataset has its script and its page, and the script is that dataset's."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from hf_auscult import cli
from hf_auscult.data import DATASETS

SCRIPTS = Path(__file__).resolve().parents[2] / "dataset_scripts"


@pytest.mark.parametrize("name", DATASETS)
def test_a_script_prepares_its_own_dataset_and_reports_a_wrong_folder(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "empty").mkdir()
    arguments = ["--source", str(tmp_path / "empty"), "--output", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", ["prepare.py", *arguments])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(SCRIPTS / name / "prepare.py"), run_name="__main__")
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert str(tmp_path / "empty") in said and "To fix: " in said and "Traceback" not in said
    calls = []
    monkeypatch.setattr(cli, "main", lambda argv: calls.append(argv))
    with pytest.raises(SystemExit):
        runpy.run_path(str(SCRIPTS / name / "prepare.py"), run_name="__main__")
    assert calls == [["prepare", name, *arguments]]


@pytest.mark.parametrize("spec", DATASETS.values(), ids=lambda spec: spec.name)
def test_its_page_names_every_task_the_source_and_the_leaks(spec):
    page = (SCRIPTS / spec.name / "README.md").read_text()
    for task in spec.tasks:
        assert f"`{task.name}`" in page
    assert spec.source_url.removesuffix("/") in page
    assert "**Known leaks.**" in page and f"dataset_scripts/{spec.name}/prepare.py" in page
