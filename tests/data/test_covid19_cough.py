from __future__ import annotations

import csv
import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from hf_auscult.data import PrepareReport, SplitSpec, dataset, load_prepared, prepare
from hf_auscult.data.catalogue.covid19_cough.reader import CONFLICT
from hf_auscult.data.splits import plan
from hf_auscult.errors import ConfigurationError, DataError

COVID19_COUGH = dataset("covid19_cough")
read_rows = COVID19_COUGH.read

STUBS = {"098d66e5-bda6-4e99-b787-ab890046c44b", "a9ecaf03-40a5-4b43-aaf3-f076f84a69aa"}


@pytest.fixture(scope="module")
def source(shared: Path) -> Path:
    return shared / "data" / "covid19-cough"


@pytest.fixture(scope="module")
def full(source: Path):
    return read_rows(source)


@pytest.fixture(scope="module")
def report(source: Path, tmp_path_factory: pytest.TempPathFactory) -> PrepareReport:
    return prepare("covid19_cough", source, tmp_path_factory.mktemp("prepared") / "out", progress=False)


@pytest.fixture
def few(source: Path, tmp_path: Path) -> Path:
    """Six recordings in the original layout."""
    entries = json.loads((source / "metadata.json").read_text())[:6]
    (tmp_path / "few" / "raw").mkdir(parents=True)
    (tmp_path / "few" / "metadata.json").write_text(json.dumps(entries))
    for entry in entries:
        shutil.copyfile(source / "raw" / entry["filename"], tmp_path / "few" / "raw" / entry["filename"])
    return tmp_path / "few"


def test_every_recording_is_a_row_with_its_own_words(full, source: Path):
    original = {entry["filename"]: entry for entry in json.loads((source / "metadata.json").read_text())}
    assert len(full.rows) == len(original) == 395 and not full.problems
    for row in full.rows:
        entry = original[f"{row['recording_id']}.mp3"]
        assert (row["covid19"], row["collection"]) == (entry["covid19"], entry["source"])
        assert (row["verified"], row["asymptomatic"]) == (entry.get("verified"), entry.get("asymptomatic"))
        assert (row["kind"], row["comment"]) == (entry.get("kind"), entry["comment"] or None)
    assert Counter(row["kind"] for row in full.rows) == {None: 334, "исх рандом": 44, "входящие": 14, "другое": 3}


def test_files_that_contradict_each_other_have_no_label_and_are_reported(full):
    conflicts = [row for row in full.rows if row["duplicate_conflict"]]
    assert len(conflicts) == 70 and {row["covid_label"] for row in conflicts} == {CONFLICT}
    groups = Counter(row["duplicate_of"] for row in full.rows)
    assert len(groups) - 1 == 35 and groups[None] == 395 - 72
    assert "in 34 of them (70 files)" in full.notes[0]
    agreeing = [row for row in full.rows if row["duplicate_of"] and not row["duplicate_conflict"]]
    assert len(agreeing) == 2 and len({row["covid_label"] for row in agreeing}) == 1
    rows, lost = COVID19_COUGH.task("covid").select(full.rows)
    assert lost == {CONFLICT: 70}
    assert Counter(row["label"] for row in rows) == {0: 156, 1: 169}


def test_identical_files_are_one_subject_and_on_one_side_whatever_the_seed(full):
    assert len({row["subject_id"] for row in full.rows}) == 395 - 72 + 35
    for seed in range(3):
        decided = plan(full.rows, COVID19_COUGH, SplitSpec(seed=seed))
        where = {(row["subject_id"], decided.splits[row["recording_id"]]) for row in full.rows}
        assert len(where) == len({subject for subject, _ in where})


def test_the_slice_is_prepared_without_the_stubs(report: PrepareReport):
    assert (report.listed, report.written) == (395, 393)
    assert {problem.recording_id for problem in report.quarantined} == STUBS
    assert {problem.error for problem in report.quarantined} == {"UndecodableAudioError"}
    labels: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    for counts in report.configs["covid"].values():
        labels.update(counts.labels)
        left_out.update(counts.left_out)
    assert labels == {"positive": 169, "negative": 156}
    assert left_out == {CONFLICT: 68}  # the stubs, one pair of the 35, are no recordings
    assert any("INCOMPLETE: 395 of 1324" in warning for warning in report.warnings)
    assert any("Nobody is named" in warning for warning in report.warnings)


