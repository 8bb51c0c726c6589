"""What an original download may hold at its worst: impossible numbers, cancelled channels, names that are patterns."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hf_auscult.data import dataset, prepare
from hf_auscult.data.collector import RowCollector
from hf_auscult.data.from_folder import from_folder
from hf_auscult.data.inspection import OVERHANG, annotated, inspect
from hf_auscult.data.load import load_prepared
from hf_auscult.data.schema import impossible
from hf_auscult.errors import ConfigurationError

from .lung_layouts import icbhi

NAMES = ["circor [v1.0.3]", "fold*", "why?", "site::b"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten recordings of ten people."""
    root = tmp_path / "mine"
    root.mkdir()
    rng = np.random.default_rng(0)
    for index in range(10):
        soundfile.write(root / f"{index}.wav", 0.1 * rng.standard_normal(8_000), 4_000)
    lines = [f"{index}.wav,p{index},{'ab'[index % 2]}" for index in range(10)]
    (root / "metadata.csv").write_text("\n".join(["path,subject_id,label", *lines]))
    return root


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"age": -7000.0}, "age is -7000"),
        ({"age": 130.5}, "age is 130.5"),
        ({"age": float("nan")}, "age is nan"),
        ({"weight": float("inf")}, "weight is inf"),
        ({"events": [{"start": 0.0, "end": float("inf")}]}, "events: one from 0 to inf s"),
        ({"events": [{"start": 2.0, "end": 1.0}]}, "from 2 to 1 s"),
        ({"segmentation": [{"start": -1.0, "end": 1.0}]}, "segmentation: one from -1"),
        ({"age": None, "events": None, "weight": 70.0, "segmentation": [{"start": 0.0, "end": 0.0}]}, None),
    ],
)
def test_impossible_numbers(row, reason):
    said = impossible(row)
    assert said is None if reason is None else reason in said
    collector = RowCollector(dataset("nosemic"))
    collector.add("u1", "u1.wav", "u1", **row)
    assert (len(collector.rows), len(collector.problems)) == ((1, 0) if reason is None else (0, 1))


def test_annotations_end_with_the_recording(folder):
    row = {"recording_id": "0", "path": "0.wav", "events": [{"start": 1.0, "end": 2.0 + OVERHANG}]}
    info = inspect(row, folder)
    assert list(annotated([row], [info])) == [info]
    row["events"][0]["end"] += 0.01
    (problem,) = annotated([row], [info])
    assert problem.reason == "events: one from 1 to 2.51 s, the recording has 2 s"


@pytest.mark.parametrize("value", ["inf", "nan", "1e9", "-5", "1" * 400, None, []])
def test_an_impossible_event_sets_its_recording_aside(shared, tmp_path, value):
    original = shared / "data" / "sprsound" / "BioCAS2022"
    for part in ("train2022_wav", "train2022_json", "test2022_wav"):
        (tmp_path / "s" / "BioCAS2022" / part).mkdir(parents=True)
    for kind in ("inter", "intra"):
        (tmp_path / "s" / "BioCAS2022" / "test2022_json" / f"{kind}_test_json").mkdir(parents=True)
    for file in sorted((original / "train2022_json").glob("*.json"))[:8]:
        shutil.copyfile(file, tmp_path / "s" / "BioCAS2022" / "train2022_json" / file.name)
        wav = f"train2022_wav/{file.stem}.wav"
        shutil.copyfile(original / wav, tmp_path / "s" / "BioCAS2022" / wav)
    broken = next(
        file for file in sorted((tmp_path / "s").rglob("*.json")) if json.loads(file.read_text())["event_annotation"]
    )
    content = json.loads(broken.read_text())
    content["event_annotation"][0]["end"] = value
    broken.write_text(json.dumps(content))
    report = prepare("sprsound", tmp_path / "s", tmp_path / "o", tasks=["recordings"], progress=False)
    assert [problem.recording_id for problem in report.quarantined] == [broken.stem]


def test_an_impossible_age_sets_the_person_aside(shared, tmp_path):
    source = icbhi(shared, tmp_path / "icbhi", {"101", "102"})
    table = next(source.rglob("ICBHI_Challenge_demographic_information.txt"))
    lines = table.read_text().splitlines()
    table.write_text("\n".join(line.replace("101\t3\t", "101\t-7000\t", 1) for line in lines))
    assert table.read_text() != "\n".join(lines)
    read = dataset("icbhi").read(source)
    aside = [problem for problem in read.problems if "age is -7000" in problem.reason]
    assert aside and all(problem.recording_id.startswith("101") for problem in aside)
    assert all(row["patient_id"] != "101" for row in read.rows)


def test_cancelled_channels_are_noted(folder, tmp_path):
    sound, rate = soundfile.read(folder / "3.wav")
    soundfile.write(folder / "3.wav", np.stack([sound, -sound], axis=1), rate)
    report = from_folder(folder, tmp_path / "o", name="mine", progress=False)
    assert [note for note in report.notes if "3.wav" in note] == [
        "3.wav: its two channels cancel each other, so channel 1 alone is used"
    ]
    assert report.written == 10


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_whose_name_is_a_pattern_is_refused_before_the_work(folder, tmp_path, name, monkeypatch):
    monkeypatch.setattr("hf_auscult.data.preparation.Memory", None)
    with pytest.raises(ConfigurationError, match="in the name of a folder as a pattern"):
        from_folder(folder, tmp_path / name / "out", name="mine", progress=False)


@pytest.mark.parametrize("name", NAMES)
def test_a_dataset_that_was_moved_there_is_refused_by_name(folder, tmp_path, name):
    from_folder(folder, tmp_path / "out", name="mine", progress=False)
    shutil.move(tmp_path / "out", tmp_path / name)
    with pytest.raises(ConfigurationError, match="choose another name"):
        load_prepared(tmp_path / name, "label")


def test_a_name_with_blanks_and_accents_is_loaded(folder, tmp_path):
    from_folder(folder, tmp_path / "Häns' daten {1}" / "o", name="mine", progress=False)
    assert load_prepared(tmp_path / "Häns' daten {1}" / "o", "label")
