from __future__ import annotations

import csv
import gzip
import shutil
from collections import Counter
from pathlib import Path

import pytest

from hf_auscult.data import SplitSpec, dataset, load_prepared, prepare, split_sha256
from hf_auscult.data.catalogue.coswara.reader import UNREADABLE
from hf_auscult.data.report import class_counts
from hf_auscult.data.splits import plan
from hf_auscult.errors import DataError

from .lung_layouts import FIXTURES
from .synthetic import tone

COSWARA = dataset("coswara")
COLUMNS = COSWARA.codes["columns"]
read_rows = COSWARA.read

# recordings of the parts, of which linear_eval.py draws the validation part by itself
SHIPPED = {
    "opera_smoker": {"train": 606, "validation": 152, "test": 190},
    "opera_gender": {"train": 1596, "validation": 400, "test": 500},
    "google_smoker": {"train": 677, "validation": 170, "test": 101},
    "google_gender": {"train": 1475, "validation": 369, "test": 652},
}
GOOGLE = {  # SHA-256 with the validation part
    "google_smoker": "035e7de0517b3ace90472282e452d52c672bbb40f79a7b293d77e5a6aa02dab5",
    "google_gender": "312eacc59010a505086a8933a8c6dd0d796157229c4d8b7f57f465594378d866",
}


@pytest.fixture(scope="module")
def source(shared: Path) -> Path:
    return shared / "data" / "coswara_metadata_only"


@pytest.fixture(scope="module")
def full(source: Path):
    return read_rows(source)


