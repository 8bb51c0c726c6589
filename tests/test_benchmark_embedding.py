"""examples/benchmark_embedding.py: its rebuilt loop is the published one, and it refuses to time different results."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from hf_auscult.audio import PUBLISHED
from hf_auscult.features import FRONT_ENDS, AuscultFeatureExtractor
from hf_auscult.models.opera.modeling_opera_gt import OperaGTModel
from tests.models.zoo import sound, tiny_gt


@pytest.fixture(scope="module")
def script():
    path = Path(__file__).resolve().parents[1] / "examples" / "benchmark_embedding.py"
    spec = importlib.util.spec_from_file_location("benchmark_embedding", path)
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
def small(script, monkeypatch):
    """A small network in place of the published one."""

    def make(family: str, folder: Path) -> Path:
        torch.manual_seed(0)
        OperaGTModel(tiny_gt(num_frames=256)()).save_pretrained(folder)
        AuscultFeatureExtractor(FRONT_ENDS["opera"], None, PUBLISHED[family]).save_pretrained(folder)
        return folder

    monkeypatch.setattr(script, "make_model", make)


def test_table(script, small, capsys):
    script.main(["--recordings", "5", "--rounds", "2", "--block", "2", "--models", "opera-gt"])
    line = capsys.readouterr().out.splitlines()[-1]
    figures = [float(re.split(r"[ (]", cell.strip())[0]) for cell in line.split("|")[2:-1]]
    assert line.startswith("| opera-gt |")
    assert len(figures) == 8
    assert all(figure > 0 for figure in figures)
    assert figures[6] <= 1e-4 < figures[7], "the recordings' embeddings are all the same: agreement proves nothing"


def test_different_embeddings_are_not_timed(script, small, monkeypatch):
    image = script.published_image
    monkeypatch.setattr(script, "published_image", lambda clip: image(clip)[:-8])
    with pytest.raises(RuntimeError, match="opera-gt: the embeddings differ by"):
        script.main(["--recordings", "2", "--rounds", "1", "--models", "opera-gt"])
