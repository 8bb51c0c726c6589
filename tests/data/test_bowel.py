"""The Kaggle layout: files.csv, and names and event columns as the authors' code writes them, with short sound."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from hf_auscult.data import SplitSpec, dataset, load_prepared, prepare
from hf_auscult.data.catalogue.bowel.reader import EVENT
from hf_auscult.data.splits import plan
from hf_auscult.errors import ConfigurationError, DataError, LeakageError

from .synthetic import tone

BOWEL = dataset("bowel")
read_rows = BOWEL.read

# Source recordings of the distribution; two are one person's by their code word.
RECORDINGS = (
    *("agrest-M200516-1-2-part20210122", "poziomka-M200311-3-0-S", "poziomka-REVISED-annotation20200711-from-3-200311"),
    *("borowka-M8-201102-000_201103-part20210123", "truskawka-M200505-1-1-S", "annotation-shortened-1405"),
)


def write(file: Path, header: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "bowel" / "data"
    listed = []
    for piece in range(60):
        name = f"{piece}_{RECORDINGS[piece % 6]}"
        tone(folder / f"{name}.wav", seconds=0.2)
        sounds = [(0.01 * n + 0.005, 0.01 * n + 0.012, 300, 900, "NaN") for n in range(piece % 4)]
        write(folder / f"{name}.csv", ("start", "end", "fmin", "fmax", "category"), sounds)
        listed.append((f"{name}.wav", piece % 5 + 1, "test" if piece % 7 == 0 else "train", len(sounds)))
    write(folder / "files.csv", ("filename", "kfold", "train/test", "sounds_amount"), listed)
    return folder


def lines(data: Path) -> list[list[str]]:
    with (data / "files.csv").open(newline="") as stream:
        return list(csv.reader(stream))


def rewrite(data: Path, rows: list[list[str]]) -> None:
    write(data / "files.csv", tuple(rows[0]), [tuple(row) for row in rows[1:]])


def test_pieces_events_and_code_words(data: Path):
    table = read_rows(data.parent)
    assert len(table.rows) == 60 and not table.problems and not table.notes
    row = next(row for row in table.rows if row["recording_id"].startswith("3_"))
    assert row["recording"] == "borowka-M8-201102-000_201103-part20210123" and row["subject_id"] == "bowel:borowka"
    assert row["events"] == [{"start": 0.01 * n + 0.005, "end": 0.01 * n + 0.012, "type": EVENT} for n in range(3)]
    assert (row["bowel_sound"], row["sounds_amount"], row["kfold"], row["site"]) == ("present", 3, "4", "abdomen")
    assert len({row["subject_id"] for row in table.rows}) == 5


def test_present_is_more_than_none_and_the_count_is_a_task(data: Path):
    rows, lost = BOWEL.task("bowel_sound").select(read_rows(data).rows)
    assert Counter(row["label"] for row in rows) == {0: 15, 1: 45} and not lost
    rows, _ = BOWEL.task("sounds_amount").select(read_rows(data).rows)
    assert Counter(row["label"] for row in rows) == {0: 15, 1: 15, 2: 15, 3: 15}
    assert BOWEL.task("bowel_sound").paper[0].expected == {"present": 1283, "absent": 323}
    assert sum(BOWEL.task("bowel_sound").paper[0].expected.values()) == BOWEL.recordings


def test_the_original_layout_is_prepared_by_code_word(data: Path, tmp_path: Path):
    report = prepare("bowel", data, tmp_path / "out", progress=False)
    loaded = load_prepared(report.output, "bowel_sound")
    seen = Counter(subject for part in loaded.values() for subject in set(part["subject_id"]))
    assert set(seen.values()) == {1} and len(seen) == 5
    assert loaded["train"][0]["events"] is not None


@pytest.mark.parametrize("split", [SplitSpec(name="official"), SplitSpec(name="published", paper="auscultabench")])
def test_the_authors_split_leaks_and_must_be_asked_for(data: Path, tmp_path: Path, split: SplitSpec):
    decided = plan(read_rows(data).rows, BOWEL, split)
    assert Counter(decided.splits.values()) == {"train": 51, "test": 9}
    assert decided.leaks == BOWEL.official_leaks
    with pytest.raises(LeakageError, match="5 people"):
        prepare("bowel", data, tmp_path / "out", split=split, progress=False)


def test_sounds_cut_by_the_edge_begin_at_zero_and_categories_are_kept(data: Path):
    first = sorted(data.glob("0_*.csv"))[0]
    write(first, ("start", "end", "fmin", "fmax", "category"), [(-0.004, 0.01, 1, 2, "crs")])
    table = read_rows(data)
    row = next(row for row in table.rows if row["recording_id"].startswith("0_"))
    assert row["events"] == [{"start": 0.0, "end": 0.01, "type": "crs"}]
    assert "files.csv counts 0 sounds, its own table 1" in table.notes[0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("start,end\n0.5,0.1\n", "damaged"),
        ("start,end\nx,0.1\n", "damaged"),
        ("begin,end\n", "damaged"),
        (None, "no table"),
    ],
)
def test_a_damaged_table_of_sounds_costs_the_events_only(data: Path, content: str | None, reason: str):
    first = sorted(data.glob("0_*.csv"))[0]
    if content is None:
        first.unlink()
    else:
        first.write_text(content)
    table = read_rows(data)
    assert len(table.rows) == 60 and any(reason in note for note in table.notes)
    assert next(row for row in table.rows if row["recording_id"].startswith("0_"))["events"] is None


def test_damaged_lines_and_unlisted_files_are_set_aside(data: Path):
    rows = lines(data)
    unlisted = rows[1][0]
    rows[1][0] = "../../0_agrest.wav"
    rows[2][2] = "both"
    rows[3][3] = "many"
    rows[4][3] = "-1"
    rewrite(data, rows)
    table = read_rows(data)
    found = {problem.path: problem.reason for problem in table.problems}
    assert len(table.rows) == 56 and len(found) == 5
    assert "filename is not" in found["../../0_agrest.wav"] and found[unlisted] == "files.csv does not list it"
    assert "'both'" in found[rows[2][0]] and "many" in found[rows[3][0]] and "'-1'" in found[rows[4][0]]


def test_wrong_folders(data: Path, tmp_path: Path):
    with pytest.raises(DataError, match="Ficek"):
        read_rows(tmp_path)
    with pytest.raises(ConfigurationError, match="auscultabench"):
        plan(read_rows(data).rows, BOWEL, SplitSpec(name="published", paper="opera"))
