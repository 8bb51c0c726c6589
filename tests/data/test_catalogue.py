"""Every dataset's folder has all of its parts, and a folder from outside the package has everything that those have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from hf_auscult.data import DATASETS, load_prepared, prepare, register_dataset
from hf_auscult.data.catalogue.loading import PARTS
from hf_auscult.data.contamination import exposures
from hf_auscult.errors import ConfigurationError
from hf_auscult.evaluation.shortcuts import shortcut_features, shortcut_spec
from hf_auscult.reports import class_prompts, facts_of, generate, mask_of

from .synthetic import tone

CATALOGUE = Path(__file__).resolve().parents[2] / "hf_auscult" / "data" / "catalogue"
TOY = {
    "title": "A toy clinic",
    "version": "1",
    "organ": "lung",
    "licence": {"name": "CC0-1.0", "tag": "cc0-1.0", "note": "Made up."},
    "citation": "Nobody.",
    "source_url": "https://example.org",
    "subjects": "named",
    "row": {"device": "toy stethoscope"},
    "columns": {"ward": "string", "wheezing": "string"},
    "tasks": {
        "recordings": {},
        "wheeze": {"column": "wheezing", "classes": {"Quiet": ["0"], "Wheezing": ["1"]}, "left_out": ["?"]},
    },
    "strata": {"wheezing": [["1"], ["0"]]},
    "facts": [
        {"column": "device", "concept": "device"},
        {"column": "wheezing", "concept": "finding", "value": "wheeze"}
        | {"polarity": {"1": "present", "0": "absent", "?": None}},
    ],
    "masks": [{"tasks": ["wheeze"], "label": ["wheezing"]}],
    "prompts": [{"tasks": ["wheeze"], "patterns": ["{} is heard.", "There is {}."],
                 "classes": {"Quiet": "no wheeze", "Wheezing": "a wheeze"}}],
    "shortcuts": {"columns": ["ward"]},
    "contamination": ["opera", {"models": ["toy-net"], "part": "all", "evidence": "code", "source": "its authors"}],
}  # fmt: skip
READER = """
from hf_auscult.data.tabular import read_csv


def read(source, collector):
    root = collector.root(source, "table.csv")
    for cells in read_csv(root / "table.csv", ("file", "person", "ward", "wheezing")):
        own = {name: cells[name] for name in ("ward", "wheezing")}
        collector.add(cells["file"], f"{cells['file']}.wav", cells["person"], **own)
    return collector.table(root)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The toy's folder, outside the package; forgotten after the test."""
    home = tmp_path / "toy_clinic"
    home.mkdir()
    (home / "dataset.yaml").write_text(yaml.safe_dump(TOY, sort_keys=False))
    (home / "reader.py").write_text(READER)
    yield home
    if "toy_clinic" in DATASETS:
        DATASETS.remove("toy_clinic")


def recordings(folder: Path) -> Path:
    lines = ["file,person,ward,wheezing"]
    for number in range(30):
        lines.append(f"r{number:02d},p{number // 2},{'AB'[number // 2 % 2]},{'01?'[number // 2 % 3]}")
        tone(folder / f"r{number:02d}.wav", 0.3, 4_000)
    (folder / "table.csv").write_text("\n".join(lines))
    return folder


def test_a_dataset_from_outside_is_prepared_loaded_reported_and_guessed_from_its_metadata(folder: Path, tmp_path: Path):
    spec = register_dataset(folder)
    assert DATASETS["toy_clinic"] is spec and "toy_clinic" in list(DATASETS)
    report = prepare("toy_clinic", recordings(tmp_path / "in"), tmp_path / "out", progress=False)
    assert report.written == 30 and sum(counts.people for counts in report.configs["wheeze"].values()) == 10
    loaded = load_prepared(tmp_path / "out", "wheeze")
    rows = [row for part in loaded.values() for row in part]
    assert {row["device"] for row in rows} == {"toy stethoscope"} and rows[0]["subject_id"].startswith("toy_clinic:p")

    assert {fact.value for row in rows for fact in facts_of("toy_clinic")(row)} == {"toy stethoscope", "wheeze"}
    hidden = mask_of("toy_clinic", "wheeze", "strict")
    assert set(hidden.without) == {"wheezing"}
    texts = [one.text for one in generate(rows, dataset="toy_clinic", mask="none")]
    assert len(texts) == 20 and all("wheez" in text.lower() for text in texts)
    assert not any(
        "wheez" in one.text.lower() for one in generate(rows, dataset="toy_clinic", mask="strict", task="wheeze")
    )
    assert class_prompts("toy_clinic", "wheeze")["Quiet"] == ["no wheeze is heard.", "There is no wheeze."]

    train = [name == "train" for name, part in loaded.items() for _ in range(len(part))]
    features = shortcut_features(rows, shortcut_spec("toy_clinic", "wheeze"), train)
    assert "ward" in features.used and "wheezing" not in features.names
    assert [item.part for item in exposures("toy-net", "toy_clinic")] == ["all"]
    assert [item.part for item in exposures("opera-ct", "toy_clinic")] == ["unknown"]
    with pytest.raises(ConfigurationError, match="exists"):
        register_dataset(folder)


