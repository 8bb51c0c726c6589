from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from hf_auscult.data import SplitSpec, assert_subject_disjoint, dataset, merge
from hf_auscult.data.catalogue.circor.reader import HEADER, column
from hf_auscult.data.splits import plan
from hf_auscult.errors import DataError, LeakageError

from .conftest import rename_id
from .lung_layouts import FIXTURES

CIRCOR = dataset("circor")
read_rows = CIRCOR.read
PARTS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def full(shared: Path):
    return read_rows(shared / "data" / "circor-digiscope-1.0.3")


def test_every_recording_of_the_distribution_is_a_row(full):
    assert len(full.rows) == 260
    assert not full.problems
    assert {row["recording_id"] for row in full.rows} == {
        file.stem for file in (full.root / "training_data").glob("*.wav")
    }


def test_both_ids_of_a_child_are_one_subject(full):
    by_id = {row["patient_id"]: row["subject_id"] for row in full.rows}
    assert len(by_id) == 75
    assert len(set(by_id.values())) == 66
    assert by_id["23625"] == by_id["50379"] == "circor:23625"
    assert by_id["49630"] == "circor:36327"


def test_a_twin_whose_row_is_absent_gives_the_same_name(circor: Path, sample: Path):
    everyone = {row["patient_id"]: row["subject_id"] for row in read_rows(sample).rows}
    twin = next(one for one, subject in sorted(everyone.items()) if subject != f"circor:{one}")
    table = circor / "training_data.csv"
    head, *_ = table.read_text().splitlines(keepends=True)
    line = next(x for x in (sample / "training_data.csv").read_text().splitlines(keepends=True) if x.startswith(twin))
    table.write_text(head + line)
    for file in (sample / "training_data").glob(f"{twin}*"):
        (circor / "training_data" / file.name).write_bytes(file.read_bytes())
    for file in (circor / "training_data").glob("*.wav"):
        if not file.name.startswith(twin):
            file.unlink()
    (circor / "RECORDS").unlink()
    assert {row["subject_id"] for row in read_rows(circor).rows} == {everyone[twin]}


def test_names_with_a_counter_and_other_sites(full):
    sites = {row["recording_id"]: row["site"] for row in full.rows}
    assert sites["50743_AV_3"] == "aortic"
    assert sites["50216_Phc_1"] == "other"
    assert Counter(sites.values()).keys() == {"aortic", "pulmonary", "tricuspid", "mitral", "other"}


def test_values_are_the_tables_own_and_nan_is_null(full):
    with (full.root / "training_data.csv").open(newline="") as stream:
        original = {row["Patient ID"]: row for row in csv.DictReader(stream)}
    for row in full.rows:
        for name in HEADER:
            said = original[row["patient_id"]][name]
            got = row[column(name)]
            assert got == (None if said == "nan" else said.lower() if name == "Sex" else said)


def test_segmentation_is_read_and_the_unusable_one_is_noted(full):
    rows = {row["recording_id"]: row for row in full.rows}
    first = rows["23625_AV"]["segmentation"]
    assert first[1] == {"start": 10.42125, "end": 10.580337, "state": 1}
    assert rows["50782_MV_1"]["segmentation"] is None
    assert len(full.notes) == 1 and full.notes[0].startswith("50782_MV_1")
    assert {segment["state"] for row in full.rows for segment in row["segmentation"] or ()} == {0, 1, 2, 3, 4}


def test_version_1_0_0_is_named(circor: Path):
    table = circor / "training_data.csv"
    table.write_text(table.read_text().replace("Recording locations:", "Locations").replace("Outcome,", ""))
    with pytest.raises(DataError, match=r"1\.0\.0.*1\.0\.3"):
        read_rows(circor)


def test_a_missing_column_is_named(circor: Path):
    table = circor / "training_data.csv"
    table.write_text(table.read_text().replace("Most audible location", "Loudest"))
    with pytest.raises(DataError, match="Most audible location"):
        read_rows(circor)


