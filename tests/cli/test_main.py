"""The command: its verbs, its JSON, and what it says when something is wrong."""

from __future__ import annotations

import json
import logging
import os
import resource
import shutil
import subprocess
import sys
import threading
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile
import torch
import yaml

import hf_auscult
from hf_auscult.audio import WindowPolicy
from hf_auscult.cli import command, main, parser
from hf_auscult.errors import TrainingError
from hf_auscult.features import AuscultFeatureExtractor
from hf_auscult.models.opera import OperaGTConfig
from hf_auscult.models.opera.modeling_opera_gt import OperaGTForPreTraining
from tests import tiny

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "examples" / "data" / "circor_sample"
VERBS = yaml.safe_load(resources.files("hf_auscult.cli").joinpath("verbs.yaml").read_text("utf-8"))


@pytest.fixture
def model(tmp_path) -> str:
    tiny.model().save_pretrained(tmp_path / "model")
    AuscultFeatureExtractor("heart", WindowPolicy("sliding", samples=tiny.SAMPLES)).save_pretrained(tmp_path / "model")
    return str(tmp_path / "model")


@pytest.fixture
def recording(tmp_path) -> str:
    soundfile.write(tmp_path / "a.wav", tiny.examples(1)[0].waveform, 4_000)
    return str(tmp_path / "a.wav")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example_that_can_be_typed(verb, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*verb.split(), "--help"])
    assert stop.value.code == 0
    text = "".join(capsys.readouterr().out.split())  # lines are broken at hyphens, too
    example = VERBS[verb]["example"]
    assert f"example: hf-auscult {example}".replace(" ", "") in text and example.startswith(f"{verb} ")
    assert "--json" in text
    assert parser().parse_args(example.split()).verb.name == verb


@pytest.mark.parametrize("start", [["-m", "hf_auscult"], [str(Path(sys.executable).with_name("hf-auscult"))]])
def test_help_waits_for_nothing_heavy(start):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for words in (["--help"], ["--version"], ["embed", "--help"]):
        run = subprocess.run([sys.executable, *start, *words], capture_output=True, text=True, check=True)
        assert run.stdout.startswith(("usage: hf-auscult", f"hf-auscult {hf_auscult.__version__}"))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 3 * 0.5


@pytest.mark.parametrize("words", [[], ["nothing"], ["embed"], ["embed", "a", "--outputs"], ["reports", "nothing"]])
def test_what_cannot_be_parsed_is_a_line(words, capsys):
    with pytest.raises(SystemExit) as stop:
        main(words)
    error = capsys.readouterr().err
    assert stop.value.code == 2 and error.count("\n") == 1 and error.startswith("hf-auscult") and "--help" in error


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
    assert {"config.json", "model.safetensors", "preprocessor_config.json"} <= set(files)
    assert main(arguments) == 2
    assert "already exists" in capsys.readouterr().err


def test_embed(model, recording, tmp_path, capsys):
    output = tmp_path / "out.parquet"
    arguments = ["embed", model, recording, "--output", str(output)]
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["embedded"] == 1
    assert pq.read_table(output).num_rows == 1
    assert main(arguments) == 2
    assert "is there already" in capsys.readouterr().err
    assert main([*arguments, "--overwrite"]) == 0
    assert "embedded: 1\n" in capsys.readouterr().out
    assert main([*arguments, "--resume"]) == 0
    assert "reused: 1\n" in capsys.readouterr().out
    assert main([*arguments, "--batch-size", "0"]) == 2
    assert "batch of 0" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode")
