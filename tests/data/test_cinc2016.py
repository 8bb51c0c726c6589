from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from hf_auscult.data import SplitSpec, dataset, load_prepared, prepare
from hf_auscult.errors import DataError

from . import heart_layouts as layouts

CINC2016 = dataset("cinc2016")
read_rows = CINC2016.read

SLICE = {"a": 36, "b": 50, "c": 8, "d": 18, "e": 95, "f": 22}


@pytest.fixture(scope="module")
def source(shared: Path) -> Path:
    return shared / "data" / "cinc2016"


@pytest.fixture(scope="module")
def prepared(source: Path, tmp_path_factory: pytest.TempPathFactory):
    return prepare("cinc2016", source, tmp_path_factory.mktemp("prepared") / "cinc2016", progress=False)


@pytest.fixture
def small(source: Path, tmp_path: Path) -> Path:
    """Sub-database c of the slice, to be damaged at will."""
    shutil.copytree(source / "training-c", tmp_path / "training-c")
    return tmp_path


def edit(file: Path, old: str, new: str) -> None:
    content = file.read_bytes()
    assert old.encode() in content
    file.chmod(0o644)
    file.write_bytes(content.replace(old.encode(), new.encode(), 1))


def test_every_recording_of_the_slice(source: Path):
    table = read_rows(source)
    assert Counter(row["database"] for row in table.rows) == SLICE
    assert Counter(row["header_label"] for row in table.rows) == {"Normal": 129, "Abnormal": 100}
    assert not table.problems
    assert {row["path"] for row in table.rows} == {
        wav.relative_to(source).as_posix() for wav in source.glob("training-?/*.wav")
    }


def test_the_papers_counts(tmp_path: Path):
    task = CINC2016.task("normal_abnormal")
    rows, lost = task.select(read_rows(layouts.cinc2016(tmp_path)).rows)
    assert Counter(task.classes[row["label"]] for row in rows) == task.paper[0].expected and not lost


def test_the_ecg_of_training_a_is_named(source: Path):
    rows = read_rows(source).rows
    assert Counter(row["database"] for row in rows if row["ecg_file"]) == {"a": 36}
    assert all((source / row["ecg_file"]).is_file() for row in rows if row["ecg_file"])


def test_prepared_slice(prepared, source: Path):
    assert prepared.written == 229 and not prepared.quarantined and not prepared.withheld
    assert CINC2016.subject_warning in prepared.warnings
    assert any("INCOMPLETE: 229 of 3240" in warning for warning in prepared.warnings)
    assert list(prepared.configs) == ["recordings", "normal_abnormal"]  # no signal quality here
    counts: Counter[str] = Counter()
    for split in prepared.configs["normal_abnormal"].values():
        counts.update(split.labels)
    assert counts == {"Normal": 129, "Abnormal": 100}
    part = load_prepared(prepared.output, "normal_abnormal")["test"]
    assert set(part["sampling_rate"]) == {2000}
    cell = part[0]["audio"]
    assert cell["bytes"] == (source / cell["path"]).read_bytes()
    for label, reference in zip(part["label"], part["reference"], strict=True):
        assert part.features["label"].names[label] == {"-1": "Normal", "1": "Abnormal"}[reference]


def test_one_sub_database_out(source: Path, tmp_path: Path):
    split = SplitSpec(name="leave_one_source_out", by="database")
    report = prepare("cinc2016", source, tmp_path / "out", split=split, tasks=["recordings"], progress=False)
    databases = [set(part["database"]) for part in load_prepared(report.output, "recordings").values()]
    assert sorted(map(sorted, databases)) == [[name] for name in "abcdef"]


