from __future__ import annotations

import csv
import shutil
from collections import Counter
from pathlib import Path

import datasets
import pytest
import soundfile

from hf_auscult.audio import read
from hf_auscult.data import dataset, load_prepared, prepare, reserved_subjects
from hf_auscult.data.catalogue.icbhi.reader import GHOST
from hf_auscult.data.report import class_counts
from hf_auscult.data.split_spec import SplitSpec
from hf_auscult.data.splits import assign, plan
from hf_auscult.errors import ConfigurationError, DataError, LeakageError

from . import lung_layouts
from .lung_layouts import FIXTURES

ICBHI = dataset("icbhi")
read_rows = ICBHI.read

OFFICIAL = SplitSpec(name="official")


@pytest.fixture(scope="module")
def slice_(shared: Path) -> Path:
    return shared / "data" / "icbhi2017"


@pytest.fixture(scope="module")
def full(shared: Path, slice_: Path, tmp_path_factory: pytest.TempPathFactory):
    """All 920 annotations and the challenge's own tables."""
    root = tmp_path_factory.mktemp("icbhi")
    (root / "ICBHI_final_database").symlink_to(shared / "data" / "icbhi2017_annotations_only" / "audio_and_txt_files")
    for table in slice_.glob("*.txt"):
        shutil.copyfile(table, root / table.name)
    return read_rows(root)


@pytest.fixture
def few(shared: Path, tmp_path: Path) -> Path:
    return lung_layouts.icbhi(shared, tmp_path / "few", {"105", "116", "156"})


def test_every_recording_is_a_row_and_the_ghost_is_not(full):
    assert len(full.rows) == 920 == ICBHI.recordings and not full.problems
    assert len({row["subject_id"] for row in full.rows}) == 126
    assert full.notes == (f"ICBHI_challenge_train_test.txt lists {GHOST}, which was never distributed",)
    assert Counter(row["official_split"] for row in full.rows) == {"train": 539, "test": 381}


@pytest.mark.parametrize("task", [task for task in ICBHI.tasks if task.paper], ids=lambda task: task.name)
def test_counts_are_the_papers(full, task):
    counts = class_counts(task, task.select(full.rows)[0])
    for paper in task.paper:
        assert counts == dict(paper.expected)


def test_rare_diseases_are_left_out_and_counted(full):
    assert ICBHI.task("disease").select(full.rows)[1] == {"Asthma": 1, "LRTI": 2}
    rows, lost = ICBHI.task("cycles").select(full.rows)
    assert len(rows) == 6898 and not lost
    assert len({row["subject_id"] for row in ICBHI.task("copd").select(full.rows)[0]}) == 90


def test_names_and_people_are_taken_apart(full):
    rows = {row["recording_id"]: row for row in full.rows}
    row = rows["103_2b2_Ar_mc_LittC2SE"]
    assert (row["site"], row["device"], row["age"], row["sex"]) == (
        "right anterior",
        "Littmann Classic II SE",
        70.0,
        "female",
    )
    assert (row["adult_bmi"], row["child_weight"], row["acquisition_mode"]) == (33.0, None, "mc")
    assert rows["102_1b1_Ar_sc_Meditron"]["age"] == 0.75
    assert {row["site"] for row in full.rows} >= {"trachea", "left lateral"}
    assert {row["age"] for row in full.rows if row["patient_id"] == "223"} == {None}


def test_cycles_are_in_seconds_and_typed(full, shared: Path):
    row = next(row for row in full.rows if any(event["type"] == "both" for event in row["events"]))
    text = shared / "data" / "icbhi2017_annotations_only" / "audio_and_txt_files" / f"{row['recording_id']}.txt"
    said = [line.split("\t") for line in text.read_text().splitlines()]
    kinds = {"00": "normal", "10": "crackle", "01": "wheeze", "11": "both"}
    assert row["events"] == [
        {"start": float(start), "end": float(end), "type": kinds[crackle + wheeze]}
        for start, end, crackle, wheeze in said
    ]


