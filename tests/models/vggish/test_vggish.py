"""What is particular to VGGish: examples, their order of values, the last ReLU, the PCA, OPERA's sampling rate."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoFeatureExtractor, AutoModel

from hf_auscult.embedding.embedder import Embedder
from hf_auscult.errors import ShortAudioError
from hf_auscult.models.vggish import VGGishConfig
from hf_auscult.models.vggish.convert_vggish import CONVERSIONS
from hf_auscult.models.vggish.modeling_vggish import VGGishForAudioClassification, VGGishModel
from tests.models.zoo import sound, tiny_vggish

RATE = 16_000


def tiny(**settings) -> VGGishModel:
    torch.manual_seed(0)
    config = tiny_vggish()
    for name, value in settings.items():
        setattr(config, name, value)
    return VGGishModel(config).eval()


def recording(wave: np.ndarray, rate: int = RATE) -> dict:
    return {"array": wave, "sampling_rate": rate}


def test_the_published_sizes():
    config = VGGishConfig()
    assert (config.flat_size, config.hidden_size, config.pooled_size) == (12_288, 512, 128)
    with pytest.raises(ValueError, match="must be multiples of 16"):
        VGGishConfig(num_frames=100)


def test_values_enter_the_linear_layers_by_time_frequency_channel():
    """The port transposes (C, H, W) to (H, W, C) before it flattens, as TensorFlow lays images out."""
    model, examples, seen = tiny(), torch.randn(2, 96, 64), []
    model.fc1.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    model(examples)
    image = examples[:, None]
    for stage in model.stages:
        image = stage(image)
    assert torch.equal(seen[0], image.permute(0, 2, 3, 1).flatten(1))


def test_the_final_relu(tmp_path):
    model, examples = tiny(), torch.randn(3, 96, 64)
    model.save_pretrained(tmp_path)
    before = AutoModel.from_pretrained(tmp_path, final_relu=False).eval()(examples).pooler_output
    after = model(examples).pooler_output
    assert (before < 0).any()
    assert torch.equal(after, before.clamp(min=0))


def test_postprocessing_whitens_and_quantises(tmp_path):
    """Against the definition: PCA of the centred embedding, -2..2 onto 0..255, rounded; the tables are saved."""
    model = tiny(postprocess=True)
    size = model.config.embedding_size
    vectors, means = torch.randn(size, size) / 4, torch.rand(size, 1)
    model.postprocessor.pca_eigen_vectors.copy_(vectors)
    model.postprocessor.pca_means.copy_(means)
    model.save_pretrained(tmp_path)
    again = AutoModel.from_pretrained(tmp_path).eval()
    out = again(torch.randn(5, 96, 64) * 5)
    expected = np.clip((out.pooler_output.detach().numpy() - means.numpy().T) @ vectors.numpy().T, -2, 2)
    np.testing.assert_array_equal(out.quantised_embedding.detach().numpy(), np.round((expected + 2) * 255 / 4))
    assert out.quantised_embedding.unique().numel() > 10
    assert tiny()(torch.randn(5, 96, 64)).quantised_embedding is None
    assert VGGishForAudioClassification.from_pretrained(tmp_path).config.postprocess
    assert AutoModel.from_pretrained(tmp_path, postprocess=False).postprocessor is None
    assert not any("pca" in name for name in tiny().state_dict())


def test_default_protocol_hears_every_sample():
    """The published rule drops an incomplete tail and refuses what is shorter than an example; the default does not."""
    fe, model = CONVERSIONS["vggish"].feature_extractor(), tiny()
    wave = sound(2.5, RATE)
    default, published = fe.features(wave, RATE), fe.features(wave, RATE, protocol="published")
    assert len(published.windows) == 2
    assert len(default.windows) == 3
    assert sum(default.seconds) == pytest.approx(2.5)
    assert all(window.shape == (96, 64) for window in default.windows)
    short = recording(sound(0.9, RATE))
    assert np.isfinite(Embedder(model, fe)([short])).all()
    with pytest.raises(ShortAudioError):
        Embedder(model, fe)([short], protocol="published")


def test_operas_sampling_rate_is_a_named_variant(tmp_path):
    """OPERA read at 22,050 Hz and passed the samples on as 16,000 Hz; nothing else does."""
    model, fe = tiny(), CONVERSIONS["vggish"].feature_extractor()
    model.save_pretrained(tmp_path)
    fe.save_pretrained(tmp_path)
    embedder = Embedder(model, AutoFeatureExtractor.from_pretrained(tmp_path))
    wave = sound(3.0, 22_050)
    mistaken = embedder([recording(wave, 22_050)], protocol="published:opera")
    assert np.array_equal(mistaken, embedder([recording(wave, 16_000)], protocol="published"))
    right = embedder([recording(wave, 22_050)], protocol="published")
    assert np.abs(mistaken - right).max() > 1e-2 * np.abs(right).max()


def test_bad_input_is_refused():
    model = tiny()
    for shape in ((2, 96), (2, 95, 64), (2, 96, 63)):
        with pytest.raises(ValueError, match=r"expected \(windows, 96 frames, 64 mel bands\)"):
            model(torch.zeros(shape))
