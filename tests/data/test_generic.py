from __future__ import annotations

import csv
from pathlib import Path

import pytest

from hf_auscult.data import inspection
from hf_auscult.data.generic import GenericColumns, GenericTable, other_columns, read_generic
from hf_auscult.data.schema import features
from hf_auscult.errors import ConfigurationError, DataError

from . import heart_layouts as layouts

HEADER = "path,recording_id,subject_id,label,site,device,age,age_group,sex,organ,licence,note\n"


def write(root: Path, text: str, wavs: tuple[str, ...] = ()) -> Path:
    (root / "metadata.csv").write_text(text, "utf-8")
    for wav in wavs:
        layouts.tone(root / wav)
    return root


def read(root: Path, **settings):
    return read_generic(root, GenericTable("mine", **{"organ": "heart", **settings}))


def test_a_full_row(tmp_path: Path):
    line = "ben/m.wav,r1,s1,Murmur,Mitral,Eko,7.5,Child,F,heart,CC0-1.0,noisy\n"
    table = read(write(tmp_path, HEADER + line, ("ben/m.wav",)), extra={"note": "string"})
    assert table.rows == (
        {
            **{"path": "ben/m.wav", "recording_id": "r1", "subject_id": "mine:s1", "site": "mitral", "device": "Eko"},
            **{"age": 7.5, "age_group": "Child", "sex": "female", "organ": "heart", "licence": "CC0-1.0"},
            **{"source": "mine", "original_label": "Murmur", "site_detail": "Mitral", "official_split": None},
            "note": "noisy",
        },
    )
    assert not table.problems and not table.notes
    assert isinstance(inspection.inspect(table.rows[0], table.root), inspection.AudioInfo)


def test_the_two_needed_columns_are_enough(tmp_path: Path):
    table = read(write(tmp_path, "path,subject_id\nb\\2.wav,s2\n./a/1.WAV,s1\n", ("a/1.WAV", "b/2.wav")), licence="x")
    first, second = table.rows
    assert (first["path"], first["recording_id"]) == ("a/1.WAV", "a/1")
    assert (second["path"], second["subject_id"], second["licence"]) == ("b/2.wav", "mine:s2", "x")
    # What a recording is, and whose it is, follows from the sound and from all rows together: prepare adds it.
    common = set(features({})) - {"audio", "duration", "sampling_rate", "audio_sha256", "person"}
    assert common <= set(first) and not table.problems


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_any_delimiter_and_quoted_line_breaks(tmp_path: Path, delimiter: str, encoding: str):
    with (tmp_path / "metadata.csv").open("w", newline="", encoding=encoding) as stream:
        lines = csv.writer(stream, delimiter=delimiter)
        lines.writerows(
            [("path", "subject_id", "report"), ("1.wav", "s", "two\nlines, and; more"), (), ("2.wav", "s", "")]
        )
    table = read(tmp_path, extra={"report": "string"})
    assert [row["report"] for row in table.rows] == ["two\nlines, and; more", None]


def test_columns_of_other_names(tmp_path: Path):
    columns = GenericColumns(path="file", subject_id="patient", label="diagnosis", age="years")
    write(tmp_path, "file,patient,diagnosis,years\n1.wav,p,COPD,60\n")
    (row,) = read(tmp_path, columns=columns).rows
    assert (row["subject_id"], row["original_label"], row["age"]) == ("mine:p", "COPD", 60.0)
    with pytest.raises(DataError, match="patient"):
        read(write(tmp_path, "file,diagnosis\n1.wav,COPD\n"), columns=columns)


def test_kinds_of_further_columns(tmp_path: Path):
    write(tmp_path, "path,subject_id,bmi,smoker,findings\n1.wav,s,21.5,Yes,wheeze | crackle\n2.wav,s,nan,,\n")
    extra = {"bmi": "float", "smoker": "bool", "findings": "strings", "absent": "string"}
    one, two = read(tmp_path, extra=extra).rows
    assert (one["bmi"], one["smoker"], one["findings"], one["absent"]) == (21.5, True, ["wheeze", "crackle"], None)
    assert (two["bmi"], two["smoker"], two["findings"]) == (None, None, None)
    assert other_columns(tmp_path) == {"bmi": "float", "smoker": "string", "findings": "string"}


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (("1", "-2.5", ""), "float"),
        (("1e-3", "nan"), "float"),
        (("007", "012"), "string"),
        (("1", "x"), "string"),
        (("", ""), "string"),
        (("9" * 400, "1"), "string"),
        (("inf", "1"), "string"),
    ],
)
def test_columns_of_numbers_stay_numbers(tmp_path: Path, cells, kind):
    lines = "".join(f"{number}.wav,s,{cell}\n" for number, cell in enumerate(cells))
    assert other_columns(write(tmp_path, f"path,subject_id,dose\n{lines}")) == {"dose": kind}
    assert other_columns(tmp_path, floats=("dose",)) == {"dose": "float"}


