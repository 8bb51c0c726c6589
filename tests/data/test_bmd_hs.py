from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pytest

from hf_auscult.data import dataset, load_prepared, prepare
from hf_auscult.errors import DataError

from . import heart_layouts as layouts

BMD_HS = dataset("bmd_hs")
read_rows = BMD_HS.read


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return layouts.bmd_hs(tmp_path_factory.mktemp("bmd") / "BMD-HS-Dataset")


@pytest.fixture
def tables(full: Path, tmp_path: Path) -> Path:
    for name in ("train.csv", "additional_metadata.csv"):
        (tmp_path / name).write_bytes((full / name).read_bytes())
    return tmp_path


def edit(root: Path, old: str, new: str) -> None:
    text = (root / "train.csv").read_text()
    assert old in text
    (root / "train.csv").write_text(text.replace(old, new, 1))


def test_every_listed_recording_is_a_row_and_the_rest_are_reported(full: Path):
    table = read_rows(full.parent)
    assert len(table.rows) == 864 and len({row["subject_id"] for row in table.rows}) == 108
    assert len(table.problems) == 8 and {one.recording_id[:6] for one in table.problems} == {"MD_022"}
    assert len(table.rows) + len(table.problems) == len(list((full / "train").glob("*.wav")))
    assert all((full / row["path"]).is_file() for row in table.rows)


def test_the_oddly_named_file_is_found(full: Path):
    table = read_rows(full)
    (row,) = [row for row in table.rows if row["recording_id"] == "MD_085_sit_Tri"]
    assert row["path"] == "train/MD_085_sit_Tri6_06.wav"
    assert table.notes == ("MD_085_sit_Tri is the file MD_085_sit_Tri6_06.wav",)


def test_several_diseases_at_once(full: Path):
    task = BMD_HS.task("diagnoses")
    rows, lost = task.select(read_rows(full).rows)
    counts = Counter(task.classes[index] for row in rows for index in row["label"])
    assert counts == {"AR": 344, "MR": 304, "MS": 304, "AS": 296, "N": 168} and not lost
    binary, _ = BMD_HS.task("normal_diseased").select(read_rows(full).rows)
    assert Counter(row["label"] for row in binary) == {1: 696, 0: 168}


def test_position_posture_and_person(full: Path):
    rows = {row["recording_id"]: row for row in read_rows(full).rows}
    assert Counter(row["site"] for row in rows.values()) == dict.fromkeys(
        ("aortic", "pulmonary", "tricuspid", "mitral"), 216
    )
    one = rows["N_001_sit_Pul"]
    assert (one["posture"], one["site"], one["age"], one["sex"]) == ("sitting", "pulmonary", 21.0, "female")


def test_prepared_by_patient(full: Path, tmp_path: Path):
    report = prepare("bmd_hs", full, tmp_path / "out", progress=False)
    assert report.written == 864 and len(report.quarantined) == 8
    where: dict[str, set[str]] = defaultdict(set)
    for split, part in load_prepared(report.output, "diagnoses").items():
        for subject, diagnoses, label in zip(part["subject_id"], part["diagnoses"], part["label"], strict=True):
            where[subject].add(split)
            assert [part.features["label"].feature.names[index] for index in label] == diagnoses
    assert len(where) == 108 and all(len(splits) == 1 for splits in where.values())


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("patient_001,0,0,0,0,1", "patient_001,1,0,0,0,1", "contradict"),
        ("patient_001,0,0,0,0,1", "patient_001,0,0,0,0,0", "contradict"),
        ("patient_001,0,0,0,0,1", "patient_001,0,0,0,0,yes", "contradict"),
        ("patient_001,0,0,0,0,1", "patient_001,1,0,0,0,0", "not one of AS_001"),
        ("N_001_sup_Mit", "N_001_up_Mit", "the name"),
        ("N_001_sup_Mit", "N_002_sup_Tri", "N_001"),
    ],
)
def test_labels_and_names_that_contradict_are_set_aside(tables: Path, old: str, new: str, reason: str):
    edit(tables, old, new)
    table = read_rows(tables)
    assert table.problems and len(table.rows) + len(table.problems) == 864
    assert any(reason in problem.reason for problem in table.problems)


def test_tables_of_another_make_are_refused(tables: Path):
    (wrong := tables / "train").mkdir()
    edit(tables, "patient_002", "patient_001")
    with pytest.raises(DataError, match="line 3 is damaged"):
        read_rows(tables)
    edit(tables, "recording_8", "recording_9")
    with pytest.raises(DataError, match="recording_8"):
        read_rows(tables)
    with pytest.raises(DataError, match=r"train\.csv"):
        read_rows(wrong)


def test_without_the_second_table_nobody_has_an_age(tables: Path):
    (tables / "additional_metadata.csv").unlink()
    table = read_rows(tables)
    assert {row["age"] for row in table.rows} == {None} and "no age" in table.notes[0]
