from __future__ import annotations

import hashlib
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from hf_auscult.audio import peek
from hf_auscult.data import dataset
from hf_auscult.data.guards import assert_no_reserved

read_rows = dataset("circor").read

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def rows(sample: Path):
    table = read_rows(sample)
    assert not table.problems
    return table.rows


def test_files_are_the_distributions_own(sample: Path):
    listed = [line.split() for line in (sample / "SHA256SUMS.txt").read_text().splitlines()]
    for digest, name in listed:
        assert hashlib.sha256((sample / name).read_bytes()).hexdigest() == digest, name
    present = {f"training_data/{file.name}" for file in (sample / "training_data").iterdir()} | {"LICENSE.txt"}
    assert {name for _, name in listed} == present


def test_it_is_one_recording_per_id_and_small(rows, sample: Path):
    assert Counter(row["patient_id"] for row in rows).most_common(1)[0][1] == 1
    assert 60 <= len(rows) <= 72
    assert sum((sample / row["path"]).stat().st_size for row in rows) <= 11.5e6
    assert all(peek(sample / row["path"]).seconds > 5 for row in rows)


def test_both_ids_of_a_child_are_there_or_none(rows):
    ids = {row["patient_id"] for row in rows}
    assert all(row["additional_id"] in ids for row in rows if row["additional_id"])
    assert len({row["subject_id"] for row in rows}) == len(rows) - 9


def test_labels_and_reserved_people(rows):
    assert Counter(row["murmur"] for row in rows) == {"Absent": 37, "Present": 29, "Unknown": 2}
    assert_no_reserved((row["subject_id"] for row in rows), "circor", use="a bundled sample")


def test_the_script_chooses_this_sample(shared: Path, sample: Path, tmp_path: Path):
    script = ROOT / "examples" / "data" / "select_circor_sample.py"
    source = shared / "data" / "circor-digiscope-1.0.3"
    command = [sys.executable, script, "--source", source, "--output", tmp_path / "again"]
    subprocess.run(command, check=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True)
    names = sorted(file.relative_to(sample) for file in sample.rglob("*") if file.is_file())
    again = sorted(file.relative_to(tmp_path / "again") for file in (tmp_path / "again").rglob("*") if file.is_file())
    assert names == again
    assert all((sample / name).read_bytes() == (tmp_path / "again" / name).read_bytes() for name in names)


@pytest.mark.parametrize("dataset", ["circor", "sprsound"])
def test_prepare_commands_report_a_wrong_folder_and_do_not_trace_back(dataset: str, tmp_path: Path):
    script = ROOT / "dataset_scripts" / dataset / "prepare.py"
    command = [sys.executable, script, "--source", tmp_path, "--output", tmp_path / "out"]
    done = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 2
    assert "not the layout of" in done.stderr and "Traceback" not in done.stderr


def test_prepare_command_prepares(sample: Path, tmp_path: Path):
    script = ROOT / "dataset_scripts" / "circor" / "prepare.py"
    command = [sys.executable, script, "--source", sample, "--output", tmp_path / "out", "--num-proc", "2"]
    done = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True)
    assert "68 of 68 recordings written, 0 set aside" in done.stdout
    assert (tmp_path / "out" / "data" / "test-00000-of-00001.parquet").is_file()
    size = {
        folder: sum(file.stat().st_size for file in folder.rglob(pattern) if file.is_file())
        for folder, pattern in ((sample, "*.wav"), (tmp_path / "out", "*"))
    }
    assert size[tmp_path / "out"] <= 1.15 * size[sample], "the audio is stored once, whatever the number of tasks"
