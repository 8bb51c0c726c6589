"""What is particular to PANNs: any length of clip, training-only randomness, the tagging read-out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoModel

from hf_auscult.embedding.embedder import Embedder
from hf_auscult.errors import ShortAudioError
from hf_auscult.models.panns import PannsConfig
from hf_auscult.models.panns.convert_panns import CONVERSIONS
from hf_auscult.models.panns.modeling_panns import PannsForAudioClassification, PannsModel
from hf_auscult.models.shared.layers_panns import hide_stripes
from tests.models.zoo import sound

CHANNELS = {"cnn6": [4, 8, 8, 8], "cnn10": [4, 8, 8, 8], "cnn14": [4, 8, 8, 8, 8, 16]}


def tiny(architecture: str = "cnn14", **settings) -> PannsModel:
    torch.manual_seed(0)
    return PannsModel(PannsConfig(architecture=architecture, conv_channels=CHANNELS[architecture], **settings)).eval()


@pytest.mark.parametrize("architecture", CHANNELS)
def test_clips_down_to_one_frame(architecture):
    """Pooling stops at one frame: the original needs 32 frames for Cnn14."""
    model = tiny(architecture)
    for frames in (1, 2, 3, 15, 31, 32, 33):
        with torch.no_grad():
            out = model(torch.randn(2, frames, 64) * 10 - 40)
        steps = max(1, frames >> model.config.num_pooled_blocks)
        assert out.last_hidden_state.shape == (2, steps, CHANNELS[architecture][-1])
        assert out.pooler_output.isfinite().all()


def test_pooling_stops_for_time_and_frequency_together():
    """AuscultaBase's rule: a block over one frame keeps its bands too."""
    model = tiny("cnn6")
    states = model(torch.randn(1, 2, 64), output_hidden_states=True).hidden_states
    assert [state.shape[1] for state in states[1:]] == [32, 32, 32, 32]
    states = model(torch.randn(1, 16, 64), output_hidden_states=True).hidden_states
    assert [state.shape[1] for state in states[1:]] == [8 * 32, 4 * 16, 2 * 8, 1 * 4]


def test_the_published_widths():
    for architecture, size, blocks in (("cnn6", 512, 4), ("cnn10", 512, 4), ("cnn14", 2048, 6)):
        config = PannsConfig(architecture=architecture)
        assert (config.hidden_size, config.pooled_size, len(config.conv_channels)) == (size, size, blocks)
    assert PannsConfig(embedding_size=32).pooled_size == 32  # the authors' Cnn14_emb32
    with pytest.raises(ValueError, match="cannot be halved by each of 5 blocks"):
        PannsConfig(num_mel_bins=16)


def test_randomness_is_in_training_only():
    model, images = tiny("cnn10"), torch.randn(2, 64, 64)
    first = model(images).pooler_output
    assert torch.equal(model(images).pooler_output, first)
    model.train()
    assert not torch.equal(model(images).pooler_output, model(images).pooler_output)


def test_stripes():
    torch.manual_seed(0)
    images = torch.ones(200, 40, 64)
    for axis, width in ((1, 64), (2, 8)):
        hidden = hide_stripes(images, axis, width, 2) == 0
        other = 3 - axis
        assert torch.equal(hidden.any(dim=other), hidden.all(dim=other)), "a stripe does not cross the image"
        counts = hidden.any(dim=other).sum(dim=1)
        assert counts.max() <= 2 * (min(width, images.shape[axis]) - 1)
        assert counts.float().mean() > 1
        assert len(counts.unique()) > 3, "every image the same"
    assert torch.equal(hide_stripes(images[:, :1], 1, 64, 2), images[:, :1]), "a single frame cannot be hidden"


def test_tags_are_a_fixed_readout(tmp_path):
    """Saved with the weights, no parameters; a folder with tags also loads without them."""
    model, images = tiny(num_tags=7), torch.randn(2, 64, 64)
    out = model(images)
    assert out.clipwise_output.shape == (2, 7)
    assert ((out.clipwise_output > 0) & (out.clipwise_output < 1)).all()
    assert not any("tags" in name for name, _ in model.named_parameters())
    model.save_pretrained(tmp_path)
    again = AutoModel.from_pretrained(tmp_path).eval()
    assert torch.equal(again(images).clipwise_output, out.clipwise_output)
    bare = AutoModel.from_pretrained(tmp_path, num_tags=0).eval()
    assert bare(images).clipwise_output is None
    assert torch.equal(bare(images).pooler_output, out.pooler_output)
    tuned = PannsForAudioClassification.from_pretrained(tmp_path, num_labels=2).eval()
    assert torch.equal(tuned.encoder(images).clipwise_output, out.clipwise_output)


def test_default_protocol_takes_any_length():
    """Ten-second windows, the last one ending with the recording; shorter than a frame is padded."""
    fe, model = CONVERSIONS["panns-cnn14"].feature_extractor(), tiny("cnn6")
    assert [len(window) for window in fe.features(sound(12.5, 32_000), 32_000).windows] == [1001, 1001]
    for samples in (1, 512, 513, 3_200, 320_001):
        wave = sound(1.0, 32_000)[:1].repeat(samples) if samples < 600 else sound(samples / 32_000, 32_000)
        row = Embedder(model, fe)([{"array": wave, "sampling_rate": 32_000}])
        assert np.isfinite(row).all()
    with pytest.raises(ShortAudioError, match="512 samples are too short for panns"):
        fe.features(np.ones(512, np.float32), 32_000, protocol="published")
    assert len(fe.features(sound(12.5, 32_000), 32_000, protocol="published").windows) == 1


def test_bad_input_is_refused():
    model = tiny()
    for shape in ((2, 64), (2, 0, 64), (2, 40, 63)):
        with pytest.raises(ValueError, match=r"expected \(windows, frames, 64 mel bands\)"):
            model(torch.zeros(shape))
