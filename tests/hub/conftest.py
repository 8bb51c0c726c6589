"""A Hub on this machine, clients of it, and an environment without the package."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .server import Hub

ROOT = Path(__file__).parents[2]
PYTHON = {"PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="session")
def served() -> Iterator[Hub]:
    with Hub() as hub:
        yield hub


@pytest.fixture
def hub(served: Hub) -> Hub:
    """An empty Hub."""
    served.clear()
    return served


@dataclass
class Client:
    """Runs the command line in forks of a process that knows the Hub, see zygote.py."""

    process: Any
    pid: Path

    def __call__(self, *argv: str, without: tuple[str, ...] = (), **env: str) -> dict[str, Any]:
        job = {"argv": [str(word) for word in argv], "env": env, "without": without, "pid": str(self.pid)}
        self.process.stdin.write(f"{json.dumps(job)}\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


@pytest.fixture(scope="session")
def client(served: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    home = tmp_path_factory.mktemp("client")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.hub.zygote"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=home,
        env=served.environment(home / "hf") | PYTHON,
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    yield Client(process, home / "pid")
    process.stdin.close()
    process.kill()
    process.wait()


def _python(served: Hub, folder: Path) -> Any:
    number = 0

    def run(code: str, *arguments: object, executable: str = sys.executable, token: str | None = "hf_write") -> Any:
        nonlocal number
        number += 1
        home = folder / f"process{number}"
        home.mkdir()
        environment = served.environment(folder / f"home{number}", token)
        environment.pop("PYTHONPATH", None)
        environment |= PYTHON if executable == sys.executable else {}
        done = subprocess.run(
            [executable, "-c", code, *map(str, arguments)],
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=900,  # a fresh environment compiles torch first, on a busy machine
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else None

    return run


@pytest.fixture
def python(served: Hub, tmp_path: Path) -> Any:
    """Run code in a fresh process with an empty cache, in an empty folder; returns the JSON of its last line."""
    return _python(served, tmp_path)


@pytest.fixture(scope="module")
def module_python(served: Hub, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same for fixtures of a whole file."""
    return _python(served, tmp_path_factory.mktemp("processes"))


def made_environment(folder: Path, wanted: list[str]) -> str:
    """Make an environment that holds what is asked for and what that needs, nothing else; returns its Python."""
    uv = [sys.executable, "-m", "uv", "--quiet"]
    subprocess.run([*uv, "venv", "--python", sys.executable, str(folder)], check=True)
    python = str(folder / "bin" / "python")
    constraints = ["--constraints", str(ROOT / ".ci" / "constraints.txt")]
    for settings in (["--offline"], []):  # what is in uv's cache needs no registry
        done = subprocess.run([*uv, "pip", "install", "--python", python, *settings, *wanted, *constraints])
        if done.returncode == 0:
            return python
    raise AssertionError(f"{wanted} cannot be installed")


@pytest.fixture(scope="session")
def without_package(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Python of an environment that was really made: torch, transformers and what they need, nothing else."""
    return made_environment(tmp_path_factory.mktemp("clean") / "venv", ["torch", "transformers"])
