"""What the system refuses: a full disk, a folder that cannot be written, a mistyped model."""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from hf_auscult.cli import main
from tests.fuzz import kill_and_resume


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("edges").resolve()
    kill_and_resume.set_up(folder)
    return folder


def with_files_of(most: int, words: Sequence[str]) -> tuple[int, list[str]]:
    """Type a command where no file may grow beyond some bytes; returns its status and the lines it printed."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        said, status = io.StringIO(), 1
        with contextlib.suppress(BaseException), contextlib.redirect_stderr(said):
            status = main(list(words))
        os.write(writing, json.dumps([status, said.getvalue().splitlines()]).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        status, lines = json.loads(stream.read())
    os.waitpid(child, 0)
    return status, lines


@pytest.mark.parametrize("verb", ["prepare", "reports", "embed", "bench"])
def test_a_full_disk_is_a_line_and_leaves_nothing_half_written(root, verb, monkeypatch):
    monkeypatch.setenv("AUSCULT_CACHE", str(root / "auscult_cache"))
    here = root / "here"
    here.mkdir(exist_ok=True)
    status, lines = with_files_of(400, kill_and_resume.commands(root)[verb])
    said = [line for line in lines if f"hf-auscult {verb}" in line]
    assert status == 2 and len(said) == 1 and "File too large" in said[0], (status, lines)
    shown = [file.relative_to(here).as_posix() for file in here.rglob("*") if file.is_file()]
    assert not [name for name in shown if not name.startswith("cache/") and name != ".out.reading.jsonl"]
