"""`python -m tests.fuzz.kill_and_resume VERB… [--kills N]`: runs that are killed at random times and typed again.

Each trial types a command into an empty folder, kills the process (SIGKILL) at a random moment, and types it again
until it has finished. What is there in the end must be what an undisturbed run leaves, to the byte (times that a run
took apart), with nothing half-written beside it and nothing that stands under the final name before it is whole.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import constants
from tqdm.std import TqdmDefaultWriteLock

from ..hub.server import TOKENS, Hub

SAMPLE = Path(__file__).resolve().parents[2] / "examples" / "data" / "circor_sample"
REPOSITORY = "auscult/tiny"
TIMES = ("seconds", "read")
"""Keys of a run's results that say how long it took, and what it found in a cache."""
NEEDED = (
    "hf_auscult.cli.models",
    "hf_auscult.data.preparation",
    "hf_auscult.embedding.recordings",
    "hf_auscult.evaluation.runner",
    "hf_auscult.hub.release",
    "hf_auscult.recipes.align.run",
    "hf_auscult.reports.generate_set",
    "transformers.models.auto.modeling_auto",
)


@dataclass
class Trials:
    """What came of one verb.

    Args:
        verb: its name.
        trials: folders that were filled.
        kills: processes that were killed while they worked.
        seconds: of an undisturbed run.
        findings: what was wrong.
    """

    verb: str
    trials: int = 0
    kills: int = 0
    seconds: float = 0.0
    findings: list[str] = field(default_factory=list)


def commands(root: Path) -> dict[str, list[str]]:
    """The command of every verb; each writes `root/here/out`, or to a Hub."""
    prepared, out = root / "prepared" / "circor", root / "here" / "out"
    return {
        "prepare": ["prepare", "circor", "--source", str(SAMPLE), "--output", str(out)],
        "reports": ["reports", "generate", str(prepared), "--output", str(out)],
        "embed": ["embed", str(root / "model"), str(prepared), "--output", str(out)],
        "bench": f"bench acula18 --tasks T17 --model logmel --draws 50 --data-root {prepared.parent} --output {out} "
        f"--cache {root / 'here' / 'cache'}".split(),
        "align": ["align", "--config", str(root / "align.yaml")],
        "publish": ["publish", "model", str(root / "model"), "--repo", REPOSITORY, "--licence", "mit"],
    }


def set_up(root: Path) -> None:
    """Make what the commands read."""
    from ..aligned import settings
    from ..tiny import EXTRACTOR, model

    assert run(["prepare", "circor", "--source", str(SAMPLE), "--output", str(root / "prepared" / "circor")]) == 0
    model().eval().save_pretrained(root / "model")
    EXTRACTOR.save_pretrained(root / "model")
    own = settings(root / "here")
    own |= {"output": str(root / "here" / "out"), "work": str(root / "here" / "cache"), "checks": ["shuffled"]}
    (root / "align.yaml").write_text(yaml.safe_dump(own))


def start(words: Sequence[str]) -> int:
    """Type a command in a process of its own; returns the process."""
    child = os.fork()
    if child:
        return child
    status = 1
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    with contextlib.suppress(BaseException):
        from hf_auscult.cli import main

        status = main(list(words))
    os._exit(status)


