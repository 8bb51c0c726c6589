"""The layout of the open edition, with its own column names and file names of its shape, and short sound."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from pathlib import Path

import pytest

from hf_auscult.data import SplitSpec, catalogue, dataset, load_prepared, prepare
from hf_auscult.data.guards import assert_subject_disjoint
from hf_auscult.data.splits import plan
from hf_auscult.errors import DataError

from .synthetic import tone

UK_COVID19 = dataset("uk_covid19")
read_rows = UK_COVID19.read

PREFIX = {"exhalation": "62-12", "cough": "62-13", "three_cough": "62-14"}
AGES = ("18-44", "45-64", "65+")
PEOPLE = 24
OPERA = {"train": "8332d933cfabaae1", "validation": "712ad5dd8069b752", "test": "edbd315c57aef89d"}


def name(modality: str, number: int) -> str:
    return f"{PREFIX[modality]}-{number:08x}-9903-4d42-a88cab2a8b34e1e1.wav"  # the last dash is missing upstream too


def write(file: Path, rows: list[dict[str, object]]) -> None:
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def read(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "uk"
    splits = ("train", "train", "train", "val", "test", "long", "Not Used", "train")
    people, audio, parts = [], [], []
    for number in range(PEOPLE):
        person = f"P{number:05d}"
        result = ("Positive", "Negative", "Negative")[number % 3] if number != 5 else "Unknown/Void"
        people.append(
            {
                "participant_identifier": person,
                "age": AGES[number % 3],
                "gender": ("Male", "Female", "Unknown")[number % 3 if number > 20 else number % 2],
                "covid_test_result": result if number != 6 else "",
                "covid_test_method": "PCR",
                "smoker_status": "Never smoked",
                "symptom_cough_any": number % 2,
                "recruitment_source": "Test and Trace" if number % 3 == 0 else "REACT-1 Round 16",
            }
        )
        line: dict[str, object] = {"participant_identifier": person}
        for modality in PREFIX:
            file = folder / "audio" / name(modality, number)
            tone(file, seconds=0.2)
            line |= {f"{modality}_file_name": file.name, f"{modality}_size": file.stat().st_size}
        audio.append(line)
        parts.append(
            {
                "participant_identifier": person,
                "splits": splits[number % 8],
                "in_matched_rebalanced_test": str(number % 8 == 4),
            }
        )
    write(folder / "participant_metadata.csv", people)
    write(folder / "audio_metadata.csv", audio)
    write(folder / "train_test_splits.csv", parts)
    return folder


def test_three_recordings_of_everybody(root: Path):
    table = read_rows(root)
    assert len(table.rows) == 3 * PEOPLE and not table.problems
    assert Counter((row["modality"], row["organ"]) for row in table.rows) == {
        ("exhalation", "breath"): PEOPLE,
        ("cough", "cough"): PEOPLE,
        ("three_cough", "cough"): PEOPLE,
    }
    row = next(row for row in table.rows if row["path"] == f"audio/{name('exhalation', 4)}")
    assert (row["subject_id"], row["age"], row["age_group"], row["sex"]) == ("uk_covid19:P00004", None, "45-64", "male")
    assert (row["official_split"], row["in_matched_rebalanced_test"]) == ("test", "True")
    assert (row["smoker_status"], row["survey_phase"]) == ("Never smoked", None)  # this edition lacks the second


def test_tasks_take_one_modality_and_valid_results(root: Path):
    rows = read_rows(root).rows
    for task in ("covid_exhalation", "covid_cough", "covid_three_cough"):
        kept, lost = UK_COVID19.task(task).select(rows)
        assert Counter(row["label"] for row in kept) == {0: 15, 1: 7}
        assert lost == {"None": 1, "Unknown/Void": 1} and len(kept) == PEOPLE - 2


def test_counts_that_cannot_be_reproduced_are_printed_and_not_expected():
    for task in ("covid_exhalation", "covid_cough"):
        (paper,) = UK_COVID19.task(task).paper
        assert paper.counts == {"Positive": 840, "Negative": 1660} and not paper.expected
    assert "884" in UK_COVID19.task("covid_cough").paper[0].note


def test_the_original_layout_is_prepared_with_the_official_split(root: Path, tmp_path: Path):
    report = prepare("uk_covid19", root.parent, tmp_path / "out", split=SplitSpec(name="official"), progress=False)
    loaded = load_prepared(report.output, "covid_cough")
    assert set(loaded) == {"train", "validation", "test", "test_long"}
    assert_subject_disjoint({part: rows["subject_id"] for part, rows in loaded.items()})
    assert report.written == 3 * (PEOPLE - 3)
    assert set(report.withheld.values()) == {"not in this split"} and len(report.withheld) == 9
    assert set(loaded["test_long"]["splits"]) == {"long"}


def test_a_persons_three_recordings_stand_on_one_side(root: Path):
    rows = read_rows(root).rows
    splits = plan(rows, UK_COVID19, SplitSpec()).splits
    assert len({(row["subject_id"], splits[row["recording_id"]]) for row in rows}) == PEOPLE


def test_files_without_samples_strangers_and_unlisted_files_are_set_aside(root: Path):
    lines = read(root / "audio_metadata.csv")
    lines[0]["exhalation_size"] = "44"
    lines[1] |= {"cough_file_name": "", "cough_size": ""}
    lines[2]["participant_identifier"] = "P99999"
    lines[3]["cough_size"] = "large"  # the file itself will tell
    write(root / "audio_metadata.csv", lines)
    table = read_rows(root)
    found = {problem.path: problem.reason for problem in table.problems}
    assert "nothing was recorded" in found[f"audio/{name('exhalation', 0)}"]
    assert found[f"audio/{name('cough', 1)}"] == "audio_metadata.csv does not list it"
    assert sum("P99999" in reason for reason in found.values()) == 3
    assert len(found) == 5 and len(table.rows) == 3 * PEOPLE - 5


def test_an_age_in_years_is_read_where_an_edition_has_it(root: Path):
    people = read(root / "participant_metadata.csv")
    people[0]["age"] = "37"
    write(root / "participant_metadata.csv", people)
    ages = {row["participant_identifier"]: row["age"] for row in read_rows(root).rows}
    assert ages["P00000"] == 37 and ages["P00001"] is None


def test_damaged_tables_are_refused(root: Path, tmp_path: Path):
    people = read(root / "participant_metadata.csv")
    write(root / "participant_metadata.csv", [*people, {**people[0], "age": "65+"}])
    with pytest.raises(DataError, match="repeats participant_identifier"):
        read_rows(root)
    write(root / "participant_metadata.csv", [{k: v for k, v in row.items() if k != "gender"} for row in people])
    with pytest.raises(DataError, match="gender"):
        read_rows(root)
    (root / "train_test_splits.csv").unlink()
    write(root / "participant_metadata.csv", people)
    with pytest.raises(DataError, match=r"train_test_splits\.csv"):
        read_rows(root)
    with pytest.raises(DataError, match="UK COVID-19"):
        read_rows(root / "audio")


def test_operas_lists_are_shipped():
    """1,000 / 500 / 1,000 of two sounds; SHA-256 of the sorted names of each of OPERA's six files."""
    listed = (Path(catalogue.__file__).parent / "uk_covid19" / "opera.tsv").read_text().splitlines()[1:]
    parts = dict(line.split("\t") for line in listed)
    assert len(parts) == len(listed) == 5000
    assert Counter(parts.values()) == {"train": 2000, "validation": 1000, "test": 2000}
    named = {part: "".join(f"{name}\n" for name in sorted(parts) if parts[name] == part) for part in OPERA}
    assert {part: hashlib.sha256(names.encode()).hexdigest()[:16] for part, names in named.items()} == OPERA
    rows = [{"recording_id": name, "subject_id": f"uk_covid19:{name}"} for name in [*parts, "another"]]
    decided = plan(rows, UK_COVID19, SplitSpec(name="published", paper="opera"))
    assert decided.splits == parts and decided.withheld == {"another": "not in this split"} and not decided.leaks


def test_the_official_split_has_the_long_test_set(root: Path):
    decided = plan(read_rows(root).rows, UK_COVID19, SplitSpec(name="official"))
    assert decided.names == ("train", "validation", "test", "test_long")
    assert Counter(decided.splits.values())["test_long"] == 9