def test_wrong_folder_names_what_is_wanted(tmp_path: Path):
    with pytest.raises(DataError, match=r"training_data\.csv"):
        read_rows(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        read_rows(tmp_path / "nowhere")


def test_the_unpacked_folder_may_lie_one_level_deeper(circor: Path):
    assert read_rows(circor.parent).root == circor


def test_damaged_tables_are_refused(circor: Path):
    table = circor / "training_data.csv"
    text = table.read_text()
    line = text.splitlines()[1]
    table.write_text(text + line.replace("Female", "?").replace("Male", "Female").replace("?", "Male") + "\n")
    with pytest.raises(DataError, match="repeats Patient ID"):
        read_rows(circor)
    table.write_text(text + "99999,AV\n")
    with pytest.raises(DataError, match="damaged"):
        read_rows(circor)
    table.write_text(text)
    next((circor / "training_data").glob("*.txt")).unlink()
    with pytest.raises(DataError, match="patient's file is missing"):
        read_rows(circor)


def test_without_the_marker_every_listed_recording_counts(circor: Path):
    part = len(read_rows(circor).rows)
    (circor / "SUBSET").unlink()
    listed = sum(int(file.read_text().split()[1]) for file in (circor / "training_data").glob("*.txt"))
    assert part == 12 < listed == len(read_rows(circor).rows)


def test_with_the_marker_records_says_what_must_be_there(circor: Path):
    gone = next((circor / "training_data").glob("*.wav"))
    gone.unlink()
    assert gone.stem in {row["recording_id"] for row in read_rows(circor).rows}
    (circor / "RECORDS").write_text("training_data/11111_AV\n")
    with pytest.raises(DataError, match="11111_AV"):
        read_rows(circor)


def test_a_recording_that_no_table_lists_is_reported(circor: Path):
    wav = next((circor / "training_data").glob("*.wav"))
    (circor / "training_data" / "77777_AV.wav").write_bytes(wav.read_bytes())
    assert [problem.recording_id for problem in read_rows(circor).problems] == ["77777_AV"]


def test_a_table_cannot_free_a_reserved_subject_by_a_link(circor: Path):
    table = circor / "training_data.csv"
    person = table.read_text().splitlines()[1].split(",")[0]
    rename_id(circor, person, "13918")
    lines = table.read_text().splitlines()
    lines[1] = ",".join([*lines[1].split(",")[:-1], "7"])
    table.write_text("\n".join(lines) + "\n")
    with pytest.raises(LeakageError, match="13918"):
        read_rows(circor)


def test_labels_are_counted_as_published(full):
    murmur, lost = CIRCOR.task("murmur").select(full.rows)
    assert Counter(row["label"] for row in murmur).keys() == {0, 1}
    assert len(murmur) + lost["Unknown"] == 260
    outcome, lost = CIRCOR.task("outcome").select(full.rows)
    assert len(outcome) == 260 and not lost


def test_the_papers_tasks(full):
    ternary = CIRCOR.task("murmur_ternary")
    rows, lost = ternary.select(full.rows)
    counts = Counter(ternary.classes[row["label"]] for row in rows)
    assert len(rows) == 260 and not lost and set(counts) == {"Present", "Absent", "Unknown"}
    either, _ = CIRCOR.task("murmur_any").select(full.rows)
    assert Counter(row["label"] for row in either) == {0: counts["Absent"], 1: counts["Present"] + counts["Unknown"]}
    (t8,), (t15,), (t17,) = (CIRCOR.task(name).paper for name in ("murmur_ternary", "outcome", "murmur_any"))
    assert sum(t8.expected.values()) == sum(t15.expected.values()) == sum(t17.expected.values()) == CIRCOR.recordings
    assert t17.expected["Murmur"] == t8.expected["Present"] + t8.expected["Unknown"]
    assert t8.counts["Present"] == 363 and t17.counts == {"Murmur": 1144, "Healthy": 424}


WALKER = {1: (31, 42), 2: (34, 47), 3: (28, 40)}
"""Split -> pairs of ids of one child on both sides of test, and in two of the three parts."""


@pytest.mark.parametrize("number", WALKER)
def test_walkers_splits_are_the_listed_ones_and_leak_through_twin_ids(shared: Path, number: int):
    listed = {}
    for line in (shared / "reference" / "splits" / "circor_walker_splits.tsv").read_text().splitlines()[1:]:
        split, patient, part = line.split("\t")
        if int(split) == number:
            listed[patient] = "validation" if part == "valid" else part
    with (FIXTURES / "circor_twins.csv").open(newline="") as stream:
        same = merge(listed, [tuple(row.values()) for row in csv.DictReader(stream)])
    children = [{"recording_id": one, "patient_id": one, "subject_id": f"circor:{same[one]}"} for one in listed]
    published = CIRCOR.published[f"walker_{number}"]
    assert dict(published.assign(children)) == listed and len(listed) == 942
    sides = defaultdict(set)
    for row in children:
        sides[row["subject_id"]].add(listed[row["patient_id"]])
    both = [child for child, parts in sides.items() if len(parts) > 1]
    assert (sum("test" in sides[child] for child in both), len(both)) == WALKER[number]
    assert published.leaks.startswith(f"{WALKER[number][0]} pairs of ids")
    split = SplitSpec(name="published", paper=f"walker_disjoint_{number}")
    decided = plan(children, CIRCOR, split)
    subject = {row["recording_id"]: row["subject_id"] for row in children}
    assert_subject_disjoint({part: [subject[n] for n, own in decided.splits.items() if own == part] for part in PARTS})
    assert {n for n, part in decided.splits.items() if part == "test"} == {n for n in listed if listed[n] == "test"}
    later = [reason for reason in decided.withheld.values() if "a later part too" in reason]
    assert len(later) == len(both) and not decided.leaks  # of every pair the earlier one
    reserved = {n for n, reason in decided.withheld.items() if "reserved" in reason}
    assert set(listed) == {*decided.splits, *decided.withheld} and reserved and len(reserved | set(later)) < 250