@pytest.fixture(scope="module")
def people(source: Path) -> list[dict[str, str]]:
    with (source / "combined_data.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def few(source: Path, people, tmp_path: Path) -> Path:
    """The complete real tables of quality, and of the people those of one daily table, with short sound."""
    root = tmp_path / "few"
    shutil.copytree(source / "annotations", root / "annotations")
    shutil.copytree(source / "20200820", root / "20200820")
    with (source / "20200820" / "20200820.csv").open(newline="") as stream:
        ids = [row["id"] for row in csv.DictReader(stream)][:12]
    write_people(root, [row for row in people if row["id"] in ids])
    for person in ids:
        for modality in COSWARA.codes["organs"]:
            tone(root / "Extracted_data" / "20200820" / person / f"{modality}.wav", seconds=0.2)
    return root


def write_people(root: Path, kept: list[dict[str, str]]) -> None:
    with (root / "combined_data.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(kept[0]))
        writer.writeheader()
        writer.writerows(kept)


def ids(root: Path) -> list[str]:
    return sorted(folder.name for folder in (root / "Extracted_data" / "20200820").iterdir())


def test_nine_recordings_of_everybody_but_two_that_do_not_exist(full, people):
    assert len(people) == 2746 and len(full.rows) == 24_712 == COSWARA.recordings
    assert not full.problems and not full.notes
    assert Counter(row["organ"] for row in full.rows) == {"voice": 13_729, "breath": 5492, "cough": 5491}
    listed = Counter(row["modality"] for row in full.rows)
    assert {name for name, count in listed.items() if count == 2745} == {"cough-shallow", "vowel-o"}
    assert "9hftEYixyhP1Neeq3fB7ZwITQC53_cough-shallow" not in {row["recording_id"] for row in full.rows}


def test_cells_are_kept_as_written(full, people):
    rows = {row["person_id"]: row for row in full.rows}
    assert set(people[0]) == {"id", "a", *COLUMNS}
    for person in people[::50]:
        row = rows[person["id"]]
        assert all(row[column] == (person[name].strip() or None) for name, column in COLUMNS.items())
        assert row["age"] == float(person["a"])
    assert Counter(row["smoker"] for row in rows.values()) == {None: 1660, "n": 850, "True": 123, "y": 102, "False": 11}
    assert Counter(row["test_status"] for row in rows.values())["na"] == 314  # not taken, not missing
    assert Counter(row["sex"] for row in rows.values()) == {"male": 1900, "female": 844, None: 2}


def test_quality_is_read_through_its_odd_header(full):
    shallow = Counter(row["quality"] for row in full.rows if row["modality"] == "cough-shallow")
    assert shallow == {"2": 2239, "1": 325, "0": 181}


@pytest.mark.parametrize("name", ["smoker", "gender"])
def test_the_papers_counts_are_exact(full, name: str):
    task = COSWARA.task(name)
    rows, _ = task.select(full.rows)
    assert class_counts(task, rows) == task.paper[0].expected
    heavy = COSWARA.task(f"{name}_heavy")
    other, _ = heavy.select(full.rows)
    assert [row["person_id"] for row in other] == [row["person_id"] for row in rows]
    assert not UNREADABLE & {row["person_id"] for row in rows}


@pytest.mark.parametrize("paper", SHIPPED)
def test_operas_splits_are_drawn_again_to_the_last_recording(full, paper: str):
    decided = plan(full.rows, COSWARA, SplitSpec(name="published", paper=paper))
    assert Counter(decided.splits.values()) == {part: 2 * count for part, count in SHIPPED[paper].items()}
    assert paper not in GOOGLE or split_sha256(decided.splits) == GOOGLE[paper]
    with gzip.open(FIXTURES / "opera_coswara.csv.gz", "rt") as stream:
        listed = {row["person"]: row[paper] for row in csv.DictReader(stream) if row[paper]}
    person = {row["recording_id"]: row["person_id"][:12] for row in full.rows}
    mine = {person[name]: "test" if part == "test" else "train" for name, part in decided.splits.items()}
    assert mine == listed


def test_the_cohort_of_the_covid_report(full):
    task = COSWARA.task("covid")
    rows, lost = task.select(full.rows)
    assert class_counts(task, rows) == {"negative": 1723, "positive": 639}
    assert lost == {"recovered_full": 131, "under_validation": 71}
    bands = SplitSpec(name="demographic", task="covid", age_bands=tuple(range(10, 100, 10)))
    assert len(plan(full.rows, COSWARA, bands).splits) == 1222  # the report: 1,219
    for stratum in plan(full.rows, COSWARA, bands).table:
        assert stratum["after"] <= stratum["before"]


def test_the_original_layout_is_prepared(few: Path, tmp_path: Path):
    report = prepare("coswara", few, tmp_path / "out", progress=False)
    assert (report.listed, report.written, report.quarantined) == (108, 108, ())
    assert any("INCOMPLETE: 108 of 24712" in warning for warning in report.warnings)
    loaded = load_prepared(report.output, "recordings")
    rows = [row for part in loaded.values() for row in part]
    assert Counter(Counter(row["subject_id"] for row in rows).values()) == {9: 12}
    row = rows[0]
    assert row["audio"]["bytes"] == (few / row["audio"]["path"]).read_bytes()
    assert {row["organ"] for row in rows} == {"cough", "breath", "voice"}


def test_a_missing_persons_folder_is_the_daily_tables_or_the_record_date(few: Path, people):
    person = ids(few)[0]
    shutil.rmtree(few / "Extracted_data" / "20200820" / person)
    where = {row["person_id"]: row["path"] for row in read_rows(few).rows}
    assert where[person].startswith(f"Extracted_data/20200820/{person}/")
    shutil.rmtree(few / "20200820")
    date = next(row["record_date"] for row in people if row["id"] == person).replace("-", "")
    where = {row["person_id"]: row["path"] for row in read_rows(few).rows}
    assert where[person].startswith(f"Extracted_data/{date}/{person}/")
    # everybody else's folder is known from the disk, whatever the record date
    assert {path.split("/")[1] for who, path in where.items() if who != person} == {"20200820"}


def test_strangers_second_folders_and_other_files_are_set_aside(few: Path):
    one, other = ids(few)[:2]
    tone(few / "Extracted_data" / "20200820" / "nobody" / "cough-heavy.wav")
    tone(few / "Extracted_data" / "20210101" / one / "cough-heavy.wav")
    tone(few / "Extracted_data" / "20200820" / other / "song.wav")
    found = {problem.path: problem.reason for problem in read_rows(few).problems}
    assert found == {
        "Extracted_data/20200820/nobody/cough-heavy.wav": "combined_data.csv does not list this person",
        f"Extracted_data/20210101/{one}/cough-heavy.wav": (
            f"the person has recordings in Extracted_data/20200820/{one} too"
        ),
        f"Extracted_data/20200820/{other}/song.wav": "none of the nine recordings",
    }
    assert "name people whom combined_data.csv does not list" in read_rows(few).notes[0]


def test_a_recording_without_a_quality_label_is_kept_and_in_no_task(few: Path):
    (few / "annotations" / "cough-shallow_labels.csv").unlink()
    table = read_rows(few)
    assert len(table.rows) == 108 and any("cough-shallow has no quality" in note for note in table.notes)
    assert not COSWARA.task("gender").select(table.rows)[0]
    assert not COSWARA.task("gender_heavy").select(table.rows)[0]  # the partner cannot be judged


def test_archives_that_were_not_extracted_are_named(few: Path):
    shutil.rmtree(few / "Extracted_data")
    (few / "20200820" / "20200820.tar.gz.aa").write_bytes(b"x")
    with pytest.raises(DataError, match=r"extract_data\.py"):
        read_rows(few)


def test_damaged_tables_are_refused(few: Path, people, tmp_path: Path):
    kept = [row for row in people if row["id"] in ids(few)]
    write_people(few, [*kept, {**kept[0], "a": "99"}])
    with pytest.raises(DataError, match="repeats id"):
        read_rows(few)
    write_people(few, [{key: value for key, value in row.items() if key != "smoker"} for row in kept])
    with pytest.raises(DataError, match="smoker"):
        read_rows(few)
    with pytest.raises(DataError, match="Coswara"):
        read_rows(tmp_path / "few" / "annotations")
