"""The command: its verbs, its JSON, and what it says when something is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soundfile
import torch

from hf_auscult.audio import WindowPolicy
from hf_auscult.cli import main, parser
from hf_auscult.features import AuscultFeatureExtractor
from hf_auscult.models.opera import OperaGTConfig
from hf_auscult.models.opera.modeling_opera_gt import OperaGTForPreTraining
from tests import tiny

SAMPLE = Path(__file__).resolve().parents[1] / "examples" / "data" / "circor_sample"


@pytest.mark.parametrize("verb", ["convert", "embed", "onnx", "prepare", "zero-shot", "align"])
def test_every_verb_has_help_with_an_example(verb, capsys):
    with pytest.raises(SystemExit) as stop:
        main([verb, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert f"example: hf-auscult {verb}" in text
    assert "--json" in text


def test_prepare_and_its_json(tmp_path, capsys):
    assert main(["prepare", "circor", "--source", str(SAMPLE), "--output", str(tmp_path / "circor"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["listed"], report["written"], len(report["quarantined"])) == (68, 68, 0)


def test_convert(tmp_path, capsys):
    from tests.models.test_convert_checkpoint import original_name

    state = OperaGTForPreTraining(OperaGTConfig()).state_dict()
    torch.save({"state_dict": {original_name(key): value for key, value in state.items()}}, tmp_path / "e.ckpt")
    arguments = ["convert", "opera-gt", "--checkpoint", str(tmp_path / "e.ckpt"), "--output", str(tmp_path / "m")]
    assert main([*arguments, "--json"]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert "modeling_opera_gt.py" in files
    assert [name for name in files if not name.endswith(".py")] == [
        "config.json",
        "model.safetensors",
        "preprocessor_config.json",
    ]
    assert main(arguments) == 2
    assert "already exists" in capsys.readouterr().err


def test_embed(tmp_path, capsys):
    tiny.model().save_pretrained(tmp_path / "model")
    AuscultFeatureExtractor("heart", WindowPolicy("sliding", samples=tiny.SAMPLES)).save_pretrained(tmp_path / "model")
    soundfile.write(tmp_path / "a.wav", tiny.examples(1)[0].waveform, 4_000)
    output = tmp_path / "out.parquet"
    assert main(["embed", str(tmp_path / "model"), str(tmp_path / "a.wav"), "--output", str(output), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["embedded"] == 1
    assert output.is_file()


def test_errors_are_sentences_or_json(tmp_path, capsys):
    arguments = ["align", "--config", str(tmp_path / "absent.yaml")]
    assert main(arguments) == 2
    assert "hf-auscult align: " in capsys.readouterr().err
    assert main([*arguments, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"] == "ConfigurationError"


def test_parser_knows_its_name():
    assert parser().prog == "hf-auscult"
