"""The layout that OPERA and the authors' notebook read: folders, names and cells, with short sound."""

from __future__ import annotations

import struct
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from hf_auscult.data import SplitSpec, dataset, load_prepared, prepare
from hf_auscult.data.catalogue.mmlung.reader import RECORDINGS
from hf_auscult.data.splits import plan
from hf_auscult.errors import ConfigurationError, DataError

from .synthetic import tone

MMLUNG = dataset("mmlung")
read_rows = MMLUNG.read

PEOPLE = 40


def write_xls(file: Path, cells: Mapping[tuple[int, int], str | float]) -> None:
    """The oldest Excel format: a bare stream of records (BOF, then a LABEL or NUMBER a cell, then EOF)."""
    records = [(0x0009, struct.pack("<HH", 0x0002, 0x0010))]
    for (row, column), value in sorted(cells.items()):
        if isinstance(value, str):
            text = value.encode("latin-1")
            records.append((0x0004, struct.pack("<HH3xB", row, column, len(text)) + text))
        else:
            records.append((0x0003, struct.pack("<HH3xd", row, column, value)))
    records.append((0x000A, b""))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"".join(struct.pack("<HH", kind, len(body)) + body for kind, body in records))


def export(file: Path, fvc: str | float, fev1: str | float, ratio: str | float) -> None:
    write_xls(file, {(0, 0): "Easy on-PC", (22, 0): "FVC", (22, 1): fvc, (23, 1): fev1, (24, 1): ratio})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "mmlung"
    for person in range(1, PEOPLE + 1):
        fvc = 2 + person / 20
        export(folder / "spirometry_ground_truth" / f"{person}_spiro.xls", f"{fvc:.2f}*", round(0.8 * fvc, 3), 0.8)
        for modality in ("deepbreaths", "vowelo"):
            tone(
                folder / RECORDINGS[0] / MMLUNG.codes["modalities"][modality][0] / f"{person}_{modality}.wav",
                seconds=0.1,
            )
    tone(folder / RECORDINGS[0] / "1_1_cough" / "7_cough.wav", seconds=0.1)
    return folder


def spirometry(root: Path, person: int) -> Path:
    return root / "spirometry_ground_truth" / f"{person}_spiro.xls"


def test_every_task_has_one_recording_of_each_of_forty_people(root: Path):
    table = read_rows(root)
    assert len(table.rows) == 2 * PEOPLE + 1 and not table.problems and not table.notes
    for task in MMLUNG.tasks[1:]:
        rows, lost = task.select(table.rows)
        assert not lost and len(rows) == len({row["subject_id"] for row in rows}) == PEOPLE, task.name
        assert [row["label"] for row in rows] == [row[task.column] for row in rows]
    row = next(row for row in table.rows if row["recording_id"] == "10_vowelo")
    assert (row["fvc"], row["fev1"], row["fev1_fvc"]) == (2.5, 2.0, 0.8)  # the star is dropped
    assert (row["organ"], row["modality"]) == ("voice", "vowelo")
    organs = {row["modality"]: row["organ"] for row in table.rows}
    assert organs == {"vowelo": "voice", "deepbreaths": "breath", "cough": "cough"}


def test_the_papers_tasks_are_all_there():
    assert [task.paper[0].number for task in MMLUNG.tasks[1:]] == ["T10", "T11", "T12", "T13", "T14", "T15"]
    assert all(task.target == "value" for task in MMLUNG.tasks[1:])


def test_the_original_layout_is_prepared_one_person_out_at_a_time(root: Path, tmp_path: Path):
    report = prepare("mmlung", root, tmp_path / "out", split=SplitSpec(name="loso"), progress=False)
    loaded = load_prepared(report.output, "fvc_breath")
    assert len(loaded) == PEOPLE and all(len(part) == 1 for part in loaded.values())
    assert loaded["subject_10"]["label"] == [2.5]


def test_by_person(root: Path):
    rows = read_rows(root).rows
    splits = plan(rows, MMLUNG, SplitSpec()).splits
    assert len({(row["subject_id"], splits[row["recording_id"]]) for row in rows}) == PEOPLE


def test_missing_recordings_are_listed_and_missing_spirometry_is_noted(root: Path):
    (root / RECORDINGS[0] / "5_2_O_single" / "3_vowelo.wav").unlink()
    spirometry(root, 9).unlink()
    table = read_rows(root)
    assert "3_vowelo" in {row["recording_id"] for row in table.rows}
    assert table.notes == ("no spirometry of 9: their recordings are in no task",)
    rows, lost = MMLUNG.task("fvc_vowel").select(table.rows)
    assert len(rows) == PEOPLE - 1 and lost == {"None": 1}


@pytest.mark.parametrize("cells", [("", 2.0, 0.8), ("n/a", 2.0, 0.8), ("2.1", 0.0, 0.8), ("2.1", "two", 0.8)])
def test_a_damaged_export_costs_one_person_the_targets(root: Path, cells: tuple[str | float, ...]):
    export(spirometry(root, 4), *cells)
    table = read_rows(root)
    (problem,) = table.problems
    assert problem.path == "spirometry_ground_truth/4_spiro.xls"
    assert next(row for row in table.rows if row["recording_id"] == "4_vowelo")["fvc"] is None


@pytest.mark.parametrize("content", [b"", b"not Excel", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "short"])
def test_an_unreadable_export_does_not_trace_back(root: Path, content: bytes | str):
    if content == "short":
        write_xls(spirometry(root, 4), {(0, 0): "only a title"})
    else:
        spirometry(root, 4).write_bytes(content)
    (problem,) = read_rows(root).problems
    assert "not a spirometer export" in problem.reason


def test_other_names_are_set_aside(root: Path):
    tone(root / RECORDINGS[0] / "5_2_O_single" / "x1_vowelo.wav")
    tone(root / RECORDINGS[0] / "5_2_O_single" / "1_vowelu.wav")
    assert {problem.path.split("/")[-1] for problem in read_rows(root).problems} == {"x1_vowelo.wav", "1_vowelu.wav"}


def test_two_exports_of_one_person_are_both_refused(root: Path):
    export(root / "spirometry_ground_truth" / "1_again.xls", 9.0, 8.0, 0.9)
    table = read_rows(root)
    assert {problem.recording_id for problem in table.problems} == {"1_again", "1_spiro"}
    assert "no spirometry of 1" in table.notes[-1]


def test_folder_names_with_underscores_are_read_too(root: Path):
    before = [row["recording_id"] for row in read_rows(root).rows]
    (root / RECORDINGS[0]).rename(root / RECORDINGS[1])
    assert [row["recording_id"] for row in read_rows(root).rows] == before


def test_wrong_folders_and_a_missing_package(root: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(DataError, match="MMLung"):
        read_rows(root / RECORDINGS[0])
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "xlrd", None)
        with pytest.raises(ConfigurationError, match=r"hf-auscult\[data\]"):
            read_rows(root)
    (root / RECORDINGS[0]).rename(root / "elsewhere")
    with pytest.raises(DataError, match="Trimmed Data from phone"):
        read_rows(root)
