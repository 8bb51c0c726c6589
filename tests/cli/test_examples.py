"""The scripts in examples/ are the command's verbs, and the alignment's demo needs no flags."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

from hf_auscult import cli
from hf_auscult.cli import parser
from hf_auscult.recipes.align.config import load_config

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def typed(script: str, words: list[str], monkeypatch) -> list[str]:
    """What a script hands to the command."""
    given: list[list[str]] = []
    monkeypatch.setattr(cli, "main", lambda argv: given.append(argv) or 0)
    monkeypatch.setattr("sys.argv", [script, *words])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(EXAMPLES / script), run_name="__main__")
    assert stop.value.code == 0
    return given[0]


@pytest.mark.parametrize("cwd", [EXAMPLES.parent, EXAMPLES, "/"])
def test_align_runs_the_demo_without_flags(monkeypatch, cwd):
    monkeypatch.chdir(cwd)
    config = Path(parser().parse_args(typed("align.py", [], monkeypatch)).config)
    assert config.resolve() == EXAMPLES / "configs" / "demo.yaml"
    assert load_config(config).output == "auscult/acula-opera"
    assert parser().parse_args(typed("align.py", ["--config", "mine.yaml"], monkeypatch)).config == "mine.yaml"
    assert parser().parse_args(typed("align.py", ["--seed", "3"], monkeypatch)).seed == 3


@pytest.mark.parametrize(
    ("script", "verb"), [("benchmark.py", "bench"), ("zero_shot.py", "zero-shot"), ("publish.py", "publish")]
)
def test_others_are_verbs(monkeypatch, script, verb):
    assert typed(script, ["a", "--b"], monkeypatch) == [verb, "a", "--b"]


@pytest.mark.slow
def test_the_notebook_runs_as_written(tmp_path, monkeypatch):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUSCULT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "data").symlink_to(EXAMPLES / "data")
    cells = json.loads((EXAMPLES / "first_steps.ipynb").read_text("utf-8"))["cells"]
    scope: dict[str, object] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            assert not cell["outputs"], "committed without outputs"
            exec("".join(cell["source"]), scope)
    assert scope["task"].results
