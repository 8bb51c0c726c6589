from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from hf_auscult.data import dataset, load_prepared, prepare
from hf_auscult.errors import DataError

from . import heart_layouts as layouts

ZCHSOUND = dataset("zchsound")
read_rows = ZCHSOUND.read

CLEAN = layouts.ZCH_TABLES["clean"]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return layouts.zchsound(tmp_path_factory.mktemp("zch") / "ZCHSound")


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    return layouts.zchsound(tmp_path / "ZCHSound", wavs=False)


def test_the_papers_counts_the_right_way_round(full: Path):
    task = ZCHSOUND.task("symptomatic")
    rows, lost = task.select(read_rows(full).rows)
    assert Counter(task.classes[row["label"]] for row in rows) == task.paper[0].expected
    assert task.paper[0].counts == {"Symptomatic": 693, "Healthy": 566} and not lost


def test_both_parts_are_read_from_the_folders_that_are_there(full: Path):
    table = read_rows(full.parent)
    assert table.root == full and not table.problems and not table.notes
    assert Counter(row["part"] for row in table.rows) == {"clean": 941, "noise": 318}
    assert all((full / row["path"]).is_file() for row in table.rows)
    assert Counter(row["diagnosis"] for row in table.rows if row["part"] == "noise") == layouts.ZCH_COUNTS["noise"]


def test_days_become_years(full: Path):
    row = read_rows(full).rows[99]
    assert row["recording_id"] == "ZCH0100"
    assert row["age_days"] == 700.0 and row["age"] == pytest.approx(1.9165, abs=1e-4)
    assert {row["sex"] for row in read_rows(full).rows} == {"male", "female"}


def test_prepared_with_its_warning(full: Path, tmp_path: Path):
    report = prepare("zchsound", full, tmp_path / "out", progress=False, tasks=["diagnosis"], strict=True)
    assert ZCHSOUND.subject_warning in report.warnings and report.written == 1259
    parts = load_prepared(report.output, "diagnosis")
    assert Counter(parts["test"]["diagnosis"])["PDA"] in (7, 8, 9)


def test_missing_recordings_are_listed_and_strangers_reported(tables: Path):
    layouts.tone(tables / "Noise Heartsound Data (2)" / "ZCH0942.wav")
    layouts.tone(tables / "Noise Heartsound Data (2)" / "ZCH9999.wav")
    table = read_rows(tables)
    assert len(table.rows) == 1259
    assert [problem.recording_id for problem in table.problems] == ["ZCH9999"]
    assert {row["path"].split("/")[0] for row in table.rows} == {"clean Heartsound Data", "Noise Heartsound Data (2)"}


def test_one_part_alone_is_noted(tables: Path):
    (tables / layouts.ZCH_TABLES["noise"]).unlink()
    table = read_rows(tables)
    assert len(table.rows) == 941 and "noise part" in table.notes[0]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("ZCH0001.wav;M;7;COLD", "COLD"),
        ("ZCH0001.wav;M;young;NORMAL", "young"),
        ("ZCH0001.wav;X;7;NORMAL", "gender"),
        ("../secret.wav;M;7;NORMAL", "no file name"),
    ],
)
def test_a_damaged_line_costs_its_recording_only(tables: Path, cells: str, reason: str):
    lines = (tables / CLEAN).read_text("utf-8-sig").splitlines()
    lines[1] = cells
    (tables / CLEAN).write_text("\n".join(lines))
    table = read_rows(tables)
    assert len(table.rows) == 1258
    (problem,) = table.problems
    assert reason in problem.reason and "line 2" in problem.reason


def test_the_age_column_may_be_called_otherwise_and_be_empty(tables: Path):
    text = (tables / CLEAN).read_text("utf-8-sig").replace("age(days)", "Age (days) 天")
    (tables / CLEAN).write_bytes(text.replace(";7;", ";;").encode("gbk"))
    assert read_rows(tables).rows[0]["age"] is None


def test_other_tables_are_refused(tables: Path):
    text = (tables / CLEAN).read_text("utf-8-sig")
    (tables / CLEAN).write_text(text.replace(";", ","))
    with pytest.raises(DataError, match="';'"):
        read_rows(tables)
    (tables / CLEAN).write_text(text.replace("ZCH0001.wav;", "ZCH0001.wav;;;"))
    with pytest.raises(DataError, match="line 2"):
        read_rows(tables)
    (tables / CLEAN).write_text(text)
    for name in ("Noise Heartsound Data", "Noise Heartsound Data Details"):
        (tables / name).mkdir()
    with pytest.raises(DataError, match="two folders"):
        read_rows(tables)
    with pytest.raises(DataError, match="Clean Heartsound"):
        read_rows(tables / "Noise Heartsound Data")
