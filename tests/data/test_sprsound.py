from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from hf_auscult.data import dataset, prepare
from hf_auscult.data.audit import audit
from hf_auscult.data.catalogue.sprsound.reader import parts
from hf_auscult.data.split_spec import SplitSpec
from hf_auscult.data.splits import assign, plan
from hf_auscult.errors import DataError, LeakageError

from .lung_layouts import noise

SPRSOUND = dataset("sprsound")
LAYOUTS = SPRSOUND.codes["layouts"]
read_rows = SPRSOUND.read

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
    for (_, wav, notes), (_, new_wav, new_notes) in zip(parts(LAYOUTS[0]), parts(layout), strict=True):
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
        file = next(full.root.glob(f"*/*json/**/{row['recording_id']}.json"))
        original = json.loads(file.read_text())["event_annotation"]
        assert [event["type"] for event in row["events"]] == [event["type"] for event in original]
        assert [event["start"] * 1000 for event in row["events"]] == pytest.approx(
            [int(event["start"]) for event in original]
        )
        assert all(event["end"] < 16 for event in row["events"])
        assert row["events"] or row["record_annotation"] == "Poor Quality"


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout["test_wav"])
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


def test_lone_wavs_and_odd_names_are_set_aside(few: Path):
    part = few / "BioCAS2022"
    file = sorted(part.glob("train2022_json/*.json"))[0]
    (part / "train2022_json" / "40728258_11.9_1_p9_2122.json").write_text(file.read_text())
    wav = sorted(part.glob("test2022_wav/*.wav"))[0]
    (part / "test2022_wav" / "41279835_14.1_0_p1_9.wav").write_bytes(wav.read_bytes())
    found = {problem.recording_id: problem.reason for problem in read_rows(few).problems}
    assert "the name" in found["40728258_11.9_1_p9_2122"]
    assert found["41279835_14.1_0_p1_9"] == "no annotation file"
    assert len(found) == 2


EVENTS = {"event_annotation": [{"start": "4616", "end": "9797", "type": "Normal"}]}
RECORD = {"record_annotation": "Normal", **EVENTS}
LATER = {
    2023: ("00014365_4.3_1_p4_7545", "662293914_7.9_0_p4_4899", "6624420_0.2_0_p2_4394"),
    2024: ("00016281_3.7_1_p3_11865", "_5.8_0_p1_11144"),
    2025: ("_0.7_1_p7_32982", "_5.3_0_p8_34877", "40911272_8.6_1_p3_11633"),
}
"""Real names of the later test sets; since 2024 some have no patient."""


def add_later(target: Path, places) -> None:
    for (year, names), (wav, notes) in zip(LATER.items(), places, strict=True):
        for folder in (wav, notes):
            (target / folder).mkdir(parents=True)
        for name in names:
            (target / notes / f"{name}.json").write_text(json.dumps(RECORD if year == 2023 else EVENTS))
            noise(target / wav / f"{name}.wav", 10, 8_000)


UPSTREAM = (
    ("BioCAS2023/test2023_wav", "BioCAS2023/test2023_json"),
    ("BioCAS2024/test2024_wav", "BioCAS2024/test2024_json"),
    ("releases/BioCAS2025/test2025_wav", "releases/BioCAS2025/test2025_json"),
)
FLAT = tuple((f"test_wav_{year}", f"test_json_{year}") for year in LATER)


@pytest.mark.parametrize("places", [UPSTREAM, FLAT], ids=["upstream", "flat"])
def test_later_test_sets_are_read_beside_2022(few: Path, places):
    before = read_rows(few).rows
    add_later(few, places)
    table = read_rows(few)
    rows = {row["recording_id"]: row for row in table.rows}
    assert {name: rows.pop(name)["official_split"] for names in LATER.values() for name in names} == {
        name: f"test_{year}" for year, names in LATER.items() for name in names
    }
    assert tuple(rows.values()) == before and not table.problems
    assert table.notes == ("3 recordings have no patient number, so no subject split can hold them",)
    rows = {row["recording_id"]: row for row in table.rows}
    assert rows["_5.3_0_p8_34877"]["subject_id"] is None and rows["_5.3_0_p8_34877"]["patient_id"] is None
    assert (rows["_0.7_1_p7_32982"]["site"], rows["_0.7_1_p7_32982"]["site_detail"]) == ("other", "p7")
    assert rows["662293914_7.9_0_p4_4899"]["subject_id"] == "sprsound:662293914"
    assert rows["00016281_3.7_1_p3_11865"]["record_annotation"] is None
    assert rows["00016281_3.7_1_p3_11865"]["events"] == [{"start": 4.616, "end": 9.797, "type": "Normal"}]
    assert SPRSOUND.task("record").select(table.rows)[1] == {"None": 5}
    assert len(SPRSOUND.task("record_ternary").select(table.rows)[0]) == 21