def test_kaggles_layout_reads_the_same(full, shared: Path, tmp_path: Path):
    source = shared / "data" / "icbhi2017_annotations_only"
    table = read_rows(source)
    strip = [{k: v for k, v in row.items() if k not in ("path", "official_split")} for row in table.rows]
    assert strip == [{k: v for k, v in row.items() if k not in ("path", "official_split")} for row in full.rows]
    assert any("no recording has an official split" in note for note in table.notes)
    with pytest.raises(ConfigurationError, match="lacks the authors' split"):
        assign(table.rows, ICBHI, OFFICIAL)
    deep = tmp_path / "archive" / "Respiratory_Sound_Database" / "Respiratory_Sound_Database"
    deep.mkdir(parents=True)
    (deep / "audio_and_txt_files").symlink_to(source / "audio_and_txt_files")
    headless = (source / "patient_diagnosis.csv").read_text().split("\n", 1)[1]
    (deep / "patient_diagnosis.csv").write_text(headless)
    found = read_rows(tmp_path / "archive")
    assert len(found.rows) == 920 and {row["age"] for row in found.rows} == {None}


def test_the_official_split_leaks_two_patients_and_must_be_asked_for(full, few: Path, tmp_path: Path):
    people: dict[str, set[str]] = {"train": set(), "test": set()}
    for row in full.rows:
        people[row["official_split"]].add(row["patient_id"])
    assert people["train"] & people["test"] == {"156", "218"}
    with pytest.raises(LeakageError, match="156 and 218 are in training and in test"):
        prepare("icbhi", few, tmp_path / "no", split=OFFICIAL, progress=False)


def test_published_splits_are_the_papers(full):
    with (FIXTURES / "opera_icbhi.csv").open(newline="") as stream:
        listed = {Path(row["path"]).stem: row["split"] for row in csv.DictReader(stream)}
    opera = plan(full.rows, ICBHI, SplitSpec(name="published", paper="opera"))
    assert all(listed[name] == part for name, part in opera.splits.items())
    kept = [row for row in full.rows if row["recording_id"] in opera.splits]
    assert Counter((row["diagnosis"], opera.splits[row["recording_id"]]) for row in kept) == {
        ("COPD", "train"): 444,
        ("Healthy", "train"): 18,
        ("COPD", "test"): 349,
        ("Healthy", "test"): 17,
    }
    assert "156 and 218" in opera.leaks
    whole = plan(full.rows, ICBHI, SplitSpec(name="published", paper="auscultabench"))
    # the challenge's list, for a copy that lacks it
    bare = [{**row, "official_split": None} for row in full.rows]
    challenge = plan(bare, ICBHI, SplitSpec(name="published", paper="challenge"))
    assert challenge.splits == whole.splits == plan(full.rows, ICBHI, OFFICIAL).splits
    assert whole.splits == listed == assign(full.rows, ICBHI, OFFICIAL)


def test_reserved_patients_can_only_be_tested(full):
    assert reserved_subjects("icbhi") == reserved_subjects("icbhi2017") == {"145", "151", "178"}
    for seed in range(3):
        assignment = assign(full.rows, ICBHI, SplitSpec(seed=seed))
        reserved = {row["recording_id"] for row in full.rows if row["patient_id"] in reserved_subjects("icbhi")}
        assert {assignment[name] for name in reserved} == {"test"}


def test_the_real_slice_is_prepared_and_the_rest_reported_missing(slice_: Path, tmp_path: Path):
    tasks = ["recordings", "cycles", "disease"]
    report = prepare("icbhi", slice_, tmp_path / "out", tasks=tasks, progress=False)
    assert (report.listed, report.written, len(report.quarantined)) == (920, 10, 910)
    assert {problem.error for problem in report.quarantined} == {"MissingAudioError"}
    assert not report.presence.complete and "10 of 920" in report.presence.describe()
    parts = datasets.load_dataset(str(tmp_path / "out"), "recordings")
    rows = [row for part in parts.values() for row in part]
    assert len(rows) == 10 and {row["subject_id"] for row in rows} == {f"icbhi:{n}" for n in (101, 102, 103, 104)}
    originals = {file.stem: file for file in (slice_ / "ICBHI_final_database").glob("*.wav")}
    assert {row["recording_id"]: row["audio"]["bytes"] for row in rows} == {
        name: file.read_bytes() for name, file in originals.items()
    }
    assert {soundfile.info(file).subtype for file in originals.values()} == {"PCM_16", "PCM_24", "PCM_32"}
    assert {row["sampling_rate"] for row in rows} == {4_000, 44_100}
    cycles = [row for part in load_prepared(tmp_path / "out", "cycles").values() for row in part.to_list()]
    assert len(cycles) == 97 and sum(row["label"] == 2 for row in cycles) == 14
    for row in cycles:
        assert read(row["audio"]).seconds == pytest.approx(row["segment_end"] - row["segment_start"], abs=0.02)
    plain = datasets.load_dataset(str(tmp_path / "out"), "cycles")
    listed = [(row["recording_id"], one) for part in plain.values() for row in part for one in row["segments_cycles"]]
    assert listed == [(row["recording_id"], {key: row[key] for key in listed[0][1]}) for row in cycles]
    assert all(row["segment_start"] < row["segment_end"] <= row["duration"] + 0.01 for row in cycles)