def run(words: Sequence[str]) -> int:
    """Type a command and wait; returns its exit status, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(start(words), 0)[1])


def killed(words: Sequence[str], after: float) -> bool:
    """Type a command and kill it after some seconds; False where it had finished."""
    child, deadline = start(words), time.monotonic() + after
    while time.monotonic() < deadline:
        if os.waitpid(child, os.WNOHANG)[0]:
            return False
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def left(folder: Path) -> dict[str, str]:
    """What a run leaves: path -> hash of the content; times are left out of JSON and cards."""
    found = {}
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder).as_posix()
        if name.endswith((".partial", ".lock")):
            found[name] = "left over"
        elif file.is_file() and not name.startswith("cache/"):
            data = file.read_bytes()
            if file.suffix == ".json":
                data = json.dumps(_timeless(json.loads(data)), sort_keys=True).encode()
            found[name] = hashlib.sha256(data).hexdigest()
    return found


def _timeless(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _timeless(value) for name, value in content.items() if name not in TIMES}
    return [_timeless(value) for value in content] if isinstance(content, list) else content


def published(hub: Hub) -> dict[str, str]:
    """What the Hub shows: path -> hash of the content."""
    tree = hub.model(REPOSITORY).tree() if ("model", REPOSITORY) in hub.repositories else {}
    return {name: hashlib.sha256(data).hexdigest() for name, data in tree.items() if name != ".gitattributes"}


def attack(verb: str, root: Path, hub: Hub, kills: int, seed: int, minutes: float | None = None) -> Trials:
    """Kill a verb so many times."""
    words, here = commands(root)[verb], root / "here"

    def clear() -> None:
        hub.clear()
        shutil.rmtree(here, ignore_errors=True)
        here.mkdir()

    def state() -> dict[str, str]:
        return left(here) | published(hub)

    clear()
    begin = time.monotonic()
    status = run(words)
    trials = Trials(verb, seconds=time.monotonic() - begin)
    if status:
        trials.findings.append(f"the undisturbed run ends with {status}")
        return trials
    expected, chance = state(), random.Random(f"{verb}:{seed}")
    while trials.kills < kills and (minutes is None or time.monotonic() < begin + 60 * minutes):
        clear()
        trials.trials += 1
        while killed(words, chance.uniform(0, 1.1 * trials.seconds)):
            trials.kills += 1
            shown = {name: content for name, content in state().items() if not name.startswith((".", "cache/"))}
            if shown not in ({}, expected):
                trials.findings.append(f"trial {trials.trials}: half an output after a kill: {sorted(shown)[:5]}")
            if chance.random() < 0.7:  # most are killed once, some again and again
                break
        finished = (here / "out").exists()
        status = run(words)  # of a finished output it says so, and still cleans up
        found = state()
        different = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
        if status != (2 if finished else 0) or different:
            trials.findings.append(f"trial {trials.trials}: status {status}, different: {different[:5]}")
    return trials


def main() -> int:
    """Kill verbs and say what came of it; exit status 1 for findings."""
    parser = argparse.ArgumentParser("tests.fuzz.kill_and_resume", description=__doc__)
    parser.add_argument("verbs", nargs="+", choices=["prepare", "reports", "embed", "bench", "align", "publish"])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--minutes", type=float, help="of each verb, at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--report", type=Path)
    args = parser.parse_args()
    # A semaphore that all forks would share: who is killed while drawing a bar would hold it for ever.
    TqdmDefaultWriteLock.mp_lock = None
    for name in NEEDED:  # once, before processes are forked
        importlib.import_module(name)
    done = []
    with tempfile.TemporaryDirectory() as folder, Hub() as hub:
        root = Path(folder).resolve()
        os.environ["AUSCULT_CACHE"] = str(root / "auscult_cache")
        set_up(root)
        hub.server.handle_error = lambda *_: None  # a client that is killed hangs up
        # Whoever asks a Hub gets the one that is kept here.
        constants.ENDPOINT, constants.HF_HUB_OFFLINE, constants.HF_HUB_DISABLE_XET = hub.endpoint, False, True
        os.environ |= {"HF_TOKEN": next(iter(TOKENS)), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        for verb in args.verbs:
            done.append(attack(verb, root, hub, args.kills, args.seed, args.minutes))
            print(json.dumps(asdict(done[-1])), flush=True)
            if args.report is not None:
                args.report.write_text(json.dumps([asdict(trials) for trials in done], indent=2) + "\n")
    return int(any(trials.findings for trials in done))


if __name__ == "__main__":
    sys.exit(main())