def test_recordings_of_nobody_are_withheld_from_subject_splits(few: Path, tmp_path: Path):
    add_later(few, UPSTREAM)
    report = prepare("sprsound", few, tmp_path / "out", progress=False)
    nobody = {name for names in LATER.values() for name in names if name.startswith("_")}
    assert set(report.withheld) == nobody and report.written == 18 + 5
    allowed = SplitSpec(name="official", allow_leakage=True)
    official = prepare("sprsound", few, tmp_path / "official", split=allowed, tasks=["events"], progress=False)
    assert not official.withheld and official.configs["events"]["test_2025"].people == 1
    with pytest.raises(LeakageError, match="no subject id"):
        prepare("sprsound", few, tmp_path / "no", split=SplitSpec(name="official"), progress=False)
    ledger = audit([tmp_path / "official"], listen=False)
    assert not any("unknown subject" in name for finding in ledger.findings for name in finding.examples)
    paper = SplitSpec(name="published", paper="auscultabench")
    used = plan(read_rows(few).rows, SPRSOUND, paper)
    assert Counter(used.splits.values()) == {"train": 6, "test": 15} and len(used.withheld) == 5


def test_a_recording_in_two_test_sets_counts_once(few: Path):
    add_later(few, UPSTREAM)
    name = LATER[2024][0]
    (few / UPSTREAM[2][1] / f"{name}.json").write_text(json.dumps(EVENTS))
    noise(few / UPSTREAM[2][0] / f"{name}.wav")
    table = read_rows(few)
    assert [problem.recording_id for problem in table.problems] == [name]
    assert "annotated twice" in table.problems[0].reason
    (few / "test2024_json").mkdir()
    with pytest.raises(DataError, match="several test sets of 2024"):
        read_rows(few)


def test_an_earlier_summary_of_a_child_is_kept(few: Path):
    folder = few / "Patient Summary"
    folder.mkdir()
    head = "patient_num,disease,age,gender\n"
    (folder / "Grand_Challenge'23_patient_summary.csv").write_text(
        head + "662293914,Pneumonia (non-severe),7.9,M\n-,-,3.9,M\n"
    )
    patient = read_rows(few).rows[0]["patient_id"]
    (folder / "Grand_Challenge'24_patient_summary.csv").write_text(head + f"{patient},Hemoptysis,6.7,F\n")
    assert {row["disease"] for row in read_rows(few).rows if row["patient_id"] == patient} == {"Hemoptysis"}
    (folder / "SPRSound_patient_summary.csv").write_text("," + head + f"0,{patient},Asthma,6.9,F\n")
    assert {row["disease"] for row in read_rows(few).rows if row["patient_id"] == patient} == {"Asthma"}


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


def test_counts_of_the_papers_add_up(full):
    ternary, record = (SPRSOUND.task(name).paper[0].counts for name in ("record_ternary", "record"))
    assert sum(ternary.values()) == sum(record.values()) == 3554 == SPRSOUND.recordings
    assert ternary["Adventitious"] == sum(record[name] for name in ("CAS", "DAS", "CAS & DAS"))
    events = [event["type"] for row in full.rows for event in row["events"]]
    rows, lost = SPRSOUND.task("events").select(full.rows)
    assert len(rows) == len(events) and not lost
    binary, _ = SPRSOUND.task("events_binary").select(full.rows)
    assert sum(row["label"] == 0 for row in binary) == events.count("Normal")
