"""What hiding a label costs, measured on the tables of the bundled recordings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hf_auscult.cli import main
from hf_auscult.errors import ConfigurationError
from hf_auscult.recipes.price import PriceSettings, measure_prices
from hf_auscult.reports import LeakageSettings

SAMPLE = Path(__file__).resolve().parents[2] / "examples" / "data" / "circor_sample"
FEW = PriceSettings(people=14, per_person=1, leakage=LeakageSettings(folds=3, draws=20))


def test_tasks_are_measured_once_drawn_and_tabulated(tmp_path):
    results = measure_prices({"circor": SAMPLE}, tmp_path, tasks=["murmur"], settings=FEW)
    assert list(results) == ["circor murmur"]
    result = results["circor murmur"]
    assert result["people"] <= 14 and result["recordings"] == result["people"]
    kept = [step["kept"] for step in result["measured"]["middle"]["steps"]]
    assert kept == sorted(kept, reverse=True) and all(result["distinct"].values())
    assert "| circor murmur (" in (tmp_path / "masks.md").read_text("utf-8")
    assert (tmp_path / "price.png").stat().st_size > 5000
    file = tmp_path / "circor-murmur.json"
    marked = json.loads(file.read_text("utf-8")) | {"people": 1234}
    file.write_text(json.dumps(marked), "utf-8")
    again = measure_prices({"circor": SAMPLE}, tmp_path, tasks=["murmur"], settings=FEW)
    assert again["circor murmur"]["people"] == 1234  # taken from the folder, and not measured again


def test_a_task_that_cannot_be_measured_is_named(tmp_path):
    one = PriceSettings(people=2, per_person=1, leakage=LeakageSettings(folds=3, draws=20))
    results = measure_prices({"circor": SAMPLE}, tmp_path, tasks=["murmur"], settings=one)
    assert results["circor murmur"]["left_out"]
    assert "circor murmur is not measured: " in (tmp_path / "masks.md").read_text("utf-8")


def test_what_somebody_else_wrote_stays(tmp_path):
    for name in ("masks.md", "circor-murmur.json"):
        folder = tmp_path / name.partition(".")[0]
        folder.mkdir()
        (folder / name).write_text("mine")
        (folder / "my-notes.json").write_text("[]")
        with pytest.raises(ConfigurationError, match="no earlier run wrote it"):
            measure_prices({"circor": SAMPLE}, folder, tasks=["murmur"], settings=FEW)
        assert (folder / name).read_text() == "mine"


def test_what_does_not_fit(tmp_path, capsys):
    with pytest.raises(ConfigurationError, match="no dataset 'nothing'"):
        measure_prices({"nothing": SAMPLE}, tmp_path)
    with pytest.raises(ConfigurationError, match="no task smoker"):
        measure_prices({"circor": SAMPLE}, tmp_path, tasks=["smoker"])
    assert main(["reports", "price", "circor", "--output", str(tmp_path)]) == 2
    assert "is no NAME=DIR" in capsys.readouterr().err
