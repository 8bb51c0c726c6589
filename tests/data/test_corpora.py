"""A corpus holds nobody whom a test split names, nothing that sounds like them, and says what it left out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hf_auscult.cli import main
from hf_auscult.data import corpora, guards, prepare
from hf_auscult.data.corpora import CORPORA, CorpusSpec, build_corpus
from hf_auscult.errors import ConfigurationError, DataError, LeakageError


@pytest.fixture(scope="module")
def prepared(shared: Path, tmp_path_factory):
    """SPRSound and CirCor slices, prepared with the default split."""
    folder = tmp_path_factory.mktemp("prepared")
    for name, source in (("sprsound", "sprsound"), ("circor", "circor-digiscope-1.0.3")):
        prepare(name, shared / "data" / source, folder / name, tasks=["recordings"], progress=False)
    return folder


@pytest.fixture(scope="module")
def corpus(prepared: Path, tmp_path_factory):
    output = tmp_path_factory.mktemp("corpora") / "auscultacorpus"
    return build_corpus("auscultacorpus", [prepared / "sprsound", prepared / "circor"], output, progress=False)


def test_rows_are_kept_or_explained(corpus, prepared):
    for name, total in (("sprsound", 498), ("circor", 260)):
        assert sum(corpus.kept[name].values()) + sum(corpus.left_out[name].values()) == total
        assert corpus.left_out[name]["in a test split"] > 0
    assert set(corpus.absent) == set(CORPORA["auscultacorpus"].members) - {"sprsound", "circor"}


def test_nobody_of_a_test_split_is_in_it(corpus, prepared):
    loaded = datasets.load_dataset(str(corpus.output))
    assert set(loaded) == {"train", "validation"}
    people = {name: set(part["subject_id"]) for name, part in loaded.items()}
    assert not people["train"] & people["validation"]
    tested = set()
    for name in ("sprsound", "circor"):
        test = datasets.load_dataset(str(prepared / name), "recordings", split="test")
        tested |= set(test["subject_id"])
    assert tested and not tested & (people["train"] | people["validation"])
    assert {row["crop_seconds"] for row in loaded["train"].select(range(20)).to_list()} == {0.64}
    row = loaded["train"].cast_column("audio", datasets.Audio(decode=False))[0]
    assert row["audio"]["bytes"][:4] == b"RIFF"


def test_the_card_says_what_was_left_out(corpus):
    card = (corpus.output / "README.md").read_text()
    assert "in a test split" in card
    assert "INCOMPLETE" in card  # the slices are parts of their distributions
    assert "absent: hf_lung" in card.replace("so absent", "absent")
    assert json.loads((corpus.output / "corpus.json").read_text())["kept"] == corpus.kept


def test_reserved_people_and_sound_of_test_people_stay_out(prepared, tmp_path, monkeypatch):
    loaded = datasets.load_dataset(str(prepared / "circor"), "recordings", split="train")
    locked = loaded["subject_id"][0].removeprefix("circor:")
    monkeypatch.setattr(guards, "reserved_subjects", lambda name: frozenset({locked}))
    report = build_corpus("acula_alignment", [prepared / "circor"], tmp_path / "out", progress=False)
    assert report.left_out["circor"]["reserved test subject"] >= 1
    people = set(datasets.load_dataset(str(tmp_path / "out"), split="train")["subject_id"])
    assert f"circor:{locked}" not in people


def test_the_guard_does_not_trust_the_filter(prepared, tmp_path, monkeypatch):
    monkeypatch.setattr(corpora, "barred", lambda *heard: {})
    with pytest.raises(LeakageError, match="people or sounds of test or of both parts"):
        build_corpus("acula_alignment", [prepared / "circor"], tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


def test_a_copy_of_a_test_recording_in_another_dataset_stays_out(prepared, tmp_path):
    """The same audio under another name, dataset and person."""
    twin = tmp_path / "twin"
    shutil.copytree(prepared / "circor", twin)
    manifest = json.loads((twin / "prepare.json").read_text())
    (twin / "prepare.json").write_text(json.dumps({**manifest, "dataset": "copied"}))
    tables = {file: pq.read_table(file) for file in (twin / "data").glob("*.parquet")}
    for file in tables:
        file.unlink()
    for file, table in tables.items():
        for column, value in (("source", "copied"), ("subject_id", "copied:")):
            old = table[column].to_pylist()
            new = [value if column == "source" else f"{value}{file.name[:5]}{index}" for index, _ in enumerate(old)]
            table = table.set_column(table.schema.get_field_index(column), column, pa.array(new))
        split = file.name.split("-")[0]
        target = {"train": "test", "test": "train"}.get(split, split)
        pq.write_table(table, file.with_name(file.name.replace(f"{split}-", f"{target}-")))
    spec = CorpusSpec("both", {"circor": None, "copied": None}, "made up")
    report = build_corpus(spec, [prepared / "circor", twin], tmp_path / "out", progress=False)
    assert report.left_out["copied"]["byte-identical to a test recording"] > 0
    assert report.left_out["circor"]["byte-identical to a test recording"] > 0


def test_recordings_of_nobody_are_left_out_and_listed(prepared, tmp_path):
    """SPRSound has names without a patient since 2024; a prepared folder may hold them where a leak was allowed."""
    folder = shutil.copytree(prepared / "sprsound", tmp_path / "sprsound")
    (file,) = (folder / "data").glob("train-*.parquet")
    table = pq.read_table(file)
    people = table["subject_id"].to_pylist()
    lost = [who if index % 10 else (None, "", " sprsound: ")[index % 3] for index, who in enumerate(people)]
    column = table.schema.get_field_index("subject_id")
    pq.write_table(table.set_column(column, "subject_id", pa.array(lost, pa.string())), file)
    report = build_corpus("auscultacorpus", [folder], tmp_path / "out", progress=False)
    nobody = sum(index % 10 == 0 for index in range(len(people)))
    assert report.left_out["sprsound"]["no subject id: it may be of a test person"] == nobody
    assert f"{nobody} no subject id" in (tmp_path / "out" / "README.md").read_text()
    assert all(who for who in datasets.load_dataset(str(tmp_path / "out"), split="train")["subject_id"])


def test_folders_that_would_hide_test_people_are_refused(prepared, tmp_path):
    again = shutil.copytree(prepared / "circor", tmp_path / "again")
    with pytest.raises(ConfigurationError, match="a second folder of circor"):
        build_corpus("acula_alignment", [prepared / "circor", again], tmp_path / "out", progress=False)
    manifest = json.loads((again / "prepare.json").read_text())
    (again / "prepare.json").write_text(json.dumps({**manifest, "dataset": "sprsound"}))
    with pytest.raises(DataError, match="is of 'circor'"):
        build_corpus("acula_alignment", [prepared / "circor", again], tmp_path / "out", progress=False)
    (again / "prepare.json").write_text(json.dumps({**manifest, "configs": {}}))
    with pytest.raises(DataError, match="no config 'recordings'"):
        build_corpus("acula_alignment", [again], tmp_path / "out", progress=False)


def test_the_command(prepared, tmp_path, capsys):
    arguments = ["--prepared", str(prepared / "circor"), "--output", str(tmp_path / "out")]
    assert main(["corpus", "acula_alignment", *arguments, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["kept"]["circor"]["train"] > 0 and "icbhi" in said["absent"]
    assert main(["corpus", "acula_alignment", *arguments]) == 2
    assert "not empty" in capsys.readouterr().err
    assert main(["corpus", "mine", *arguments]) == 2
    assert "no corpus 'mine'" in capsys.readouterr().err
    arguments[-1] = str(tmp_path / "other")
    assert main(["corpus", "acula_alignment", *arguments]) == 0
    assert "left out" in capsys.readouterr().out


def test_what_cannot_be_built(prepared, tmp_path):
    with pytest.raises(ConfigurationError, match="no corpus 'mine'"):
        build_corpus("mine", [], tmp_path / "out")
    with pytest.raises(DataError, match="none of the corpus's datasets"):
        build_corpus(CorpusSpec("x", {"kauh": 1.0}, "here"), [prepared / "circor"], tmp_path / "out")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(ConfigurationError, match="not empty"):
        build_corpus("acula_alignment", [prepared / "circor"], tmp_path / "full")
