from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pytest

from hf_auscult.data import dataset, load_prepared, prepare
from hf_auscult.data.report import class_counts
from hf_auscult.data.split_spec import SplitSpec
from hf_auscult.data.splits import assign, plan
from hf_auscult.errors import DataError

from . import lung_layouts
from .lung_layouts import hf_lung_stems, noise

HF_LUNG = dataset("hf_lung")
read_rows = HF_LUNG.read

PIECE = "trunc_2019-05-07-13-57-26-L1_2"


@pytest.fixture
def source(shared: Path, tmp_path: Path) -> Path:
    return lung_layouts.hf_lung(shared, tmp_path / "in")


def test_all_names_of_the_distribution_are_understood(tmp_path: Path):
    for part in ("train", "test"):
        (tmp_path / "HF_Lung_V1-master" / part).mkdir(parents=True)
    for stem, part in hf_lung_stems():
        (tmp_path / "HF_Lung_V1-master" / part / f"{stem}_label.txt").touch()
    table = read_rows(tmp_path)
    assert len(table.rows) == 9765 == HF_LUNG.recordings and not table.problems and not table.notes
    assert Counter((row["official_split"], row["device"]) for row in table.rows) == {
        ("train", "Littmann 3200"): 3254,
        ("test", "Littmann 3200"): 1250,
        ("train", "HF-Type-1"): 4555,
        ("test", "HF-Type-1"): 706,
    }
    days = defaultdict(set)
    for row in table.rows:
        days[row["recording_date"]].add(row["official_split"])
    assert all(len(parts) == 1 for parts in days.values()), "the authors' folders share no day"
    assert len({row["subject_id"] for row in table.rows}) == 171
    assignment = assign(table.rows, HF_LUNG, SplitSpec())
    sides = defaultdict(set)
    for row in table.rows:
        sides[row["subject_id"]].add(assignment[row["recording_id"]])
    assert all(len(side) == 1 for side in sides.values())
    assert plan(table.rows, HF_LUNG, SplitSpec(name="published", paper="auscultabench")).splits == dict(hf_lung_stems())


def test_names_and_labels_are_taken_apart(source: Path):
    rows = {row["recording_id"]: row for row in read_rows(source).rows}
    assert len(rows) == 5
    row = rows[PIECE]
    assert (row["subject_id"], row["site"], row["device"], row["recording_time"], row["official_split"]) == (
        "hf_lung:20190507:trunc",
        "right anterior",
        "HF-Type-1",
        "13:57:26",
        "train",
    )
    assert row["events"][2] == {"start": 3.899, "end": 4.603, "type": "Wheeze"}
    row = rows["steth_20190801_09_46_05"]
    assert (row["subject_id"], row["site"], row["official_split"]) == ("hf_lung:20190801:steth", None, "test")
    kinds = Counter(event["type"] for row in rows.values() for event in row["events"])
    assert kinds == {"I": 23, "E": 15, "D": 22, "Wheeze": 1, "Stridor": 2, "Rhonchi": 1}


def test_tasks_are_sums_of_the_same_events(source: Path):
    rows = read_rows(source).rows
    counts = {task.name: class_counts(task, task.select(rows)[0]) for task in HF_LUNG.tasks}
    assert counts["normal_abnormal"] == {"Normal": 38, "Abnormal": 26}
    assert counts["phases_cas_das"] == {"Inhalation": 23, "Exhalation": 15, "CAS": 4, "DAS": 22}
    printed = {task.name: task.paper[0].counts for task in HF_LUNG.tasks if task.paper}
    assert printed["normal_abnormal"]["Normal"] == printed["events"]["Inhalation"] + printed["events"]["Exhalation"]
    assert printed["phases_cas_das"]["CAS"] == sum(printed["events"][name] for name in ("Wheeze", "Stridor", "Rhonchi"))
    assert printed["normal_abnormal"]["Abnormal"] == sum(printed["phases_cas_das"][name] for name in ("CAS", "DAS"))


def test_prepare_warns_that_nobody_is_named(source: Path, tmp_path: Path):
    split = SplitSpec(name="official")
    report = prepare("hf_lung", source, tmp_path / "out", split=split, progress=False)
    assert report.written == 5 and any("who was recorded" in warning for warning in report.warnings)
    assert "who was recorded" in (tmp_path / "out" / "README.md").read_text()
    parts = load_prepared(tmp_path / "out", "events")
    assert sum(part.num_rows for part in parts.values()) == 64
    assert parts["test"].num_rows == 12


def test_the_increment_is_read_beside_it_and_left_out_of_the_papers_tasks(source: Path):
    folder = source / "HF_Lung_V1_IP-main" / "train"
    noise(folder / "steth_20200101_10_00_00.wav")
    noise(folder / "trunc_2020-01-02-10-00-00-L3_0.wav")
    noise(folder / f"{PIECE}.wav")
    table = read_rows(source)
    rows = {row["recording_id"]: row for row in table.rows}
    assert (rows["steth_20200101_10_00_00"]["part"], rows["steth_20200101_10_00_00"]["licence"]) == (
        "HF_Lung_V1_IP",
        "CC-BY-NC-4.0",
    )
    assert rows["trunc_2020-01-02-10-00-00-L3_0"]["events"] is None and len(rows) == 7
    assert "same name" in table.problems[0].reason and len(table.problems) == 1
    assert any("3 recordings in HF_Lung_V1_IP-main/train have no labels" in note for note in table.notes)
    assert len(HF_LUNG.task("events").select(table.rows)[0]) == 64


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Bark 00:00:01.000 00:00:02.000", "is not 'type"),
        ("I 1.0 2.0", "is not 'type"),
        ("I 00:00:01.000", "is not 'type"),
        ("I 00:00:02.000 00:00:01.000", "before it starts"),
    ],
)
def test_a_damaged_label_sets_one_recording_aside(source: Path, line: str, reason: str):
    file = next(source.glob("*/test/*_label.txt"))
    file.write_text(line + "\n")
    table = read_rows(source)
    assert len(table.rows) == 4 and reason in table.problems[0].reason


def test_other_names_and_folders(source: Path, tmp_path: Path):
    noise(source / "HF_Lung_V1-master" / "test" / "patient7.wav")
    assert [problem.recording_id for problem in read_rows(source).problems] == ["patient7"]
    assert len(read_rows(source / "HF_Lung_V1-master").rows) == 5
    (source / "HF_Lung_V1-main" / "train").mkdir(parents=True)
    with pytest.raises(DataError, match="several copies"):
        read_rows(source)
    with pytest.raises(DataError, match="train and test"):
        read_rows(tmp_path / "in" / "HF_Lung_V1-master" / "train")
    with pytest.raises(DataError, match="no such folder"):
        read_rows(tmp_path / "nowhere")