def test_the_channel_is_a_column_and_decides_rate_and_task(report: PrepareReport):
    seen = Counter()
    for part in load_prepared(report.output, "recordings").values():
        for row in part.remove_columns("audio"):
            seen[row["device"], row["collection"], row["sampling_rate"]] += 1
    assert seen == {("phone", "call-center", 8000): 208, ("messenger", "telegram", 48000): 185}
    phone = Counter()
    for part in load_prepared(report.output, "covid_phone").values():
        assert set(part["device"]) == {"phone"}
        phone.update(part["covid_label"])
    assert phone == {"positive": 148, "negative": 60}


def test_leaving_one_channel_out(full):
    decided = plan(full.rows, COVID19_COUGH, SplitSpec(name="leave_one_source_out", by="device"))
    assert set(decided.names) == {"device_phone", "device_messenger"}
    assert decided.warnings == (COVID19_COUGH.subject_warning,)


def test_without_age_and_sex_there_is_nothing_to_balance(full):
    with pytest.raises(ConfigurationError, match="no stratum"):
        plan(full.rows, COVID19_COUGH, SplitSpec(name="demographic", task="covid"))


def test_the_card_carries_the_warning_and_the_rule(report: PrepareReport):
    card = (report.output / "README.md").read_text()
    assert "Whoever called twice" in card
    assert "68 recordings with 'contradicting duplicate' left out" in card
    with (report.output / "quarantine.csv").open(newline="") as stream:
        assert {row["recording_id"] for row in csv.DictReader(stream)} == STUBS


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"filename": "../secret.mp3"}, "not the name of an mp3"),
        ({"filename": None}, "not the name of an mp3"),
        ({"covid19": "yes"}, "covid19 of .* is 'yes'"),
        ({"source": "carrier pigeon"}, "carrier pigeon"),
        ({"source": ["telegram"]}, "source of"),
        ({"verified": "maybe"}, "verified of"),
        ({"comment": 7}, "comment of"),
    ],
)
def test_a_damaged_entry_sets_one_recording_aside(few: Path, change: dict[str, object], reason: str):
    entries = json.loads((few / "metadata.json").read_text())
    kept = entries[0]["filename"]
    entries[0] |= change
    (few / "metadata.json").write_text(json.dumps(entries))
    table = read_rows(few)
    assert len(table.rows) == 5
    known = isinstance(entries[0]["filename"], str)
    assert table.problems[0].recording_id == (Path(entries[0]["filename"]).stem if known else "entry 0")
    assert re.search(reason, table.problems[0].reason)
    if "filename" in change:  # the audio is still there, and nobody lists it any more
        assert table.problems[1].path == f"raw/{kept}"


def test_entries_that_are_no_objects_unlisted_files_and_new_keys(few: Path):
    entries = json.loads((few / "metadata.json").read_text())
    entries[1]["start_at"], entries[2]["mood"] = 0.5, "good"
    (few / "metadata.json").write_text(json.dumps([*entries, "seven"]))
    (few / "raw" / "lonely.mp3").write_bytes(b"x")
    table = read_rows(few)
    found = {problem.recording_id: problem.reason for problem in table.problems}
    assert found == {"entry 6": "the entry is not an object", "lonely": "metadata.json does not list it"}
    assert any("['mood']" in note for note in table.notes)


def test_missing_audio_is_listed(few: Path):
    next((few / "raw").iterdir()).unlink()
    assert len(read_rows(few).rows) == 6


def test_damaged_and_wrong_folders(few: Path, tmp_path: Path):
    for content, reason in (("{", "not JSON"), ("{}", "not a list")):
        (few / "metadata.json").write_text(content)
        with pytest.raises(DataError, match=reason):
            read_rows(few)
    with pytest.raises(DataError, match="covid19-cough"):
        read_rows(tmp_path / "few" / "raw")


def test_a_repeated_entry_is_noted_and_a_bad_one_counts_once(few: Path):
    before = read_rows(few)
    file = few / "metadata.json"
    entries = json.loads(file.read_text())
    entries += [entries[0], {**entries[1], "covid19": not entries[1]["covid19"]}]
    entries[2] = {**entries[2], "covid19": "perhaps"}
    file.write_text(json.dumps(entries))
    table = read_rows(few)
    assert len(table.rows) == len(before.rows) - 1
    assert f"metadata.json lists {entries[0]['filename']} again" in table.notes
    new = [problem for problem in table.problems if problem not in before.problems]
    assert {(problem.path, problem.reason.split(" of ")[0]) for problem in new} == {
        (f"raw/{entries[2]['filename']}", "covid19"),
        ("metadata.json", "it contradicts the first entry"),
    }
