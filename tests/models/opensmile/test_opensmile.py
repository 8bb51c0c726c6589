"""The handcrafted baseline behind the encoders' interface."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoModel

import hf_auscult
from hf_auscult.features import OpenSmileFeatureExtractor
from hf_auscult.models.opensmile import OpenSmileConfig
from hf_auscult.models.opensmile.modeling_opensmile import OpenSmileModel
from tests.models.zoo import sound

RATE = 16_000


def rows(number: int = 12, width: int = 88) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    found = torch.randn(number, width, generator=generator, dtype=torch.float64)
    return ((found + 5) * torch.logspace(-3, 12, width, dtype=torch.float64)).float()


def test_until_fitted_it_is_the_identity():
    model = OpenSmileModel(OpenSmileConfig()).eval()
    inputs = rows(3, 6373)
    out = model(inputs)
    assert torch.equal(out.pooler_output, inputs)
    assert torch.equal(out.last_hidden_state, inputs[:, None])
    assert not list(model.parameters())


def test_fit_standardises_and_is_saved(tmp_path):
    inputs = rows()
    inputs[:, 7] = 0.1  # does not vary
    model = OpenSmileModel(OpenSmileConfig(feature_set="eGeMAPSv02")).fit(inputs)
    model.save_pretrained(tmp_path)
    again = AutoModel.from_pretrained(tmp_path)
    assert again.config.feature_set == "eGeMAPSv02"
    out = again(inputs).pooler_output.double()
    assert torch.equal(again(inputs).pooler_output, model(inputs).pooler_output)
    varying = [index for index in range(88) if index != 7]
    torch.testing.assert_close(out[:, varying].mean(dim=0), torch.zeros(87).double(), rtol=0, atol=1e-5)
    torch.testing.assert_close(out[:, varying].std(dim=0, unbiased=False), torch.ones(87).double(), rtol=1e-4, atol=0)
    assert out[:, 7].abs().max() < 1e-6


def test_embed_gives_the_functionals_of_the_recording(tmp_path):
    """Whole recordings; after fitting, their standard scores."""
    waves = [sound(seconds, RATE, seed) for seed, seconds in enumerate((0.5, 1.5, 1.0))]
    recordings = [{"array": wave, "sampling_rate": RATE} for wave in waves]
    fe = OpenSmileFeatureExtractor("ComParE_2016")
    features = np.concatenate([fe(wave, RATE)["input_features"] for wave in waves])
    model = OpenSmileModel(OpenSmileConfig())
    for folder in ("plain", "fitted"):
        model.save_pretrained(tmp_path / folder)
        fe.save_pretrained(tmp_path / folder)
        found = hf_auscult.embed(str(tmp_path / folder), recordings, progress=False)
        assert found.shape == (3, 6373)
        expected = features if folder == "plain" else model(torch.from_numpy(features)).pooler_output.numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        model.fit(torch.from_numpy(features))


@pytest.mark.parametrize("bad", [torch.zeros(2, 6373), torch.zeros(88), torch.zeros(2, 2, 80)])
def test_features_of_another_set_are_refused(bad):
    model = OpenSmileModel(OpenSmileConfig(feature_set="eGeMAPSv02"))
    with pytest.raises(ValueError, match=r"expected \(windows, 88\)"):
        model(bad)
    with pytest.raises(ValueError, match=r"expected \(windows, 88\)"):
        model.fit(bad)


@pytest.mark.parametrize("bad", [torch.zeros(1, 88), torch.full((3, 88), torch.nan)])
def test_fitting_needs_finite_rows(bad):
    with pytest.raises(ValueError, match="at least two, all finite"):
        OpenSmileModel(OpenSmileConfig(feature_set="eGeMAPSv02")).fit(bad)
