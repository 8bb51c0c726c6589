"""M2D from a user's own files: here a stand-in with the same calls, since the authors' may not be copied."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import hf_auscult
from hf_auscult.embedding.embedder import Embedder
from hf_auscult.errors import ConfigurationError
from hf_auscult.models.adapter.m2d import load_m2d
from tests.models.zoo import sound

STAND_IN = """
import torch

class Config:
    sample_rate, feature_d = 16_000, 12

class PortableM2D(torch.nn.Module):
    def __init__(self, weight_file, num_classes=None):
        super().__init__()
        self.cfg = Config()
        self.frames = torch.nn.Linear(160, 12)
        self.load_state_dict(torch.load(weight_file, weights_only=True))

    def forward(self, batch_audio):
        return self.frames(batch_audio.unfold(1, 160, 160))
"""


@pytest.fixture
def files(tmp_path):
    code, weights = tmp_path / "portable_m2d.py", tmp_path / "weights.pth"
    code.write_text(STAND_IN)
    torch.manual_seed(0)
    torch.save({f"frames.{name}": value for name, value in torch.nn.Linear(160, 12).state_dict().items()}, weights)
    return code, weights


def test_a_users_copy_is_embedded(files):
    code, weights = files
    recordings = [{"array": sound(seconds, 16_000), "sampling_rate": 16_000} for seconds in (0.4, 12.0)]
    rows = hf_auscult.embed(f"m2d:{code},{weights}", recordings, progress=False)
    assert rows.shape == (2, 12)
    model, extractor = load_m2d(code, weights)
    whole = Embedder(model, extractor)(recordings, protocol="published")
    with torch.no_grad():
        expected = model.network(torch.from_numpy(recordings[1]["array"][None])).mean(dim=1)[0].numpy()
    np.testing.assert_allclose(whole[1], expected, atol=1e-6)
    np.testing.assert_allclose(rows[0], whole[0], atol=1e-6)
    assert model.config.code_sha256 and model.config.weights == "weights.pth"


def test_nothing_of_it_is_saved(files, tmp_path):
    model, _ = load_m2d(*files)
    with pytest.raises(ConfigurationError, match="licence forbids copies"):
        model.save_pretrained(tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("class Other: ...", "no attribute 'PortableM2D'"),
        ("import nowhere_to_be_found", "needs nowhere_to_be_found"),
        (STAND_IN.replace("160, 12", "80, 12"), "size mismatch"),
    ],
)
def test_files_that_will_not_do(files, code, message):
    files[0].write_text(code)
    with pytest.raises(ConfigurationError, match=message):
        load_m2d(*files)
    with pytest.raises(ConfigurationError, match="no such file"):
        load_m2d(files[0], files[0].with_name("absent.pth"))
