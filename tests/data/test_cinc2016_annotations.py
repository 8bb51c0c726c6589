from __future__ import annotations

from pathlib import Path

import pytest

from hf_auscult.data.catalogue.cinc2016.annotations import read_annotations
from hf_auscult.errors import DataError

HEADER = (
    "Challenge record name,Database,Original record name,Diagnosis,Class (-1=normal 1=abnormal),Subject ID,"
    "# Raw record,Gender,Age (year),Transducer site on body,Recording state,Murmurs (2=None 3=Weak 4=Strong 6=Unclear)"
)
LINES = (
    "a0001,training-a,C45S1,MVP,1,,,Male,34,Apex when sit,,",
    "a0067,training-a,C16S0b,Normal ,-1,,,F,,2nd left intercostal space,,",
    "a0265,training-a,C16S2b,Normal,-1,,,Female,nan,Carotid,,",
    "b0001,training-b,S98f2_data,Normal,-1,98,,M,61,,,2",
    "b0267,training-b,S34f2.e4k_data,CAD,1,34,,M,70.5,,,2",
    "c0001,training-c,id17,Controls,-1,,,,,,,",
    "d0001,training-d,C20PSPE,Pathologic,1,,,,,,,",
    "e00002,training-e,e01430,Normal: NHC,-1,,198.0,,,,Resting,",
    "e00019,training-e,e00079,Normal: NHC,-1,,14,,,,,",
    "e01062,training-e,14,CAD,1,,14,,,,,",
    "f0001,training-f,a80,Benign,-1,,,,,,,",
)
PEOPLE = {
    **{"a0001": "a-45", "a0067": "a-16", "a0265": "a-16", "b0001": "b-98", "b0267": "b-34", "c0001": "c-17"},
    **{"e00002": "e-normal-198", "e00019": "e-normal-14", "e01062": "e-patient-14"},
    **{"d0001": None, "f0001": None, "e00001": None},
}


def write(root: Path, name: str = "Online Appendix_training set.csv", *, lines: tuple[str, ...] = LINES) -> Path:
    file = root / "annotations" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join((HEADER, *lines)) + "\n", "utf-8-sig")
    return file


@pytest.mark.parametrize("name", ["Online Appendix_training set.csv", "Online_Appendix_training_set.csv"])
def test_people_of_original_names(tmp_path: Path, name: str):
    write(tmp_path, name)
    annotations = read_annotations(tmp_path)
    assert {record: annotations.person(record) for record in PEOPLE} == PEOPLE


def test_ages_sexes_and_places(tmp_path: Path):
    write(tmp_path)
    annotations = read_annotations(tmp_path)
    first, second, third = (annotations.of(name) for name in ("a0001", "a0067", "a0265"))
    assert (first["age"], first["sex"], first["site"]) == (34.0, "male", "mitral")
    assert (second["age"], second["sex"], second["site"]) == (None, "female", "pulmonary")
    assert (third["site"], third["site_detail"]) == ("other", "Carotid")
    assert second["diagnosis"] == "Normal"
    assert annotations.of("e00002")["recording_state"] == "Resting"
    assert set(annotations.of("e00001").values()) == {None}


def test_signal_quality(tmp_path: Path):
    for database, lines in {"a": "a0001,1,1\na0002,-1,0\n", "b": "b0001,-1,1\r\n"}.items():
        folder = tmp_path / "annotations" / "updated" / f"training-{database}"
        folder.mkdir(parents=True)
        (folder / "REFERENCE_withSQI.csv").write_text(lines)
    annotations = read_annotations(tmp_path)
    assert annotations.sqi == {"a0001": "1", "a0002": "0", "b0001": "1"}
    assert annotations.notes == ("no appendix in annotations: no people, no places",)
    (folder / "REFERENCE_withSQI.csv").write_text("b0001,-1,maybe\n")
    with pytest.raises(DataError, match="line 1"):
        read_annotations(tmp_path)


def test_what_is_absent_or_odd_is_said(tmp_path: Path):
    assert "no annotations folder" in read_annotations(tmp_path).notes[0]
    write(tmp_path, lines=("a0001,training-a,C45S1,MVP,1,,,unknown,old,,,",))
    notes = read_annotations(tmp_path).notes
    assert "age 'old'" in notes[0] and "gender 'unknown'" in notes[1] and "quality" in notes[2]


def test_a_damaged_appendix_is_refused(tmp_path: Path):
    file = write(tmp_path, lines=(LINES[0], LINES[0].replace("Male", "Female")))
    with pytest.raises(DataError, match="a0001 twice"):
        read_annotations(tmp_path)
    file.write_text(file.read_text("utf-8-sig").replace("Original record name", "Name"))
    with pytest.raises(DataError, match="Original record name"):
        read_annotations(tmp_path)
