from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from hf_auscult.data.split_spec import SplitSpec
from hf_auscult.data.splits import assign
from hf_auscult.data.sprsound import LAYOUTS, SPRSOUND, read_rows
from hf_auscult.errors import DataError

PAIR = ("41279835_14.1_0_p1_2945", "41279835_14.1_0_p1_2050")


@pytest.fixture(scope="module")
def source(shared: Path) -> Path:
    return shared / "data" / "sprsound"


@pytest.fixture(scope="module")
def full(source: Path):
    return read_rows(source)


@pytest.fixture
def few(source: Path, tmp_path: Path) -> Path:
    """Six recordings of each part, in the upstream layout."""
    return copy(source, tmp_path / "few", LAYOUTS[0], inside="BioCAS2022")


def copy(source: Path, target: Path, layout, inside: str = "") -> Path:
    for (_, wav, notes), (_, new_wav, new_notes) in zip(LAYOUTS[0].parts(), layout.parts(), strict=True):
        old, new = source / "BioCAS2022", target / inside
        (new / new_wav).mkdir(parents=True, exist_ok=True)
        (new / new_notes).mkdir(parents=True)
        for file in sorted((old / notes).glob("*.json"))[:6]:
            shutil.copyfile(file, new / new_notes / file.name)
            shutil.copyfile(old / wav / f"{file.stem}.wav", new / new_wav / f"{file.stem}.wav")
    return target


def test_every_recording_is_a_row(full):
    assert len(full.rows) == 498 and not full.problems and not full.notes
    assert len({row["subject_id"] for row in full.rows}) == 60
    assert Counter(row["official_split"] for row in full.rows) == {"train": 360, "test_inter": 58, "test_intra": 80}


def test_names_are_taken_apart(full):
    row = next(row for row in full.rows if row["recording_id"] == "40728258_11.9_1_p1_2122")
    assert (row["subject_id"], row["age"], row["sex"], row["site"]) == (
        "sprsound:40728258",
        11.9,
        "female",
        "left posterior",
    )
    assert all(row["disease"] for row in full.rows)


def test_events_are_in_seconds(full):
    for row in full.rows:
        file = next(full.root.glob(f"*json/**/{row['recording_id']}.json"))
        original = json.loads(file.read_text())["event_annotation"]
        assert [event["type"] for event in row["events"]] == [event["type"] for event in original]
        assert [event["start"] * 1000 for event in row["events"]] == pytest.approx(
            [int(event["start"]) for event in original]
        )
        assert all(event["end"] < 16 for event in row["events"])
        assert row["events"] or row["record_annotation"] == "Poor Quality"


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.test_wav)
@pytest.mark.parametrize("inside", ["", "BioCAS2022"])
def test_all_editions_read_the_same(source: Path, tmp_path: Path, layout, inside: str, few: Path):
    old = copy(source, tmp_path / "other", layout, inside)
    ignore = ("path", "disease")
    strip = [{k: v for k, v in row.items() if k not in ignore} for row in read_rows(old).rows]
    assert strip == [{k: v for k, v in row.items() if k not in ignore} for row in read_rows(few).rows]
    assert len(strip) == 18


def test_a_copy_without_the_patient_summary_has_no_disease(few: Path):
    assert {row["disease"] for row in read_rows(few).rows} == {None}


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "not an object"),
        ('{"event_annotation": []}', "None"),
        ('{"record_annotation": "Fine", "event_annotation": []}', "Fine"),
        ('{"record_annotation": "CAS", "event_annotation": [{"start": "x", "end": "2", "type": "Wheeze"}]}', "damaged"),
        (
            '{"record_annotation": "CAS", "event_annotation": [{"start": "3", "end": "2", "type": "Wheeze"}]}',
            "impossible",
        ),
        (
            '{"record_annotation": "CAS", "event_annotation": [{"start": "1", "end": "2", "type": "Bark"}]}',
            "impossible",
        ),
    ],
)
def test_a_damaged_annotation_sets_one_recording_aside(few: Path, damage: str, reason: str):
    file = sorted(few.glob("BioCAS2022/train2022_json/*.json"))[0]
    file.write_text(damage)
    table = read_rows(few)
    assert len(table.rows) == 17
    assert [problem.recording_id for problem in table.problems] == [file.stem]
    assert reason in table.problems[0].reason


def test_names_without_a_patient_and_lone_wavs_are_set_aside(few: Path):
    part = few / "BioCAS2022"
    file = sorted(part.glob("train2022_json/*.json"))[0]
    (part / "train2022_json" / "_5.3_0_p8_34877.json").write_text(file.read_text())
    wav = sorted(part.glob("test2022_wav/*.wav"))[0]
    (part / "test2022_wav" / "41279835_14.1_0_p1_9.wav").write_bytes(wav.read_bytes())
    found = {problem.recording_id: problem.reason for problem in read_rows(few).problems}
    assert "the name" in found["_5.3_0_p8_34877"]
    assert found["41279835_14.1_0_p1_9"] == "no annotation file"
    assert len(found) == 2


def test_the_key_of_upstreams_own_text_is_read_too(few: Path):
    file = sorted(few.glob("BioCAS2022/train2022_json/*.json"))[0]
    file.write_text(file.read_text().replace("record_annotation", "recording_annotation"))
    assert len(read_rows(few).rows) == 18


def test_wrong_folder(tmp_path: Path):
    with pytest.raises(DataError, match="SPRSound"):
        read_rows(tmp_path)
    (tmp_path / "BioCAS2022").mkdir()
    with pytest.raises(DataError, match="missing"):
        read_rows(tmp_path)


def test_the_identical_pair_stands_on_one_side_of_the_subject_split(full):
    for seed in range(5):
        assignment = assign(full.rows, SPRSOUND, SplitSpec(seed=seed))
        assert assignment[PAIR[0]] == assignment[PAIR[1]]
    official = assign(full.rows, SPRSOUND, SplitSpec(name="official"))
    assert official[PAIR[0]] != official[PAIR[1]]


def test_poor_quality_is_left_out_of_one_task_and_counted(full):
    rows, lost = SPRSOUND.task("normal_adventitious").select(full.rows)
    assert lost == {"Poor Quality": 32} and len(rows) == 466
    assert Counter(row["label"] for row in rows) == {0: 332, 1: 134}
    rows, lost = SPRSOUND.task("record").select(full.rows)
    assert len(rows) == 498 and not lost