def test_labels_that_differ_are_set_aside(small: Path):
    edit(small / "training-c" / "REFERENCE.csv", "c0002,1", "c0002,-1")
    edit(small / "training-c" / "c0003.hea", "# Normal", "# Unsure")
    edit(small / "training-c" / "c0005.hea", "c0005 1", "c0006 1")
    table = read_rows(small)
    assert len(table.rows) + len(table.problems) == SLICE["c"]
    reasons = {problem.recording_id: problem.reason for problem in table.problems}
    assert reasons["c0002"] == "REFERENCE.csv says Normal, its header Abnormal"
    assert "Unsure" in reasons["c0003"] and "damaged" in reasons["c0005"]


def test_nothing_is_lost(small: Path):
    folder = small / "training-c"
    layouts.tone(folder / "c9999.wav")
    (folder / "c0002.wav").unlink()
    (folder / "c0003.hea").unlink()
    (folder / "RECORDS").chmod(0o644)
    (folder / "RECORDS").write_text((folder / "RECORDS").read_text() + "c8888\n")
    table = read_rows(small)
    assert {problem.recording_id for problem in table.problems} == {"c8888", "c9999"}
    rows = {row["recording_id"]: row for row in table.rows}
    assert "c0002" in rows and rows["c0003"]["header_label"] is None
    assert "1 recordings have no header" in table.notes[-1]
    report = prepare("cinc2016", small, small / "out", progress=False)
    assert report.listed == report.written + len(report.quarantined) == 10
    assert {problem.recording_id for problem in report.quarantined} == {"c0002", "c8888", "c9999"}


def test_the_validation_folder_is_not_counted_twice(small: Path):
    (small / "validation").mkdir()
    shutil.copyfile(small / "training-c" / "c0002.wav", small / "validation" / "c0002.wav")
    layouts.tone(small / "validation" / "c0003.wav")
    table = read_rows(small)
    assert len(table.rows) == SLICE["c"]
    assert [note.split()[0] for note in table.notes if "validation" in note] == ["1", "1"]
    assert "no training-a in this folder" in table.notes


@pytest.mark.parametrize("line", ["c0002,2", "c0002", "x0002,1", "c0003,1", "c0002,1,1"])
def test_a_damaged_table_is_refused(small: Path, line: str):
    edit(small / "training-c" / "REFERENCE.csv", "c0002,1", line)
    with pytest.raises(DataError, match="damaged"):
        read_rows(small)


def test_other_folders_are_refused(small: Path, tmp_path_factory: pytest.TempPathFactory):
    (small / "training-c" / "REFERENCE.csv").unlink()
    with pytest.raises(DataError, match="labels is missing"):
        read_rows(small)
    with pytest.raises(DataError, match="training-a"):
        read_rows(tmp_path_factory.mktemp("empty"))
    with pytest.raises(DataError, match="no such folder"):
        read_rows(small / "nowhere")


def test_a_person_of_the_appendix_is_on_one_side(source: Path, tmp_path: Path):
    for database in "ce":
        shutil.copytree(source / f"training-{database}", tmp_path / f"training-{database}")
    names = [row["recording_id"] for row in read_rows(tmp_path).rows]
    lines = ["Challenge record name,Database,Original record name,Diagnosis,Age (year),Gender,# Raw record,"
             "Transducer site on body,Recording state"]  # fmt: skip
    for number, name in enumerate(names):
        original, raw = (f"id{number // 3}", "") if name[0] == "c" else (f"e{number:05d}", str(number // 8))
        lines.append(f"{name},training-{name[0]},{original},Normal ,,,{raw},,")
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "Online Appendix_training set.csv").write_text("\n".join(lines), "utf-8-sig")
    report = prepare("cinc2016", tmp_path, tmp_path / "out", tasks=["recordings"], progress=False)
    where: dict[str, set[str]] = defaultdict(set)
    for split, part in load_prepared(report.output, "recordings").items():
        for name in part["recording_id"]:
            number = names.index(name)
            where[f"c{number // 3}" if name[0] == "c" else f"e{number // 8}"].add(split)
    assert len(where) == 3 + 12 and all(len(splits) == 1 for splits in where.values())