def test_a_folder_without_a_reader_uses_the_generic_table(folder: Path, tmp_path: Path):
    (folder / "reader.py").unlink()
    content = TOY | {"generic": {"extra": {"ward": "string", "wheezing": "string"}, "needed": ["site"]}}
    (folder / "dataset.yaml").write_text(yaml.safe_dump(content))
    source = recordings(tmp_path / "in")
    lines = [f"r{number:02d}.wav,p{number // 2},mouth,A,1" for number in range(30)]
    (source / "metadata.csv").write_text("\n".join(["path,subject_id,site,ward,wheezing", *lines]))
    rows = register_dataset(folder).read(source).rows
    assert len(rows) == 30 and {row["site"] for row in rows} == {"mouth"}
    assert {row["subject_id"] for row in rows} == {f"toy_clinic:p{number}" for number in range(15)}


@pytest.mark.parametrize("part", [*PARTS, "licence", "subjects", "tasks"])
def test_a_forgotten_part_is_an_error_that_names_it(folder: Path, part: str):
    (folder / "dataset.yaml").write_text(yaml.safe_dump({key: value for key, value in TOY.items() if key != part}))
    with pytest.raises(ConfigurationError, match=rf"dataset\.yaml: says nothing of {part}"):
        register_dataset(folder)


@pytest.mark.parametrize(
    ("part", "content", "named"),
    [
        ("prompts", [], "prompts are of"),
        ("prompts", [{"tasks": ["wheeze"], "classes": {"Quiet": ["a"]}}], "prompts of wheeze"),
        ("masks", [{"tasks": ["weeze"], "label": ["wheezing"]}], "masks are of"),
        ("masks", [{"tasks": ["wheeze"], "label": ["age"]}], "take away"),
        ("facts", [{"column": "device", "concept": "mood"}], "mood"),
        ("colour", "red", "colour"),
        ("tasks", {"recordings": {"colour": "red"}}, "description"),
    ],
)
def test_parts_that_do_not_fit_are_errors(folder: Path, part: str, content: object, named: str):
    (folder / "dataset.yaml").write_text(yaml.safe_dump(TOY | {part: content}))
    with pytest.raises(ConfigurationError, match=named):
        register_dataset(folder)


def test_a_folder_needs_yaml_and_a_reader(folder: Path, tmp_path: Path):
    (folder / "reader.py").unlink()
    with pytest.raises(ConfigurationError, match="reader"):
        register_dataset(folder)
    with pytest.raises(ConfigurationError, match="no such file"):
        register_dataset(tmp_path / "nothing_here")


def test_twenty_datasets_and_every_part_or_the_reason_why_not():
    assert len(DATASETS) == 20
    for name, spec in DATASETS.items():
        here = {"facts": spec.facts, "masks": spec.masks, "prompts": spec.prompts, "contamination": spec.contamination}
        here["shortcuts"] = spec.shortcuts.columns or spec.shortcuts.restated
        assert {part for part, content in here.items() if not content} == set(spec.nothing), name
        assert all(len(why.split()) > 4 for why in spec.nothing.values()), name
        assert spec.licence and spec.licence_note and spec.traps, name
        assert set(spec.shortcuts.columns) <= set(spec.columns), name
        assert (CATALOGUE / name / "reader.py").is_file() or spec.name in ("hsdreport", "xh_heartsound")
        labels = {column for task in spec.tasks for column in (task.column,)}
        assert not labels & set(spec.shortcuts.columns), name


def test_the_public_functions_are_those_of_this_package():
    import hf_auscult
    from hf_auscult.data.audit import audit
    from hf_auscult.data.corpora import build_corpus
    from hf_auscult.data.from_folder import from_folder

    assert (hf_auscult.prepare, hf_auscult.register_dataset) == (prepare, register_dataset)
    assert (hf_auscult.audit, hf_auscult.build_corpus, hf_auscult.from_folder) == (audit, build_corpus, from_folder)
    with pytest.raises(TypeError, match="colour"):
        prepare("circor", "in", "out", colour="red")
