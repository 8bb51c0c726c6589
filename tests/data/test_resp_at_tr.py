from __future__ import annotations

import builtins
import csv
import shutil
from collections import Counter
from pathlib import Path

import datasets
import pytest

from hf_auscult.data import dataset, prepare
from hf_auscult.data.report import class_counts
from hf_auscult.data.split_spec import SplitSpec
from hf_auscult.data.splits import plan
from hf_auscult.errors import ConfigurationError, DataError

from . import lung_layouts
from .lung_layouts import FIXTURES, noise

RESP_AT_TR = dataset("resp_at_tr")
read_rows = RESP_AT_TR.read

pytest.importorskip("openpyxl")


@pytest.fixture(scope="module")
def source(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lung_layouts.resp_at_tr(shared, tmp_path_factory.mktemp("resp") / "in")


@pytest.fixture(scope="module")
def full(source: Path):
    return read_rows(source)


@pytest.fixture
def few(shared: Path, tmp_path: Path) -> Path:
    return lung_layouts.resp_at_tr(shared, tmp_path / "few", lambda name: name.startswith("H002"))


def test_every_channel_of_every_patient_is_a_row(full, shared: Path):
    names = (shared / "data" / "resp_at_tr_metadata_only" / "audio_file_names.txt").read_text().splitlines()
    assert sorted(Path(row["path"]).name for row in full.rows) == sorted(names)
    assert len(full.rows) == 504 == RESP_AT_TR.recordings and not full.problems
    assert len({row["subject_id"] for row in full.rows}) == 42


def test_counts_are_the_papers(full):
    task = RESP_AT_TR.task("copd_severity")
    counts = class_counts(task, task.select(full.rows)[0])
    assert [paper.number for paper in task.paper] == ["T12", "T9"]
    assert all(counts == dict(paper.expected) for paper in task.paper)


def test_places_that_the_sources_agree_on(full):
    assert Counter(row["site"] for row in full.rows) == {
        "left posterior": 126,
        "right posterior": 126,
        "left anterior": 42,
        "right anterior": 42,
        "other": 168,
    }


def test_prepare_keeps_a_patient_on_one_side(source: Path, tmp_path: Path):
    report = prepare("resp_at_tr", source, tmp_path / "out", progress=False)
    assert report.written == 504 and report.presence.complete and not report.warnings
    parts = datasets.load_dataset(str(tmp_path / "out"), "copd_severity")
    people = [set(part["subject_id"]) for part in parts.values()]
    assert sum(map(len, people)) == len(set().union(*people)) == 42


def test_operas_split_is_disjoint_and_as_published(full):
    opera = plan(full.rows, RESP_AT_TR, SplitSpec(name="published", paper="opera"))
    with (FIXTURES / "opera_resp_at_tr.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    listed = {Path(row["path"]).stem: row["split"].replace("val", "validation") for row in rows}
    assert opera.splits == listed and not opera.leaks
    sides = {part: {row["subject"] for row in rows if row["split"] == part} for part in ("train", "val", "test")}
    assert [len(people) for people in sides.values()] == [26, 7, 9]
    assert len(set().union(*sides.values())) == 42


def test_missing_and_unlisted_recordings_are_reported(few: Path, tmp_path: Path):
    noise(few / "RespiratoryDatabase@TR" / "H001_L1.wav")
    noise(few / "RespiratoryDatabase@TR" / "H002_L7.wav")
    report = prepare("resp_at_tr", few, tmp_path / "out", tasks=["recordings"], progress=False)
    assert (report.listed, report.written) == (506, 12)
    assert Counter(problem.error for problem in report.quarantined) == {"MissingAudioError": 492, "DataError": 2}


def test_labels_as_text_read_the_same(full, few: Path):
    stages = {row["patient_id"]: row["diagnosis"] for row in full.rows}
    (few / "Labels.xlsx").unlink()
    lines = "".join(f"{patient},{stage},\r\n" for patient, stage in stages.items())
    (few / "Labels.csv").write_bytes(("\ufeffPatient ID,Diagnosis,\r\n" + lines).encode())
    assert read_rows(few).rows == full.rows


def test_damaged_and_missing_labels(few: Path, tmp_path: Path):
    (few / "Labels.xlsx").write_bytes(b"not a workbook")
    with pytest.raises(DataError, match="workbook is damaged"):
        read_rows(few)
    (few / "Labels.xlsx").unlink()
    with pytest.raises(DataError, match="no Labels"):
        read_rows(few)
    for text in ("Patient,Diagnosis\n", "", "Patient ID,Diagnosis\nH002,COPD9\n", "Patient ID,Diagnosis\nH002\n"):
        (few / "Labels.csv").write_text(text)
        with pytest.raises(DataError, match=r"Labels\.csv"):
            read_rows(few)
    with pytest.raises(DataError, match="RespiratoryDatabase@TR"):
        read_rows(shutil.copytree(few / "RespiratoryDatabase@TR", tmp_path / "flat" / "wrong").parent)


def test_without_openpyxl_the_extra_is_named(few: Path, monkeypatch: pytest.MonkeyPatch):
    real = builtins.__import__

    def refuse(name: str, *args, **kwargs):
        if name.split(".")[0] == "openpyxl":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    with pytest.raises(ConfigurationError, match=r"hf-auscult\[data\]"):
        read_rows(few)