def test_a_person_stands_on_one_side_of_the_subject_split(shared: Path, tmp_path: Path):
    source = lung_layouts.icbhi(shared, tmp_path / "in", {"102", "105", "116", "123", "156"})
    (source / "ICBHI_challenge_train_test.txt").unlink()
    report = prepare("icbhi", source, tmp_path / "out", tasks=["recordings", "cycles"], progress=False)
    assert report.written == report.listed == len(list(source.glob("*/*.wav"))) and not report.quarantined
    parts = load_prepared(tmp_path / "out", "cycles")
    people = [set(part["subject_id"]) for part in parts.values()]
    assert sum(map(len, people)) == len(set().union(*people)) == 5


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("0.1\t0.9\t1\n", "not 'start end crackle wheeze'"),
        ("0.1\tx\t1\t0\n", "not 'start end crackle wheeze'"),
        ("0.1\t0.9\t2\t0\n", "not 'start end crackle wheeze'"),
        ("0.9\t0.1\t1\t0\n", "impossible"),
        ("0.1\t0.9\t1\t0\t1\n", "impossible"),
    ],
)
def test_a_damaged_annotation_sets_one_recording_aside(few: Path, damage: str, reason: str):
    file = sorted(few.glob("*/156*.txt"))[0]
    file.write_text(damage)
    table = read_rows(few)
    assert [problem.recording_id for problem in table.problems] == [file.stem]
    assert reason in table.problems[0].reason and len(table.rows) == 919


def test_odd_files_are_reported(few: Path):
    audio = few / "ICBHI_final_database"
    sorted(audio.glob("116*.txt"))[0].unlink()
    lung_layouts.noise(audio / "999_1b1_Al_sc_Meditron.wav")
    lung_layouts.noise(audio / "notes.wav")
    (audio / "filename_differences.txt").write_text("'101_1b1_Al_sc_AKGC417L'\n")
    table = read_rows(few)
    assert {problem.recording_id: problem.reason.split()[0] for problem in table.problems} == {
        "999_1b1_Al_sc_Meditron": "patient",
        "notes": "the",
    }
    assert any("no annotation file" in note for note in table.notes)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("ICBHI_Challenge_diagnosis.txt", "227\tFlu"),
        ("ICBHI_Challenge_diagnosis.txt", "101\tAsthma"),
        ("ICBHI_Challenge_demographic_information.txt", "227\tx\tF\tNA\t1\t2"),
        ("ICBHI_Challenge_demographic_information.txt", "227\t3"),
        ("ICBHI_Challenge_demographic_information.txt", "101\t4\tF\tNA\t19\t99"),
        ("ICBHI_challenge_train_test.txt", "227_1b1_Al_sc_Meditron\tvalidation"),
        ("ICBHI_challenge_train_test.txt", "101_1b1_Al_sc_Meditron\ttrain"),
    ],
)
def test_damaged_tables_are_refused(few: Path, file: str, line: str):
    with (few / file).open("a") as stream:
        stream.write(line + "\n")
    with pytest.raises(DataError, match=rf"{file}: line \d+ is damaged"):
        read_rows(few)


def test_wrong_folders(tmp_path: Path, few: Path):
    with pytest.raises(DataError, match="no such folder"):
        read_rows(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="ICBHI_final_database"):
        read_rows(tmp_path / "empty")
    (few / "audio_and_txt_files").mkdir()
    with pytest.raises(DataError, match="several folders"):
        read_rows(few)
    (few / "audio_and_txt_files").rmdir()
    (few / "ICBHI_Challenge_diagnosis.txt").unlink()
    with pytest.raises(DataError, match="no ICBHI_Challenge_diagnosis"):
        read_rows(few)
