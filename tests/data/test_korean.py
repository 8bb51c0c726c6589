from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from hf_auscult.data import dataset, load_prepared, prepare
from hf_auscult.data.catalogue.korean.reader import BLOCK, sources
from hf_auscult.errors import DataError

from . import heart_layouts as layouts

KOREAN = dataset("korean")
read_rows = KOREAN.read


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return layouts.korean(tmp_path_factory.mktemp("korean"))


@pytest.fixture(scope="module")
def prepared(full: Path, tmp_path_factory: pytest.TempPathFactory):
    return prepare("korean", full, tmp_path_factory.mktemp("prepared") / "korean", progress=False)


def test_the_papers_counts(full: Path):
    rows, lost = KOREAN.task("valve_disease").select(read_rows(full).rows)
    task = KOREAN.task("valve_disease")
    assert Counter(task.classes[row["label"]] for row in rows) == task.paper[0].expected
    assert not lost


def test_cuts_of_one_source_are_on_one_side_and_the_warning_travels(prepared):
    assert KOREAN.subject_warning in prepared.warnings
    assert "48 websites" in (prepared.output / "README.md").read_text()
    assert prepared.presence is not None and prepared.presence.complete and not prepared.quarantined
    where: dict[object, set[str]] = defaultdict(set)
    people: dict[str, set[str]] = defaultdict(set)
    for split, part in load_prepared(prepared.output, "recordings").items():
        for recording, subject in zip(part["recording_id"], part["subject_id"], strict=True):
            _, name, number = recording.split("_")
            index = int(number)
            where[sources()[name, index] if name != "AS" else (index - 1) // BLOCK, name].add(split)
            people[name].add(subject)
    assert all(len(splits) == 1 for splits in where.values())
    assert {name: len(found) for name, found in people.items()} == {"N": 9, "AS": 5, "MR": 53, "MS": 86, "MVP": 58}


def test_every_index_of_four_classes_has_one_source():
    assert set(sources()) == {(name, index) for name in ("N", "MR", "MS", "MVP") for index in range(1, 201)}
    assert Counter(Counter(source for (name, _), source in sources().items() if name == "N").values()) == Counter(
        (72, 41, 32, 30, 7, 7, 4, 4, 3)
    )
    assert all(source <= index for (_, index), source in sources().items())


@pytest.mark.parametrize("form", ["NFC", "NFD", "garbled"])
def test_hangul_survives_any_archiver(tmp_path: Path, form: str):
    name = "{}_New_3??" if form == "garbled" else unicodedata.normalize(form, "{}_New_3주기")
    folder = tmp_path / name.format("MVP")
    layouts.tone(folder / "New_MVP_001.wav")
    (row,) = read_rows(tmp_path).rows
    assert row["class_code"] == "MVP" and row["subject_id"] == f"korean:MVP-source-{sources()['MVP', 1]:03d}"
    assert (tmp_path / row["path"]).is_file()


def test_what_is_missing_is_noted(tmp_path: Path):
    layouts.tone(tmp_path / "N_New_3주기" / "New_N_200.wav")
    table = read_rows(tmp_path)
    assert table.notes[0] == "1 of 200 recordings of N" and len(table.notes) == 5


def test_files_that_do_not_belong_are_set_aside(tmp_path: Path):
    layouts.tone(tmp_path / "N_New_3주기" / "New_N_001.wav")
    layouts.tone(tmp_path / "N_New_3주기" / "New_AS_002.wav")
    layouts.tone(tmp_path / "N_New_3주기" / "New_N_201.wav")
    layouts.tone(tmp_path / "N_New_3주기" / "copy of New_N_003.wav")
    (tmp_path / "N_New_3주기" / "._New_N_001.wav").write_bytes(b"resource fork")
    table = read_rows(tmp_path)
    assert [row["recording_id"] for row in table.rows] == ["New_N_001"]
    reasons = {problem.recording_id: problem.reason for problem in table.problems}
    assert len(reasons) == 3 and "folder N" in reasons["New_AS_002"]


def test_one_recording_in_two_folders_is_refused(tmp_path: Path):
    layouts.tone(tmp_path / "a" / "N_New_3주기" / "New_N_001.wav")
    layouts.tone(tmp_path / "b" / "N_New_3주기" / "New_N_001.wav")
    with pytest.raises(DataError, match="New_N_001"):
        read_rows(tmp_path)


def test_packed_archives_and_wrong_folders_are_named(tmp_path: Path):
    with pytest.raises(DataError, match="no recording"):
        read_rows(tmp_path)
    (tmp_path / "N_New_3주기.rar").write_bytes(b"Rar!")
    with pytest.raises(DataError, match="unpack"):
        read_rows(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        read_rows(tmp_path / "nowhere")
