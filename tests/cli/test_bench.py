"""The verbs bench and explain as a user types them."""

from __future__ import annotations

import json

import pytest

from hf_auscult.cli import main
from tests.evaluation.conftest import data_root, feature_cache  # noqa: F401 - fixtures


def test_bench_prints_the_table_and_what_was_not_run(data_root, feature_cache, tmp_path, capsys):  # noqa: F811
    arguments = ["bench", "acula18", "--model", "logmel", "--data-root", str(data_root), "--output", str(tmp_path)]
    assert main([*arguments, "--cache", str(feature_cache), "--draws", "100"]) == 0
    printed = capsys.readouterr().out
    assert "| T17 | Murmur (heart) (positive = " in printed and "hf-auscult prepare kauh" in printed
    assert main([*arguments, "--cache", str(feature_cache), "--draws", "100", "--tasks", "T17", "--json"]) == 2
    assert "not empty" in json.loads(capsys.readouterr().out)["message"]
    arguments.append("--overwrite")
    assert main([*arguments, "--cache", str(feature_cache), "--draws", "100", "--tasks", "T17", "--json"]) == 0
    (task,) = json.loads(capsys.readouterr().out)["tasks"]
    assert task["results"][0]["figures"]["auroc"]["value"] is not None


def test_a_task_file(data_root, feature_cache, tmp_path, capsys):  # noqa: F811
    file = tmp_path / "ward.yaml"
    file.write_text("title: Murmur here\ndataset: circor\nconfig: murmur\nmetrics: [auroc, recall]\n")
    arguments = ["--model", "logmel", "--data-root", str(data_root), "--output", str(tmp_path / "out")]
    assert main(["bench", str(file), *arguments, "--cache", str(feature_cache), "--draws", "100"]) == 0
    assert "Murmur here" in capsys.readouterr().out
    assert json.loads((tmp_path / "out" / "results.json").read_text())["suite"] == "ward"


@pytest.mark.parametrize(
    "wrong", [["bench", "opera"], ["bench", "acula18", "--tasks", "T99"], ["bench", "nowhere.yaml"]]
)
def test_wrong_names_exit_with_2(wrong, data_root, tmp_path, capsys):  # noqa: F811
    rest = ["--model", "logmel", "--data-root", str(data_root), "--output", str(tmp_path)]
    assert main([*wrong, *rest]) == 2
    assert "To fix" in capsys.readouterr().err


def test_explain_says_what_cannot_be_explained(data_root, tmp_path, capsys):  # noqa: F811
    common = ["--data", str(data_root / "circor"), "--output", str(tmp_path)]
    assert main(["explain", "logmel", *common, "--task", "murmur"]) == 2
    assert "not an encoder" in capsys.readouterr().err
    assert main(["explain", "logmel", *common, "--task", "recordings"]) == 2
    assert "nothing says where" in capsys.readouterr().err
