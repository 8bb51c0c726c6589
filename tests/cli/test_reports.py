"""The verbs `hf-auscult reports …` as they are typed: exit status, JSON, text, flags that do not fit, and a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import datasets
import pytest

from hf_auscult.cli import main, parser
from hf_auscult.data import prepare
from hf_auscult.reports import GENERATORS
from hf_auscult.reports.report_set import read_set
from tests.reports.generators.loopback import Answer, good, serving

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True, scope="module")
def _cache(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))
    yield
    patch.undo()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("prepared") / "circor"
    prepare("circor", ROOT / "examples" / "data" / "circor_sample", folder, progress=False)
    return folder


def test_the_parser_knows_the_generators():
    arguments = parser().parse_args(["reports", "generate", "in", "--output", "out"]).verb.arguments
    assert tuple(arguments["--generator"]["choices"]) == GENERATORS


def test_generate_verify_mask(prepared, tmp_path, capsys):
    output = str(tmp_path / "set")
    assert main(["reports", "generate", str(prepared), "--output", output]) == 0
    assert "68 on 68 of 68 rows" in capsys.readouterr().out
    assert main(["reports", "verify", output]) == 0
    assert "adds something: 0 of 68" in capsys.readouterr().out
    assert main(["reports", "verify", output, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["consistency"]["value"] == 1.0
    arguments = ["reports", "mask", str(prepared), "--task", "murmur", "--reports", output, "--resamples", "200"]
    assert main([*arguments, "--json"]) in (0, 1)
    found = json.loads(capsys.readouterr().out)
    value = {name: measured["readers"][0]["auroc"]["value"] for name, measured in found["masks"].items()}
    assert min(value["none"], value["this set"]) > 0.95  # the label is in the text
    assert value["strict"] < value["paper"]
    assert json.loads((tmp_path / "set" / "leakage.json").read_text()) == found
    assert "| this set | bag of words |" in (tmp_path / "set" / "README.md").read_text()


def test_verify_says_no(prepared, tmp_path, capsys):
    import pyarrow.parquet as pq

    output = tmp_path / "set"
    main(["reports", "generate", str(prepared), "--output", str(output)])
    table = pq.read_table(output / "reports.parquet")
    place = table.schema.get_field_index("text")
    texts = [f"{text} There is pneumonia." for text in table["text"].to_pylist()]
    pq.write_table(table.set_column(place, "text", [texts]), output / "reports.parquet")
    capsys.readouterr()
    assert main(["reports", "verify", str(output), "--show", "2"]) == 1
    text = capsys.readouterr().out
    assert "pneumonia" in text and "and 66 more" in text


@pytest.mark.parametrize(
    "flags",
    [
        ["--model", "x"],
        ["--generator", "openai", "--yes"],
        ["--generator", "transformers", "--model", "x", "--max-cost", "1"],
        ["--draws", "0"],
        ["--mask", "strict", "--task", "nothing"],
        ["--config", "nothing"],
        ["--mapping", "absent.yaml"],
    ],
    ids=str,
)
def test_flags_that_do_not_fit(prepared, tmp_path, capsys, flags):
    assert main(["reports", "generate", str(prepared), "--output", str(tmp_path / "set"), *flags]) == 2
    assert "To fix" in capsys.readouterr().err
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize(
    "flags", [["--generator", "oracle"], ["--mask", "thick"], ["--on-ungrounded", "pray"]], ids=str
)
def test_flags_that_do_not_exist(prepared, tmp_path, flags):
    with pytest.raises(SystemExit) as stop:
        main(["reports", "generate", str(prepared), "--output", str(tmp_path / "set"), *flags])
    assert stop.value.code == 2


def test_the_price_is_said_first(prepared, tmp_path, capsys):
    with serving() as endpoint:
        flags = [
            "--generator",
            "openai",
            "--model",
            "gpt-4o",
            "--base-url",
            endpoint.url,
            "--cache",
            str(tmp_path / "c"),
        ]
        assert main(["reports", "generate", str(prepared), "--output", str(tmp_path / "set"), *flags]) == 2
        assert not endpoint.calls
    text = capsys.readouterr().err
    assert "68 texts, " in text and "$0." in text and "--yes" in text


def test_failures_give_exit_status_1(prepared, tmp_path, capsys):
    with serving(lambda body, _: good("sex: male") if "pregnan" in str(body) else Answer("down", 500)) as endpoint:
        endpoint.script = lambda body, number: (
            Answer(good("x").body | {"choices": [{"message": {"content": "no JSON"}, "finish_reason": "stop"}]})
            if number % 4 < 2
            else good("")
        )
        flags = ["--generator", "openai", "--model", "tiny", "--base-url", endpoint.url, "--cache", str(tmp_path / "c")]
        flags += ["--yes", "--workers", "1", "--on-ungrounded", "keep", "--json"]
        assert main(["reports", "generate", str(prepared), "--output", str(tmp_path / "set"), *flags]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["failures"]["malformed"] > 0 and not found["complete"]
    lines = [json.loads(line) for line in (tmp_path / "set" / "failures.jsonl").read_text().splitlines()]
    assert {line["reason"] for line in lines} == set(found["failures"])
    assert all(line["recording_id"] and line["detail"] for line in lines)


def test_a_killed_run_sends_no_prompt_twice(prepared, tmp_path):
    """SIGKILL in the middle of a call; what was answered before is never asked for again."""
    command = ["reports", "generate", str(prepared), "--output", str(tmp_path / "set"), "--generator", "openai"]
    command += ["--model", "tiny", "--yes", "--workers", "1", "--cache", str(tmp_path / "cache")]
    command += ["--on-ungrounded", "keep", "--json"]
    running: list[subprocess.Popen[bytes]] = []

    def script(body, number):
        if number == 10:
            os.kill(running[0].pid, signal.SIGKILL)
            running[0].wait()
        return good(body["messages"][1]["content"])

    with serving(script) as endpoint:
        code = "import sys; from hf_auscult.cli import main; sys.exit(main())"
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        environment.pop("OPENAI_API_KEY", None)
        run = [sys.executable, "-c", code, *command, "--base-url", endpoint.url]
        running.append(subprocess.Popen(run, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        assert running[0].wait() == -signal.SIGKILL
        assert len(endpoint.calls) == 11 and not (tmp_path / "set").exists()
        assert main([*command, "--base-url", endpoint.url]) == 0
        times = Counter(endpoint.prompts)
    assert [prompt for prompt, count in times.items() if count > 1] == [endpoint.prompts[10]]  # it was never answered
    assert len(read_set(tmp_path / "set").rows) == 68