def test_names_that_are_no_unicode_end_no_verb(recording, tmp_path, capsys):
    source = tmp_path / "in"
    source.mkdir()
    rng = np.random.default_rng(0)
    for number in range(6):
        soundfile.write(source / f"{number}.wav", 0.1 * rng.standard_normal(4_000), 4_000)
    shutil.copy(recording, source / os.fsdecode(b"g\xe4st.wav"))
    lines = [f"{number}.wav,p{number},{'ab'[number % 2]}" for number in range(6)]
    (source / "metadata.csv").write_text("\n".join(["path,subject_id,label", *lines]) + "\n")
    prepared = tmp_path / "prepared"
    arguments = ["prepare", "from_folder", "--source", str(source), "--output", str(prepared), "--name", "ward"]
    assert main([*arguments, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["written"], [problem["path"] for problem in report["quarantined"]]) == (6, ["g\\xe4st.wav"])
    assert "g\\xe4st.wav" in (prepared / "quarantine.csv").read_text("utf-8")
    assert main(["audit", str(prepared)]) in (0, 1)
    capsys.readouterr()
    assert main(["audit", str(source / os.fsdecode(b"g\xe4st"))]) == 2
    assert "g\\xe4st" in capsys.readouterr().err


def test_errors_are_a_line_and_json(tmp_path, capsys):
    arguments = ["align", "--config", str(tmp_path / "absent.yaml")]
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("hf-auscult align: ")
    assert main([*arguments, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"] == "ConfigurationError"


ABSENT = "nobody/nothing-of-that-name"


@pytest.mark.parametrize(
    "words",
    [
        ["embed", ABSENT, "{recording}"],
        ["onnx", ABSENT],
        ["bench", "acula18", "--model", ABSENT, "--data-root", "{prepared}"],
        ["explain", ABSENT, "--data", "{prepared}/circor", "--task", "murmur"],
        ["zero-shot", ABSENT, "--data", "{prepared}/circor", "--task", "murmur"],
        ["reports", "generate", "{prepared}/circor", "--generator", "transformers", "--model", ABSENT],
        ["align", "--config", "{prepared}/teacher.yaml"],
        ["align", "--config", "{prepared}/start.yaml"],
        ["reports", "mask", "{prepared}/circor", "--task", "murmur", "--teacher", ABSENT],
    ],
    ids=lambda words: " ".join(words[:2]),
)
@pytest.mark.parametrize("hub", ["answers", "is away", "is not asked"])
def test_a_missing_hub_id_is_one_line_in_every_verb(words, hub, recording, prepared, tmp_path, capfd, monkeypatch):
    filled = [word.format(recording=recording, prepared=prepared) for word in words]
    filled += [] if words[1] == "mask" else ["--output", str(tmp_path / "out")]
    with hub_that(hub, monkeypatch) as asked:
        assert main(filled) == 2
    assert len(asked) == (hub == "answers")
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("hf-auscult ")]
    assert len(lines) == 1 and ABSENT in lines[0]
    assert not (tmp_path / "out").exists()
    assert not logging.getLogger("huggingface_hub").isEnabledFor(logging.WARNING)  # it warns of every retry


def test_a_bad_revision_is_one_line(prepared, tmp_path, capfd, monkeypatch):
    words = ["reports", "generate", str(prepared / "circor"), "--generator", "transformers", "--model", ABSENT]
    with hub_that("answers", monkeypatch, error="RevisionNotFound"):
        assert main([*words, "--revision", "v9", "--output", str(tmp_path / "out")]) == 2
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("hf-auscult ")]
    assert len(lines) == 1 and f"{ABSENT} has no revision v9" in lines[0]


@contextmanager
def hub_that(does: str, monkeypatch, error: str = "RepoNotFound") -> Iterator[list[str]]:
    """A Hub without models that `answers`, `is away` or `is not asked`; yields what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if "/models/" in self.path or "/resolve/" in self.path:
                asked.append(self.path)
            self.send_response(404)
            self.send_header("X-Error-Code", error)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_GET

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", does == "is not asked")
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: pytest.fail("waits to try again"))
    if does != "answers":
        server.server_close()
    else:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield asked
    finally:
        if does == "answers":
            server.shutdown()
            server.server_close()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    hf_auscult.cli.main(["prepare", "circor", "--source", str(SAMPLE), "--output", str(folder / "circor")])
    common = {"output": "never", "work": str(folder / "work"), "data": {"prepared": str(folder / "circor")}}
    for name, more in {"teacher": {"teacher": {"name": ABSENT}}, "start": {"start": {"checkpoint": ABSENT}}}.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(common | more))
    return folder


class Raises:
    """Stands for a verb that fails."""

    name = "fails"

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __call__(self, args):
        raise self.error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device", "/data/x"), "/data/x: No space left on device"),
        (PermissionError(13, "Permission denied", os.fsdecode(b"/\xe4")), "/\\xe4: Permission denied"),
        (OSError("no such\n  revision"), "no such revision"),
        (MemoryError(), "not enough memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "not enough memory"),
        (ModuleNotFoundError("No module named 'opensmile'", name="opensmile"), "pip install opensmile"),
        (TrainingError("the loss or its gradient is NaN", where="step 3"), "step 3: the loss or its gradient is NaN"),
    ],
)
def test_what_the_system_says_is_a_line(error, said, capsys):
    assert command.execute(Namespace(verb=Raises(error), json=True)) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("hf-auscult fails: ") and said in printed.err and printed.err.count("\n") == 1
    assert json.loads(printed.out)["error"] == type(error).__name__


def test_libraries_errors_are_lines_and_our_own_are_not(model, recording, tmp_path, capsys):
    (Path(model) / "model.safetensors").write_bytes(b"cut")
    assert main(["embed", model, recording, "--output", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("hf-auscult embed: ")
    (Path(model) / "config.json").write_text('{"model_type": "no-such-type"}')
    assert main(["embed", model, recording, "--output", str(tmp_path / "out")]) == 2
    assert "no-such-type" in capsys.readouterr().err
    for fault in (ValueError("ours"), TypeError("ours"), KeyError("ours")):
        with pytest.raises(type(fault)):
            command.execute(Namespace(verb=Raises(fault), json=False))
    assert command.execute(Namespace(verb=Raises(KeyboardInterrupt()), json=False)) == 130


def test_json_is_alone_on_stdout_and_strict(capsys):
    def chatty(args):
        print("working")
        return command.Outcome({"low": float("nan"), "path": os.fsdecode(b"\xe4")}, "words", 1)

    chatty.name = "chatty"
    assert command.execute(Namespace(verb=chatty, json=True)) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"low": None, "path": "\\xe4"} and "working" in printed.err
    assert command.execute(Namespace(verb=chatty, json=False)) == 1
    assert capsys.readouterr().out == "working\nwords\n"


@pytest.mark.parametrize(
    ("words", "some"),
    [
        (["pub"], {"publish", "prepare", "--version"}),
        (["reports", "ge"], {"generate", "verify"}),
        (["publish", "mo"], {"model", "all", "--dry-run"}),
        (["zero-shot", "m", "--search", ""], {"exact", "faiss"}),
    ],
)
def test_the_shell_completes(capsys, words, some):
    assert main(["--completion", *words]) == 0
    answer = set(capsys.readouterr().out.split())
    assert (some <= answer and (words[-2] != "--search" if len(words) > 1 else True)) or answer == some


@pytest.mark.parametrize("shell", [name for name in ("bash",) if shutil.which(name)])
def test_the_completion_works_in_a_shell(tmp_path, shell):
    command = tmp_path / "hf-auscult"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m hf_auscult "$@"\n')
    command.chmod(0o755)
    words = "COMP_WORDS=(hf-auscult publ); COMP_CWORD=1"
    script = f'eval "$(hf-auscult --completion)"; {words}; _hf_auscult; echo "${{COMPREPLY[@]}}"'
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([shell, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["publish"]
