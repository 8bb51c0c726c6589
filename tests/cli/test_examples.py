"""The scripts in examples/ are the command's verbs, and the alignment's demo needs no flags."""

from __future__ import annotations

import importlib
import json
import runpy
from pathlib import Path

import pytest
import torch

from hf_auscult import cli
from hf_auscult.cli import parser
from hf_auscult.data import prepare
from hf_auscult.embedding.store import weights_of
from hf_auscult.recipes.align.config import load_config
from tests import tiny

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
    ("script", "verb"),
    [
        ("benchmark.py", "bench"),
        ("finetune.py", "finetune"),
        ("pretrain.py", "pretrain"),
        ("publish.py", "publish"),
        ("zero_shot.py", "zero-shot"),
    ],
)
def test_others_are_verbs(monkeypatch, script, verb):
    assert typed(script, ["a", "--b"], monkeypatch) == [verb, "a", "--b"]


def test_embed_prints_a_row_a_recording(tmp_path, monkeypatch, capsys):
    tiny.model().eval().save_pretrained(tmp_path / "tiny")
    tiny.EXTRACTOR.save_pretrained(tmp_path / "tiny")
    monkeypatch.setattr("sys.argv", ["embed.py", str(tmp_path / "tiny")])
    runpy.run_path(str(EXAMPLES / "embed.py"), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    first = min((EXAMPLES / "data" / "circor_sample" / "training_data").glob("*.wav")).name
    assert len(lines) == 2 and "embeddings (1, " in lines[0] and lines[1].startswith(f"{first}: [")


def test_the_page_shows_probabilities_of_the_measured_weights_alone(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES / "space")
    listening = importlib.import_module("listening")
    committed = listening.calibration()
    listening.calibration.cache_clear()
    assert {"Murmur", "Crackles or wheezes"} == set(committed), "measured on other weights: run calibrate.py again"
    assert all(entry["useful"] and entry["people"]["validation"] for entry in committed.values())
    monkeypatch.setattr(listening, "HERE", tmp_path)
    model = listening.loaded()[0].model
    content = {"weights": weights_of(model), "findings": {"Murmur": {"auroc": 0.8}}}
    (tmp_path / "calibration.json").write_text(json.dumps(content))
    assert listening.calibration() == content["findings"]
    listening.calibration.cache_clear()
    with torch.no_grad():
        next(model.parameters()).add_(1e-3)
    assert listening.calibration() == {}
    listening.loaded.cache_clear()
    listening.calibration.cache_clear()


@pytest.mark.slow
def test_probabilities_are_measured_on_people_the_model_never_met(tmp_path, monkeypatch):
    prepare("circor", EXAMPLES / "data" / "circor_sample", tmp_path / "prepared" / "circor", progress=False)
    monkeypatch.syspath_prepend(EXAMPLES / "space")
    output = tmp_path / "calibration.json"
    monkeypatch.setattr("sys.argv", ["calibrate.py", str(tmp_path / "prepared"), str(output)])
    runpy.run_path(str(EXAMPLES / "space" / "calibrate.py"), run_name="__main__")
    ((name, found),) = json.loads(output.read_text())["findings"].items()
    assert name == "Murmur" and sum(found["prior"]) == pytest.approx(1) and found["temperature"] > 0
    assert 0 < found["people"]["test"] <= 12 and found["recordings"]["validation"] and 0 <= found["auroc"] <= 1


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
