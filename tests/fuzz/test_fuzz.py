"""The attacks for a short while, with seeds of their own; `make fuzz MINUTES=60` goes on for longer."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from hf_auscult.audio import peek, read
from hf_auscult.errors import AudioError

from . import audio, tables
from .runner import run


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setenv("AUSCULT_MAX_AUDIO_BYTES", str(1 << 26))


def test_mutated_recordings():
    outcome = run(audio.with_model(), count=4_000, minutes=0.4)
    assert not outcome.findings and outcome.inputs > 100
    assert {"read", "refused"} <= set(outcome.ends)


@settings(max_examples=100, deadline=None)
@given(some.sampled_from(sorted(audio.seeds())), some.binary(max_size=200), some.integers(0, 400))
def test_bytes_written_over_a_recording(name, new, at):
    data = audio.seeds()[name]
    source = data[:at] + new + data[at + len(new) :]
    try:
        waveform = read(source)
    except AudioError:
        return
    assert peek(source).frames in (None, len(waveform.array))


@pytest.mark.slow
def test_mutated_tables(shared: Path, tmp_path, monkeypatch):
    tables.once(monkeypatch)
    outcome = run(tables.with_layouts(tmp_path, shared), count=300, minutes=0.4)
    assert not outcome.findings and outcome.inputs > 10


def test_an_attack_that_raises_crashes_or_hangs_is_a_finding(monkeypatch):
    import os
    import time

    monkeypatch.setattr("tests.fuzz.runner.HANG", 0.3)
    monkeypatch.setattr("tests.fuzz.runner.WAIT", 0.5)

    def attack(chance: random.Random) -> str:
        match chance.randrange(40):
            case 0:
                raise KeyError("x")
            case 1:
                os.abort()
            case 2:
                time.sleep(5)
            case 3:
                while True:
                    pass
        return "done"

    outcome = run(attack, count=60, seed=15)
    kinds = {reason.partition(" |")[0] for reason in outcome.findings.values()}
    assert kinds == {"KeyError: 'x'", "crash: SIGABRT", "hang"}
    assert outcome.inputs == 60
