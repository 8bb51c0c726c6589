from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path

import datasets
import pytest

from hf_auscult.data import dataset, prepare
from hf_auscult.data.catalogue.kauh.reader import diseases as diseases_of
from hf_auscult.data.catalogue.kauh.reader import site
from hf_auscult.data.report import class_counts
from hf_auscult.data.split_spec import SplitSpec
from hf_auscult.data.splits import assign, plan
from hf_auscult.errors import DataError, LeakageError

from . import lung_layouts
from .lung_layouts import FIXTURES, kauh_names, noise

KAUH = dataset("kauh")
read_rows = KAUH.read


def diseases(diagnosis: str) -> list[str]:
    return diseases_of(diagnosis, KAUH.codes["diseases"])


OPERA = SplitSpec(name="published", paper="opera")


@pytest.fixture(scope="module")
def source(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lung_layouts.kauh(shared, tmp_path_factory.mktemp("kauh"))


@pytest.fixture(scope="module")
def full(source: Path):
    return read_rows(source)


def test_every_name_is_a_row_of_one_of_112_people(full, shared: Path):
    assert [row["recording_id"] for row in full.rows] == sorted(Path(name).stem for name in kauh_names(shared))
    assert len(full.rows) == 336 == KAUH.recordings and not full.problems and not full.notes
    copies = defaultdict(set)
    for row in full.rows:
        copies[row["subject_id"]].add(row["filter"])
    assert len(copies) == 112 and set(map(frozenset, copies.values())) == {frozenset(("bell", "diaphragm", "extended"))}


@pytest.mark.parametrize("task", [task for task in KAUH.tasks if task.paper], ids=lambda task: task.name)
def test_counts_are_the_papers_or_the_corrected_ones(full, task):
    counts = class_counts(task, task.select(full.rows)[0])
    for paper in task.paper:
        assert counts == dict(paper.expected)


def test_operas_rule_loses_one_patient_to_a_spelling(full):
    right, _ = KAUH.task("obstructive").select(full.rows)
    operas, _ = KAUH.task("obstructive_opera").select(full.rows)
    assert (len(right), len({row["subject_id"] for row in right})) == (237, 79)
    assert (len(operas), len({row["subject_id"] for row in operas})) == (234, 78)
    lost = {row["recording_id"] for row in right} - {row["recording_id"] for row in operas}
    assert {row["diagnosis"] for row in right if row["recording_id"] in lost} == {"copd"} and len(lost) == 3


def test_names_are_taken_apart_and_kept_verbatim(full):
    rows = {row["recording_id"]: row for row in full.rows}
    row = next(row for row in full.rows if row["diagnosis"] == "Heart Failure + Lung Fibrosis ")
    assert (row["disease"], row["diseases"]) == ("heart failure + lung fibrosis", ["heart failure", "lung fibrosis"])
    row = rows["BP57_COPD,E W,P R L ,42,M"]
    assert (row["subject_id"], row["site"], row["site_detail"], row["age"], row["sex"], row["sound"]) == (
        "kauh:57",
        "right posterior",
        "P R L ",
        42.0,
        "male",
        "wheeze",
    )
    assert row["path"] == "AudioFiles/BP57_COPD,E W,P R L ,42,M.wav"
    assert Counter(row["site"] for row in full.rows) == {
        "left posterior": 117,
        "right posterior": 162,
        "left anterior": 6,
        "right anterior": 42,
        "other": 9,
    }


def test_one_spelling_a_disease():
    assert diseases("asthma") == diseases("Asthma") == ["asthma"]
    assert diseases("Asthma and lung fibrosis") == ["asthma", "lung fibrosis"]
    assert diseases("Plueral Effusion") == ["pleural effusion"]
    assert diseases("Heart Failure + COPD") == ["COPD", "heart failure"]
    with pytest.raises(DataError, match="flu"):
        diseases("COPD + flu")
    assert [site(where) for where in ("P L L", "P L R ", "P L L R", "P", "A U R")] == [
        "left posterior",
        "right posterior",
        "other",
        "other",
        "right anterior",
    ]


def test_the_workbook_names_the_same_people(full, shared: Path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("openpyxl")
    sheet = pandas.read_excel(shared / "data" / "kauh_metadata_only" / "Data annotation.xlsx").iloc[:112]
    said = {
        f"kauh:{number + 1}": (float(row["Age"]), row["Gender"].strip(), diseases(row["Diagnosis"]))
        for number, row in sheet.iterrows()
    }
    sexes = {"male": "M", "female": "F"}
    assert said == {row["subject_id"]: (row["age"], sexes[row["sex"]], row["diseases"]) for row in full.rows}


def test_prepare_keeps_filter_copies_on_one_side(source: Path, tmp_path: Path):
    report = prepare("kauh", source, tmp_path / "out", progress=False)
    assert report.written == 336 and not report.quarantined and report.presence.complete
    # Of a class with one or two people, some part holds nobody, and that is said.
    assert report.warnings and all("nobody with" in warning for warning in report.warnings)
    for task in ("recordings", "disease"):
        parts = datasets.load_dataset(str(tmp_path / "out"), task)
        people = [set(part["subject_id"]) for part in parts.values()]
        assert sum(map(len, people)) == len(set().union(*people)) == 112
        assert all(count == 3 for part in parts.values() for count in Counter(part["subject_id"]).values())
    label = parts["train"].features["label_disease"]
    row = next(row for row in parts["train"] if len(row["label_disease"]) == 2)
    names = {label.feature.names[index].lower() for index in row["label_disease"]}
    assert names == {name.lower() for name in row["diseases"]}


@pytest.mark.parametrize("seed", range(5))
def test_copies_stay_together_whatever_the_seed(full, seed: int):
    assignment = assign(full.rows, KAUH, SplitSpec(seed=seed))
    sides = defaultdict(set)
    for row in full.rows:
        sides[row["patient_id"]].add(assignment[row["recording_id"]])
    assert all(len(side) == 1 for side in sides.values())


def test_operas_list_leaks_63_of_72(full, source: Path, tmp_path: Path):
    opera = plan(full.rows, KAUH, OPERA)
    assert Counter(opera.splits.values()) == {"train": 162, "validation": 24, "test": 48}
    with (FIXTURES / "opera_kauh.csv").open(newline="") as stream:
        listed = {Path(row["path"]).stem: row for row in csv.DictReader(stream)}
    assert opera.splits == {
        name: "validation" if row["split"] == "val" else row["split"] for name, row in listed.items()
    }
    subject = {row["recording_id"]: row["subject_id"] for row in full.rows}
    assert all(row["subject"] == subject[name] for name, row in listed.items())
    people = defaultdict(set)
    for name, part in opera.splits.items():
        people[part].add(subject[name])
    assert (len(people["test"]), len(people["test"] & people["train"])) == (39, 37)
    assert (len(people["validation"]), len(people["validation"] & people["train"])) == (18, 15)
    held_out = [name for name, part in opera.splits.items() if part != "train"]
    assert (len(held_out), sum(subject[name] in people["train"] for name in held_out)) == (72, 63)
    with pytest.raises(LeakageError, match="63 of the 72"):
        prepare("kauh", source, tmp_path / "no", split=OPERA, progress=False)


def test_the_list_that_opera_does_not_use_is_disjoint():
    sides = defaultdict(set)
    with (FIXTURES / "opera_kauh_unused.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            sides[row["split"]].add(row["subject"])
    assert len(sides["train"]) == 52 and len(sides["test"]) == 26 and not sides["train"] & sides["test"]


def test_a_missing_copy_is_listed_and_odd_names_are_set_aside(shared: Path, tmp_path: Path):
    source = lung_layouts.kauh(shared, tmp_path / "in", lambda name: name[2:].split("_")[0] in ("1", "2"))
    next((source / "AudioFiles").glob("DP1_*")).unlink()
    noise(source / "AudioFiles" / "BP3_Flu,N,P L L,40,M.wav")
    noise(source / "AudioFiles" / "BP4_N,Snore,P L L,40,M.wav")
    noise(source / "AudioFiles" / "FP4_N,N,P L L,40,M.wav")
    noise(source / "AudioFiles" / "EP2_N,N,P L L,99,M.wav")
    table = read_rows(source)
    assert len(table.rows) == 6 and len(table.problems) == 4
    assert any("110 of 112 people" in note for note in table.notes)
    report = prepare("kauh", source, tmp_path / "out", tasks=["recordings"], progress=False)
    missing = [problem for problem in report.quarantined if problem.error == "MissingAudioError"]
    assert [problem.recording_id[:4] for problem in missing] == ["DP1_"]
    assert report.listed == report.written + len(report.quarantined) == 10


def test_flat_folders_are_read_and_wrong_ones_refused(shared: Path, tmp_path: Path):
    lung_layouts.kauh(shared, tmp_path / "in", lambda name: name.startswith(("BP9_", "DP9_", "EP9_")))
    assert [row["path"][:4] for row in read_rows(tmp_path / "in" / "AudioFiles").rows] == ["BP9_", "DP9_", "EP9_"]
    with pytest.raises(DataError, match="no recordings of KAUH"):
        read_rows(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        read_rows(tmp_path / "nowhere")
