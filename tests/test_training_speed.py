"""examples/training_speed.py: both ways have one loss, every row is there, and it refuses to time different results."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest
import torch


@pytest.fixture(scope="module")
def script():
    path = Path(__file__).resolve().parents[1] / "examples" / "training_speed.py"
    spec = importlib.util.spec_from_file_location("training_speed", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_every_row_is_measured(script, tmp_path, monkeypatch):
    words = ["--recordings", "48", "--duration", "5.5", "--size", "32", "--batch", "4", "--steps", "1"]
    output = tmp_path / "speed.json"
    monkeypatch.setattr("sys.argv", ["training_speed.py", "--work", str(tmp_path), "--json", str(output), *words])
    script.main()
    machine, *rows = json.loads(output.read_text())
    assert "CPU" in machine["machine"] or torch.cuda.is_available()
    ways = {row["alignment"]: row for row in rows if "alignment" in row}
    assert set(ways) == {
        f"{passes}{images}" for passes in ("two passes", "one pass") for images in ("", ", resident images")
    }
    for row in ways.values():
        assert row["losses_apart"] < script.AGREEMENT
        assert row["ratio"] == pytest.approx(row["authors_seconds_a_step"] / row["seconds_a_step"], rel=0.05)
    (grown,) = [row for row in rows if "recordings" in row]
    assert grown["recordings"] == 48 and grown["train_seconds_a_step"] > 0
    if not torch.cuda.is_available():
        assert rows[-1] == {"projected": "not run: no accelerator here", "reports": 100_000, "epochs": 50}
    assert [path.name for path in tmp_path.iterdir()] == ["speed.json"]


def test_different_results_are_not_timed(script, tmp_path, monkeypatch):
    monkeypatch.setattr(script, "disagreement", lambda *given: 0.5)
    with pytest.raises(SystemExit, match=r"differ by 5\.0e-01: nothing to compare"):
        next(script.against_authors(tmp_path, 32, 4, 1, "cpu"))


def test_the_projection_is_of_the_paper_s_run(script, tmp_path):
    """Here at a tiny size, which the processor can do."""
    rows = list(script.projection(script.corpus(tmp_path / "small", 16, 5.5), tmp_path, 32, 4, 1))
    assert [row["projected"] for row in rows] == ["two passes", "one pass"]
    assert all(row["minutes"] > 0 and row["reports"] * row["epochs"] == 5_000_000 for row in rows)
    linear = [{"recordings": n, "prepare_seconds": n / 7, "loading_seconds_a_batch": 2.0, "train_seconds_a_step": 1.0}
              for n in (1_000, 100_000)]  # fmt: skip
    assert list(script.exponents(linear).values()) == [1.0, 0.0, 0.0]
