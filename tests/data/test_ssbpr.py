from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from hf_auscult.data import SplitSpec, dataset, load_prepared, prepare
from hf_auscult.data.splits import plan
from hf_auscult.errors import DataError

from .synthetic import tone

SSBPR = dataset("ssbpr")
read_rows = SSBPR.read


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Ten patients a sex, every position; OPERA's code finds <sex>/<folder>/A-B-C.wav."""
    for sex in ("female", "male"):
        for patient in range(10):
            for snore in range(6):
                file = f"{patient:04d}-{patient * 6 + snore:04d}-{snore}.wav"
                tone(tmp_path / "SSBPR" / sex / "audio" / file, seconds=0.1)
    return tmp_path / "SSBPR"


def test_names_are_taken_apart(root: Path):
    table = read_rows(root)
    assert len(table.rows) == 120 and not table.problems
    row = next(row for row in table.rows if row["path"] == "male/audio/0002-0015-3.wav")
    assert (row["subject_id"], row["sex"], row["position"]) == ("ssbpr:male_0002", "male", "left-side lying")
    assert (row["field_a"], row["field_b"]) == ("0002", "0015")
    assert Counter(row["position"] for row in table.rows) == dict.fromkeys(SSBPR.codes["positions"].values(), 20)
    assert table.notes == ("20 different A (taken as patients) and 120 different A-B in the file names",)


def test_the_prone_are_left_out_and_counted(root: Path):
    rows, lost = SSBPR.task("position").select(read_rows(root).rows)
    assert len(rows) == 100 and lost == {"prone": 20}


def test_the_original_layout_is_prepared_with_its_warning(root: Path, tmp_path: Path):
    report = prepare("ssbpr", root.parent, tmp_path / "out", progress=False)
    assert (report.listed, report.written) == (120, 120)
    assert SSBPR.subject_warning in report.warnings
    assert "indicate the patient" in (report.output / "README.md").read_text()
    assert set(load_prepared(report.output, "position")) == {"train", "validation", "test"}


def test_an_a_of_one_sex_stands_on_one_side(root: Path):
    rows = read_rows(root).rows
    for seed in range(3):
        splits = plan(rows, SSBPR, SplitSpec(seed=seed)).splits
        assert len({(row["subject_id"], splits[row["recording_id"]]) for row in rows}) == 20


def test_other_names_are_set_aside(root: Path):
    for name in ("0001-0001", "0001-0001-6", "snore"):
        tone(root / "female" / f"{name}.wav")
    table = read_rows(root)
    assert len(table.rows) == 120
    assert {problem.path for problem in table.problems} == {
        f"female/{name}.wav" for name in ("0001-0001", "0001-0001-6", "snore")
    }


def test_one_name_in_two_folders_is_two_recordings(root: Path):
    tone(root / "male" / "night2" / "0002-0015-3.wav")
    assert len(read_rows(root).rows) == 121


def test_wrong_folders(root: Path, tmp_path: Path):
    with pytest.raises(DataError, match="no folders female and male"):
        read_rows(root / "female")
    with pytest.raises(DataError, match="no such folder"):
        read_rows(tmp_path / "nowhere")
    for sex in ("female", "male"):
        (tmp_path / "empty" / sex).mkdir(parents=True)
    with pytest.raises(DataError, match="no recording"):
        read_rows(tmp_path / "empty")
