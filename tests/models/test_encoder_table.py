"""The table of encoders is generated, and complete."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from hf_auscult.hub.cards import families
from hf_auscult.hub.encoder_card import render_family_card
from hf_auscult.models.convert_checkpoint import FAMILIES

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def table():
    spec = importlib.util.spec_from_file_location("encoder_table", ROOT / "examples/encoder_table.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_family_is_described_and_listed(table):
    originals = families()
    assert list(originals) and set(originals) == set(FAMILIES)
    text = (ROOT / "model_cards/README.md").read_text("utf-8")
    listed = text.split(table.BEGIN)[1].split(table.END)[0]
    assert listed.count("| `") == len(FAMILIES)
    for family in FAMILIES:
        assert f"| `{family}`" in listed, f"run python examples/encoder_table.py model_cards/README.md: no {family}"


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_its_card(table, family):
    parity = table.parity(family, (ROOT / "model_cards/README.md").read_text("utf-8"))
    card = (ROOT / "model_cards" / family / "README.md").read_text("utf-8")
    assert card == render_family_card(family, parity), "run python examples/encoder_table.py --cards model_cards"


def test_a_row(table):
    parity = "| opera-ce (encoder) | 3 | 1e-6 / 1e-5 = 0.10 | a |\n| opera-ce (head) | 2 | 1e-6 / 5e-6 = 0.20 | b |"
    row = table.row("opera-ce", {"code": "MIT", "weights": "none", "trained_on": "rain"}, parity)
    assert row.startswith("| `opera-ce` | 16 kHz, 64 mel, 50-8000 Hz | 1280 | 4.0 | ")
    assert row.endswith(" | 5 arrays, worst 0.2 of tolerance |")
    assert "MIT; none | rain; " in row
    assert "icbhi" in row


def test_a_file_without_marks_is_left_alone(table, tmp_path):
    (tmp_path / "a.md").write_text("text")
    with pytest.raises(SystemExit):
        table.main([str(tmp_path / "a.md")])
    assert (tmp_path / "a.md").read_text() == "text"
