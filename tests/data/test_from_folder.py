"""One command from a user's own folder to a dataset that cannot leak."""

from __future__ import annotations

import csv
import unicodedata
from pathlib import Path

import datasets
import numpy as np
import pytest
import soundfile

from hf_auscult.cli import main
from hf_auscult.data import SplitSpec, load_prepared
from hf_auscult.data.audit import audit
from hf_auscult.data.from_folder import from_folder
from hf_auscult.errors import ConfigurationError, DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """40 recordings of 20 people; two labels; one column of the user's own."""
    root = tmp_path / "my_hearts"
    rng = np.random.default_rng(0)
    rows = []
    for person in range(20):
        for take in range(2):
            path = f"p{person}/{take}.wav"
            (root / f"p{person}").mkdir(parents=True, exist_ok=True)
            soundfile.write(root / path, 0.1 * rng.standard_normal(6_000), 2_000)
            rows.append((path, f"p{person}", "murmur" if person % 4 == 0 else "none", "mitral", 30 + person, "ward 3"))
    with (root / "metadata.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("path", "subject_id", "label", "site", "age", "place"))
        writer.writerows(rows)
    return root


def test_splits_card_and_loading(folder, tmp_path):
    report = from_folder(folder, tmp_path / "out", organ="heart", progress=False)
    assert (report.listed, report.written, report.warnings) == (40, 40, ())
    loaded = datasets.load_dataset(str(tmp_path / "out"), "label")
    assert loaded["train"].features["label"].names == ["murmur", "none"]
    assert {row["place"] for row in loaded["test"].to_list()} == {"ward 3"}
    people = [set(part["subject_id"]) for part in load_prepared(tmp_path / "out", "label").values()]
    assert sum(map(len, people)) == len(set.union(*people)) == 20
    assert audit([tmp_path / "out"]).clean
    murmurs = {name: sum(label == 0 for label in part["label"]) for name, part in loaded.items()}
    assert all(murmurs.values()), murmurs


def test_the_command(folder, tmp_path, capsys):
    arguments = ["prepare", "from_folder", "--source", str(folder), "--output", str(tmp_path / "out")]
    assert main([*arguments, "--organ", "heart", "--name", "mine"]) == 0
    assert "40 of 40" in capsys.readouterr().out
    row = datasets.load_dataset(str(tmp_path / "out"), "recordings", split="train")[0]
    assert row["subject_id"].startswith("mine:")
    assert row["organ"] == "heart"


def test_other_families(folder, tmp_path):
    report = from_folder(folder, tmp_path / "out", split=SplitSpec(name="loso"), tasks=["label"], progress=False)
    assert len(report.configs["label"]) == 20


def test_without_subjects_the_warning_travels(folder, tmp_path):
    table = folder / "metadata.csv"
    table.write_text(table.read_text().replace("subject_id", "bed"))
    report = from_folder(folder, tmp_path / "out", progress=False)
    assert "no subject_id column" in report.warnings[0]
    assert "no subject_id column" in (tmp_path / "out" / "README.md").read_text()


def test_what_the_table_lacks_is_said(folder, tmp_path):
    (folder / "p3" / "0.wav").unlink()
    (folder / "extra.wav").write_bytes((folder / "p1" / "0.wav").read_bytes())
    report = from_folder(folder, tmp_path / "out", progress=False)
    assert {problem.path for problem in report.quarantined} == {"p3/0.wav", "extra.wav"}
    assert (report.listed, report.written) == (41, 39)
    with pytest.raises(DataError, match="INCOMPLETE"):
        from_folder(folder, tmp_path / "strict", strict=True, progress=False)


def test_bad_settings(folder, tmp_path):
    with pytest.raises(ConfigurationError, match="organ is 'liver'"):
        from_folder(folder, tmp_path / "out", organ="liver")
    with pytest.raises(ConfigurationError, match="no name for a dataset"):
        from_folder(folder, tmp_path / "out", name="my hearts")
    with pytest.raises(DataError, match=r"no metadata\.csv"):
        from_folder(folder / "p0", tmp_path / "out")
    table = folder / "metadata.csv"
    table.write_text(table.read_text("utf-8").replace(",none,", f",{'none' * 30},"), "utf-8")
    with pytest.raises(ConfigurationError, match=r"a label of 120 letters .* is no class"):
        from_folder(folder, tmp_path / "out")


def test_ids_that_a_spreadsheet_rewrote_are_one_person(folder, tmp_path):
    table = folder / "metadata.csv"
    lines = table.read_text().splitlines()
    spelled = ("{}", "{:03d}", "{}.0")
    for number, line in enumerate(lines[1:], start=1):
        path, _, rest = line.split(",", 2)
        lines[number] = f"{path},{spelled[number % 3].format((number - 1) // 2)},{rest}"
    table.write_text("\n".join(lines))
    from_folder(folder, tmp_path / "out", progress=False)
    sides: dict[str, set[str]] = {}
    for split, part in load_prepared(tmp_path / "out", "recordings").items():
        for name in part["recording_id"]:
            sides.setdefault(name.split("/")[0], set()).add(split)
    assert len(sides) == 20 and all(len(found) == 1 for found in sides.values())


def test_the_audit_names_both_spellings_of_one_person(tmp_path):
    file = tmp_path / "list.csv"
    file.write_text("path,subject,split\na.wav,007,train\nb.wav,7.0,test\nc.wav,8,test\n")
    (finding,) = audit([file]).findings
    assert finding.kind == "people" and finding.examples == ("list:7.0 = list:007",)


def test_a_bare_number_and_one_after_letters_are_named_until_somebody_says_which_they_are(folder, tmp_path, capsys):
    table = folder / "metadata.csv"
    with table.open(newline="") as stream:
        header, *rows = csv.reader(stream)
    for number, row in enumerate(rows):
        row[1] = f"P-{number // 2:02d}" if number % 2 else str(number // 2)
    with table.open("w", newline="") as stream:
        csv.writer(stream).writerows((header, *rows))
    sides = {}
    for said in (None, "same", "different"):
        output = tmp_path / str(said)
        arguments = ["prepare", "from_folder", "--source", str(folder), "--output", str(output), "--name", "mine"]
        assert main([*arguments, *(["--prefixed-ids", said] if said else [])]) == 0
        capsys.readouterr()
        listed = "20 bare numbers are subject ids after letters too (mine:0 and mine:P-00"
        assert (listed in (output / "README.md").read_text()) == (said is None)
        parts = load_prepared(output, "recordings").items()
        where = {row["recording_id"]: split for split, part in parts for row in part.select_columns(["recording_id"])}
        sides[said] = sum(where[f"p{person}/0"] != where[f"p{person}/1"] for person in range(20))
        assert ("CHECK whether mine:0 and mine:P-00" in audit([output]).render()) == bool(sides[said])
    assert sides["same"] == 0 < sides["different"] == sides[None]


TIME = np.arange(6_000) / 2_000
SHARED = {
    "zeros": (0 * TIME, "silent"),
    "constant": (0 * TIME + 0.3, "silent"),
    "last bits": (np.round(np.random.default_rng(0).uniform(-1, 1, 6_000)) / 32_768, "silent"),
    "both rails": (np.sign(np.sin(300 * TIME)), "clipped throughout"),
    "a click": (np.eye(1, 6_000, 99)[0], "a click in silence"),
    "a tone": (0.5 * np.sin(2 * np.pi * 440 * TIME), "a test tone"),
    "beeps": (0.5 * np.sin(2 * np.pi * 440 * TIME) * (TIME % 1 < 0.5), "a test tone"),
}


@pytest.mark.parametrize("kind", SHARED)
def test_files_that_say_nothing_are_set_aside_and_join_nobody(folder, tmp_path, kind: str):
    wave, reason = SHARED[kind]
    for person in range(20):
        soundfile.write(folder / f"p{person}" / "1.wav", wave, 2_000)
    report = from_folder(folder, tmp_path / "out", progress=False)
    assert len(report.quarantined) == 20 and all(reason in problem.reason for problem in report.quarantined)
    people = {split: counts.people for split, counts in report.configs["recordings"].items()}
    assert people == {"train": 12, "validation": 4, "test": 4}
    paths = [f"p{person}/1.wav" for person in range(2)]
    lists = [folder / f"{name}.csv" for name in ("one", "other")]
    for file, path, part in zip(lists, paths, ("train", "test"), strict=True):
        file.write_text(f"path,subject,split\n{path},{file.stem},{part}\n")
    assert audit(lists).clean


def test_a_sound_that_many_people_share_is_named(folder, tmp_path):
    for person in range(20):
        soundfile.write(folder / f"p{person}" / "1.wav", 0.1 * np.random.default_rng(99).standard_normal(6_000), 2_000)
    report = from_folder(folder, tmp_path / "out", progress=False)
    assert any("is the same file under 20 people" in warning for warning in report.warnings)
    assert "is the same file under 20 people" in (tmp_path / "out" / "README.md").read_text()


def test_a_tone_of_one_person_stays(folder, tmp_path):
    soundfile.write(folder / "p3" / "1.wav", SHARED["a tone"][0], 2_000)
    assert not from_folder(folder, tmp_path / "out", progress=False).quarantined


def test_a_split_without_people_is_warned_of(folder, tmp_path):
    table = folder / "metadata.csv"
    lines = table.read_text().splitlines()
    table.write_text("\n".join([lines[0], *(line for line in lines[1:] if line.startswith("p1/"))]))
    report = from_folder(folder, tmp_path / "out", progress=False)
    assert [warning for warning in report.warnings if "is empty" in warning]


@pytest.mark.parametrize("written", ["NFC", "NFD"])
def test_file_names_in_another_unicode_form_or_case_are_found(tmp_path, written: str):
    root = tmp_path / "forms"
    root.mkdir()
    lines = ["path,subject_id"]
    for number in range(6):
        name = f"Sühne_{number}.wav"
        other = "NFD" if written == "NFC" else "NFC"
        wave = np.random.default_rng(number).standard_normal(4_000)
        soundfile.write(root / unicodedata.normalize(other, name), 0.1 * wave, 2_000)
        lines.append(f"{unicodedata.normalize(written, name if number else name.lower())},p{number}")
    (root / "metadata.csv").write_text("\n".join(lines))
    report = from_folder(root, tmp_path / "out", progress=False)
    assert report.written == 6 and not report.quarantined


@pytest.mark.parametrize(
    "spellings", [("1", "1.0"), ("murmur", "MURMUR"), ("caf\u00e9", "cafe\u0301")], ids=("number", "case", "unicode")
)
def test_one_class_under_several_spellings_is_refused_with_all_of_them(folder, tmp_path, spellings):
    table = folder / "metadata.csv"
    lines = table.read_text("utf-8").replace(",none,", f",{spellings[0]},").splitlines()
    lines[-1] = lines[-1].replace(spellings[0], spellings[1])
    table.write_text("\n".join(lines), "utf-8")
    with pytest.raises(DataError) as refusal:
        from_folder(folder, tmp_path / "out", organ="heart", progress=False)
    assert all(spelling in str(refusal.value) for spelling in spellings)
    assert not (tmp_path / "out").exists()


def test_the_command_with_other_column_names_and_a_closing_table(folder, tmp_path, capsys):
    table = folder / "metadata.csv"
    table.write_text(table.read_text().replace("path,subject_id", "file,patient", 1))
    words = ["prepare", "from-folder", "--source", str(folder), "--output", str(tmp_path / "out"), "--name", "mine"]
    assert main([*words, "--columns", "path=file", "patient"]) == 2
    assert "give NAME=YOURS" in capsys.readouterr().err
    assert main([*words, "--columns", "path=file", "subject_id=patient", "--seed", "3"]) == 0
    said = capsys.readouterr().out
    assert f'load it: datasets.load_dataset("{tmp_path / "out"}", "recordings")' in said
    assert "murmur" in said and "40 of 40 recordings written" in said
    card = (tmp_path / "out" / "README.md").read_text()
    assert "`hf-auscult prepare from_folder --name mine --seed 3 --source FOLDER --output DIR`" in card


def test_the_datasets_are_listed(capsys):
    assert main(["prepare", "--list"]) == 0
    said = capsys.readouterr().out
    assert "circor" in said and "ODC-By-1.0" in said and "https://physionet.org" in said
    assert main(["prepare", "circor"]) == 2
    assert "no --source, --output" in capsys.readouterr().err
    assert main(["prepare", "uk-covid19", "--source", "absent", "--output", "o"]) == 2
    assert "no dataset" not in capsys.readouterr().err
