from __future__ import annotations

from pathlib import Path

import pytest

from hf_auscult.data import SplitSpec, dataset, load_prepared, prepare
from hf_auscult.data.splits import plan
from hf_auscult.errors import DataError

from .synthetic import tone

NOSEMIC = dataset("nosemic")
read_rows = NOSEMIC.read


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Sixteen people, three recordings each; names are <user>_<x>_<y>_<breaths per minute>.wav."""
    for user in range(16):
        for take in range(3):
            rate = 12 + user + take / 2
            tone(tmp_path / "nosemic" / "audio" / f"u{user:02d}_{take}_rest_{rate:g}.wav", seconds=0.1)
    return tmp_path / "nosemic"


def test_everything_is_in_the_name(root: Path):
    table = read_rows(root)
    assert len(table.rows) == 48 and not table.problems
    row = next(row for row in table.rows if row["recording_id"] == "u03_1_rest_15.5")
    assert (row["subject_id"], row["respiratory_rate"], row["organ"]) == ("nosemic:u03", 15.5, "breath")
    assert (row["second_field"], row["third_field"], row["site"]) == ("1", "rest", "nose")
    rows, lost = NOSEMIC.task("respiratory_rate").select(table.rows)
    assert len(rows) == 48 and not lost and rows[0]["label"] == rows[0]["respiratory_rate"]


def test_the_original_layout_is_prepared_one_person_out_at_a_time(root: Path, tmp_path: Path):
    report = prepare("nosemic", root, tmp_path / "out", split=SplitSpec(name="loso"), progress=False)
    loaded = load_prepared(report.output, "respiratory_rate")
    assert len(loaded) == 16 and {len(part) for part in loaded.values()} == {3}
    assert any("INCOMPLETE: 48 of 1297" in warning for warning in report.warnings)


def test_a_person_stands_on_one_side(root: Path):
    rows = read_rows(root).rows
    splits = plan(rows, NOSEMIC, SplitSpec()).splits
    assert len({(row["subject_id"], splits[row["recording_id"]]) for row in rows}) == 16


def test_other_names_are_set_aside(root: Path, tmp_path: Path):
    for name in ("u00_1_12", "u00_1_2_3_12", "u00_1_2_fast", "u00_1_2_0", "u00_1_2_600"):
        tone(root / "audio" / f"{name}.wav")
    table = read_rows(root)
    assert len(table.rows) == 48 and len(table.problems) == 5
    with pytest.raises(DataError, match="NoseMic"):
        read_rows(root / "audio")
    (tmp_path / "empty" / "audio").mkdir(parents=True)
    with pytest.raises(DataError, match="no recording"):
        read_rows(tmp_path / "empty")
