"""Whisper over shorter windows than its 30 s, and read faster than recorded."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoFeatureExtractor, AutoModel, WhisperFeatureExtractor

import hf_auscult
from hf_auscult.audio import read
from hf_auscult.embedding.embedder import Embedder
from hf_auscult.errors import ConfigurationError, FeatureError
from hf_auscult.models.adapter.whisper import encode_any_length
from hf_auscult.training.collate import AlignmentCollator
from tests.models.adapter import tiny
from tests.models.zoo import sound

RATE = 16_000


def whisper(**settings):
    return hf_auscult.adapt(
        tiny.native_model("whisper"), WhisperFeatureExtractor(feature_size=16, chunk_length=1), **settings
    )


def test_of_whole_windows_it_is_whisper_to_the_bit():
    model, fe = whisper(layers=[1])
    inputs = torch.from_numpy(fe.features(sound(1.0, RATE), RATE).windows[0])[None].transpose(1, 2)
    model.native.set_attn_implementation("eager")
    settings = {"output_hidden_states": True, "output_attentions": True}
    with torch.no_grad():
        own, ours = model.native(inputs, **settings), encode_any_length(model.native, inputs, **settings)
    for name in ("hidden_states", "attentions"):
        assert len(own[name]) == len(ours[name]) > 1
        assert all(torch.equal(one, other) for one, other in zip(own[name], ours[name], strict=True))
    assert torch.equal(own.last_hidden_state, ours.last_hidden_state)


def test_without_padding(tmp_path):
    model, fe = whisper(real_frames=True, pooling="mean_std")
    wave = sound(0.61, RATE)
    assert fe(wave, sampling_rate=RATE)["input_features"].shape == (1, 61, 16)
    assert whisper()[1](wave, sampling_rate=RATE)["input_features"].shape == (1, 100, 16)
    row = {"array": wave, "sampling_rate": RATE}
    out = model(**fe(wave, sampling_rate=RATE, return_tensors="pt"))
    assert out.last_hidden_state.shape == (1, 31, 32)
    expected = torch.cat([out.last_hidden_state.mean(1), out.last_hidden_state.std(1, correction=0)], dim=1)
    torch.testing.assert_close(out.pooler_output, expected)
    with pytest.raises(ConfigurationError, match="no published window rule"):
        fe.rule("published")
    with pytest.raises(FeatureError, match="up to 100"):
        model.check_input(torch.zeros(1, 101, 16))
    model.save_pretrained(tmp_path)
    fe.save_pretrained(tmp_path)
    again = Embedder(AutoModel.from_pretrained(tmp_path).eval(), AutoFeatureExtractor.from_pretrained(tmp_path))
    assert np.array_equal(again([row])[0], Embedder(model, fe)([row])[0])
    with pytest.raises(ConfigurationError, match="real_frames"):
        hf_auscult.adapt(tiny.native_model("ast"), tiny.NATIVES["ast"]()[1], real_frames=True)


def test_read_faster(tmp_path):
    """Sound at 4 kHz taken for 16 kHz: the same as handing it over with a wrong rate."""
    model, fast = whisper(rate_factor=4.0)
    _, plain = whisper()
    recording = {"array": sound(3.1, RATE), "sampling_rate": RATE}
    slow = read(recording, sampling_rate=RATE // 4).array
    features, expected = fast.features(recording), plain.features(slow, RATE)
    assert all(np.array_equal(one, other) for one, other in zip(features.windows, expected.windows, strict=True))
    assert sum(features.seconds) == pytest.approx(3.1, abs=1e-3)
    fast.save_pretrained(tmp_path)
    assert AutoFeatureExtractor.from_pretrained(tmp_path).rate_factor == 4
    row = Embedder(model, fast)([recording])
    np.testing.assert_array_equal(row, Embedder(model, plain)([{"array": slow, "sampling_rate": RATE}]))
    assert not np.allclose(row, Embedder(model, plain)([recording]), atol=1e-3)
    for factor in (0, -1, 3):
        with pytest.raises(ConfigurationError, match="rate_factor"):
            whisper(rate_factor=factor)
    with pytest.raises(ConfigurationError, match="rate_factor 4"):
        AlignmentCollator(fast)
