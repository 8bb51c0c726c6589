"""examples/speed.py: its rebuilt loop is the published one, and it refuses to time different results."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from hf_auscult.audio import PUBLISHED, WindowPolicy
from hf_auscult.embedding import precision
from hf_auscult.features import FRONT_ENDS, AuscultFeatureExtractor
from hf_auscult.models.opera.modeling_opera_gt import OperaGTModel
from tests.models.zoo import sound, tiny_gt


@pytest.fixture(scope="module")
def script():
    path = Path(__file__).resolve().parents[1] / "examples" / "speed.py"
    spec = importlib.util.spec_from_file_location("speed", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("family", ["opera-ct", "opera-gt"])
@pytest.mark.parametrize("samples", [9_000, 50_000, 128_000, 130_880, 130_881, 160_000, 300_000])
def test_the_loop_cuts_and_transforms_as_the_published_protocol(script, tmp_path, family, samples):
    """Two implementations, one of librosa and one of torch, of the rules read in OPERA's code."""
    path = tmp_path / "clip.wav"
    quiet = np.zeros(6_000, np.float32)
    soundfile.write(path, np.concatenate([quiet, sound(samples / 16_000, 16_000), quiet]), 16_000, subtype="PCM_16")
    theirs = [script.published_image(clip) for clip in script.published_clips(path, family == "opera-gt")]
    ours = AuscultFeatureExtractor("opera", None, PUBLISHED[family]).features(path, protocol="published").windows
    assert len(ours) == len(theirs)
    for image, reference in zip(ours, theirs, strict=True):
        # Float32 spectra differ by rounding in bins far below a loud one; another cut differs by tenths.
        np.testing.assert_allclose(image, reference, atol=3e-4)


@pytest.fixture
def small(script, monkeypatch, tmp_path):
    """A small network in place of the published ones."""
    monkeypatch.setenv("AUSCULT_CACHE", str(tmp_path / "cache"))

    def make(family: str, folder: Path) -> Path:
        torch.manual_seed(0)
        OperaGTModel(tiny_gt(num_frames=256)()).save_pretrained(folder)
        fe = AuscultFeatureExtractor(FRONT_ENDS["opera"], WindowPolicy("sliding", seconds=4.0), PUBLISHED["opera-gt"])
        fe.save_pretrained(folder)
        return folder

    monkeypatch.setattr(script, "make_model", make)


def test_table(script, small, monkeypatch, tmp_path, capsys):
    """Everything that is compared is equal, or as near as it says."""
    file = tmp_path / "speed.json"
    sections = ["--only", "sound", "networks", "passes", "overlap"]
    script.main(
        ["--recordings", "3", "--rounds", "1", "--files", "4", "--models", "opera-gt", "--json", str(file), *sections]
    )
    rows = json.loads(file.read_text())["rows"]
    assert [row["what"] for row in rows][:5] == [
        "decode",
        "decode and resample to 4 kHz",
        "log-mel",
        "embed, opera-gt",
        "embed, opera-gt",
    ]
    agreement = {row["what"]: row["agreement"] for row in rows if row["slow"] != "exact"}
    assert agreement["decode"] == agreement["two opera-ce"] == "same bits"
    assert all(row["ratio"][0] > 0 for row in rows)
    assert capsys.readouterr().out.count("\n| ") == len(rows) + 1  # and the header


def test_every_way_is_listed(script, small, monkeypatch, tmp_path):
    monkeypatch.setattr(precision, "BACKEND", "eager")
    monkeypatch.setattr(precision, "SLOW_TO_START", ("compiled",))
    monkeypatch.setattr(precision.shutil, "which", lambda name: name)
    lines = list(script.rows_of_ways(["opera-gt"], tmp_path))
    assert [line.split(" | ")[1].removesuffix(" (taken)") for line in lines][-1] == "compiled"
    assert len(lines) == 1 + len(precision.CPU_WAYS)


def test_different_embeddings_are_not_timed(script, small, monkeypatch):
    image = script.published_image
    monkeypatch.setattr(script, "rows_of_sound", lambda paths, rounds: iter(()))
    monkeypatch.setattr(script, "published_image", lambda clip: image(clip)[:-8])
    with pytest.raises(RuntimeError, match="the results differ by"):
        script.main(["--recordings", "2", "--rounds", "1", "--models", "opera-gt", "--only", "sound", "networks"])


def test_growth_is_measured_step_by_step(script, tmp_path):
    """Each step by itself; the exponent is that of the seconds, and what was measured before stays."""
    for step in script.STEPS:
        seconds, memory = script.scale_step(step, tmp_path / "24", 24)
        assert seconds > 0 and memory >= 0
    for number in (100, 1000, 10_000):
        (tmp_path / f"audit-{number}.txt").write_text(f"{1e-6 * number**1.5} {2e6 + 300 * number}")
    (line,) = script.scaling((100, 1000, 10_000), tmp_path, ("audit",))
    assert line == "| audit | 1.50 | 0.1 ms | 16.7 min | 300 B | 0.3 GB |"


def test_a_suite_is_timed_by_its_parts(script, tmp_path):
    lines = list(script.rows_of_suite(48, tmp_path, tasks=2, models=2, width=8))
    assert any("| probes | " in line for line in lines) and all("2 tasks x 2 models" in line for line in lines)
