"""One attack after another in a process that may die: what killed it is a finding, and the rest goes on."""

from __future__ import annotations

import json
import mmap
import os
import random
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

HANG, WAIT = 60.0, 600.0
"""Seconds of computing, and of the clock on a busy machine, after which an input hangs."""

Attack = Callable[[random.Random], str]
"""Tries one input, which a random state makes, and says in a word how it ended; an exception is a finding."""


@dataclass
class Outcome:
    """What came of many inputs.

    Args:
        inputs: that were tried.
        seconds: it took.
        ends: how they ended -> how many.
        findings: the number of each input that crashed, hung, raised or broke a rule, with the reason.
    """

    inputs: int = 0
    seconds: float = 0.0
    ends: dict[str, int] = field(default_factory=dict)
    findings: dict[int, str] = field(default_factory=dict)


def input_of(seed: int, number: int) -> random.Random:
    """The random state that makes one input again."""
    return random.Random(f"{seed}:{number}")


def run(
    attack: Attack,
    *,
    first: int = 0,
    count: int,
    seed: int = 0,
    minutes: float | None = None,
    report: Path | None = None,
) -> Outcome:
    """Try inputs in forked processes, each going on where the one before died.

    Args:
        attack: on one input.
        first: number of the first.
        count: of inputs.
        seed: of all of them.
        minutes: stop earlier after so many.
        report: JSON file of the outcome so far.
    """
    start, outcome = time.monotonic(), Outcome()
    deadline = start + 60 * minutes if minutes else None
    at, end = first, first + count
    while at < end and (deadline is None or time.monotonic() < deadline):
        shared = mmap.mmap(-1, 16)
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.close(reading)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # mpg123 has a word for everything it skips
            with os.fdopen(writing, "w") as stream:
                _try(attack, at, min(end, at + 20_000), seed, deadline, shared, stream.write)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as stream:
            lines = [json.loads(line) for line in stream if line.endswith("\n")]
        _, status = os.waitpid(child, 0)
        for line in lines:
            outcome.ends = dict(Counter(outcome.ends) + Counter(line["ends"]))
            outcome.findings |= {int(number): reason for number, reason in line["findings"].items()}
        done = int.from_bytes(shared[:8], "little")
        if status:
            name = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else f"status {status}"
            outcome.findings[done] = "hang" if name in ("SIGALRM", "SIGPROF") else f"crash: {name}"
            done += 1
        at = done
        outcome.inputs, outcome.seconds = at - first, time.monotonic() - start
        if report is not None:
            report.write_text(json.dumps(asdict(outcome), indent=2) + "\n")
    return outcome


def _try(
    attack: Attack,
    first: int,
    end: int,
    seed: int,
    deadline: float | None,
    shared: mmap.mmap,
    write: Callable[[str], object],
) -> None:
    ends: Counter[str] = Counter()
    number = first
    for number in range(first, end):
        if deadline is not None and time.monotonic() > deadline:
            break
        shared[:8] = number.to_bytes(8, "little")
        signal.setitimer(signal.ITIMER_PROF, HANG)
        signal.setitimer(signal.ITIMER_REAL, WAIT)
        findings = {}
        try:
            ends[attack(input_of(seed, number))] += 1
        except Exception:
            lines = traceback.format_exc().strip().splitlines()
            findings[number] = " | ".join([lines[-1], *lines[-5:-1]])[:1000]
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        if findings or number % 500 == 0:
            write(json.dumps({"ends": ends, "findings": findings}) + "\n")
            ends.clear()
    else:
        number = end
    write(json.dumps({"ends": ends, "findings": {}}) + "\n")
    shared[:8] = number.to_bytes(8, "little")
