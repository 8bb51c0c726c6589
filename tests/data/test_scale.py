"""Memory and speed with many recordings; ``python -m tests.data.scale`` does the same with 100,000."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hf_auscult.data import duplicates
from hf_auscult.data.duplicates import find_twins

from .scale import measure, tiny

MOST_MB = 45.0
"""For 2,700 more rows: they take 9 (32 MB for 10,000, as measured from 10,000 to 100,000), the rest is chance. The
audio of them is 173 MB."""


def test_memory_grows_with_the_table_of_rows_and_not_with_the_audio(tmp_path: Path):
    seconds = 8.0  # 64 kB of audio each: 192 MB together
    few, many = (
        measure(tiny(tmp_path / f"in{count}", count, seconds), tmp_path / f"out{count}") for count in (300, 3_000)
    )
    print(few, many, sep="\n")
    assert (few.recordings, many.recordings) == (300, 3_000)
    grown = many.peak_mb - few.peak_mb
    assert grown < MOST_MB, f"{grown:.0f} MB for 2,700 more recordings of 64 kB: {many}"


def test_the_search_in_groups_finds_the_same(monkeypatch):
    chance = np.random.default_rng(0)
    prints = {f"{one:03d}": chance.integers(0, 2**32, 200, dtype=np.uint32) for one in range(60)}
    for one in range(0, 60, 5):
        prints[f"{one}copy"] = np.concatenate([prints[f"{one + 1:03d}"][40:], prints[f"{one:03d}"][:40]])
    whole = find_twins(prints)
    assert len(whole) >= 12
    monkeypatch.setattr(duplicates, "_AT_ONCE", 997)
    assert find_twins(prints) == whole