def test_ages_are_numbers_or_groups(tmp_path: Path):
    write(tmp_path, "path,subject_id,age\n1.wav,a,61.5\n2.wav,b,Child\n3.wav,c,18-44\n4.wav,d,\n")
    rows = read(tmp_path).rows
    assert [(row["age"], row["age_group"]) for row in rows] == [
        (61.5, None),
        (None, "Child"),
        (None, "18-44"),
        (None, None),
    ]


def test_all_wrong_cells_are_named_at_once(tmp_path: Path):
    bad = "".join(f"{number}.wav,s,-1,x\n" for number in range(7))
    write(tmp_path, f"path,subject_id,age,sex\n{bad}8.wav,s,1,f\n")
    with pytest.raises(DataError, match=r"7 cells are wrong: metadata\.csv line 2: .*line 8") as caught:
        read(tmp_path)
    assert caught.value.problem.count("line ") == 7
    write(tmp_path, "path,subject_id\n1.wav\n2.wav,s\n3.wav,s,s\n")
    with pytest.raises(DataError, match=r"2 cells are wrong: .*line 2: 1 cells.*line 4: 3 cells"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",r2,s", "names no file"),
        ("/etc/passwd.wav,r2,s", "out of the folder"),
        ("C:/x.wav,r2,s", "out of the folder"),
        ("a/../../x.wav,r2,s", "out of the folder"),
        ("1.wav,r2,s", "same file"),
        ("2.wav,r2,", "who was recorded"),
        ("2.wav,r2,nan", "who was recorded"),
    ],
)
def test_a_line_that_cannot_be_used_is_set_aside(tmp_path: Path, line: str, reason: str):
    table = read(write(tmp_path, f"path,recording_id,subject_id\n1.wav,r1,s\n{line}\n"))
    assert len(table.rows) == 1
    (problem,) = table.problems
    assert reason in problem.reason and "line 3" in problem.reason and problem.recording_id == "r2"


def test_files_that_no_line_lists_are_reported_and_missing_ones_listed(tmp_path: Path):
    wavs = ("x/2.wav", "3.mp3.wav", "._1.wav")
    table = read(write(tmp_path, "path,subject_id\n1.wav,s\n", wavs))
    assert [row["path"] for row in table.rows] == ["1.wav"]
    assert [problem.path for problem in table.problems] == ["3.mp3.wav", "x/2.wav"]


def test_without_subjects_a_recording_stands_for_itself(tmp_path: Path):
    write(tmp_path, "path,recording_id\n1.wav,r1\n2.wav,r2\n")
    assert [row["subject_id"] for row in read(tmp_path, subjects=False).rows] == ["mine:r1", "mine:r2"]
    with pytest.raises(DataError, match="subject_id"):
        read(tmp_path)


def test_places_beyond_the_vocabulary_are_kept_in_words(tmp_path: Path):
    table = read(write(tmp_path, "path,subject_id,site\n1.wav,s,Erb's point\n2.wav,s,other\n3.wav,s,\n"))
    assert [row["site"] for row in table.rows] == ["other", "other", None]
    assert table.rows[0]["site_detail"] == "Erb's point"
    assert table.notes == ("1 recordings at \"Erb's point\", which is 'other' in the common vocabulary",)


@pytest.mark.parametrize(
    ("column", "cell"),
    [("age", "-1"), ("age", "1990"), ("age", "inf"), ("sex", "x"), ("organ", "knee"), ("bmi", "big")],
)
def test_a_wrong_cell_is_named(tmp_path: Path, column: str, cell: str):
    write(tmp_path, f"path,subject_id,{column}\n1.wav,s,\n2.wav,s,{cell}\n")
    with pytest.raises(DataError, match=rf"metadata\.csv line 3: {column}"):
        read(tmp_path, extra={"bmi": "float"})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("path,path,subject_id\n", "twice"),
        ("path,subject_id\n1.wav,s,more\n", "3 cells"),
        ("file,subject_id\n1.wav,s\n", "path"),
        ("path,subject_id\n1.wav,s\n", "label"),
        ("path,subject_id,label,recording_id\n1.wav,s,a,r\n2.wav,s,a,r\n", "occur twice: r"),
    ],
)
def test_a_damaged_table_is_refused(tmp_path: Path, text: str, reason: str):
    with pytest.raises(DataError, match=reason):
        read(write(tmp_path, text), needed=("label",))


def test_no_table_and_other_encodings(tmp_path: Path):
    with pytest.raises(DataError, match=r"no metadata\.csv"):
        read(tmp_path)
    (tmp_path / "metadata.csv").write_bytes("path,subject_id\nJörg.wav,s\n".encode("latin-1"))
    with pytest.raises(DataError, match="UTF-8"):
        read(tmp_path)


@pytest.mark.parametrize("column", ["site", "original_label", "label"])
def test_a_common_column_is_no_further_one(tmp_path: Path, column: str):
    with pytest.raises(ConfigurationError, match=column):
        read(write(tmp_path, "path,subject_id\n"), extra={column: "string"})
