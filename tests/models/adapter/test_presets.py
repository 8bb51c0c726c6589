"""Every preset reads a tiny random encoder of its kind; names reach `adapt` and `embed` without being loaded here."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import hf_auscult
from hf_auscult.embedding.embedder import Embedder
from hf_auscult.errors import ConfigurationError
from hf_auscult.models.adapter import convert_adapter
from hf_auscult.models.adapter.natives import native_of
from hf_auscult.models.adapter.presets import presets
from tests.models.adapter.tiny import NATIVES
from tests.models.zoo import sound

KINDS = {"qwen2.5-omni": "qwen"} | {name: name.partition("-")[0] for name in presets() if name != "qwen2.5-omni"}


@pytest.mark.parametrize("name", presets())
def test_a_preset_by_name(name, monkeypatch):
    config, extractor = NATIVES[KINDS[name]]()
    if KINDS[name] == "whisper":
        config.encoder_layers, config.max_source_positions = 4, 500
        extractor = type(extractor)(feature_size=16, chunk_length=10)
    preset, asked = presets()[name], []
    torch.manual_seed(0)
    encoder = native_of(config).encoder_class(config).eval()
    monkeypatch.setattr(convert_adapter, "check_reachable", lambda hub_id: None)
    monkeypatch.setattr(convert_adapter, "_load", lambda hub_id: asked.append(hub_id) or encoder)
    monkeypatch.setattr(convert_adapter, "_extractor", lambda hub_id, config: extractor)
    recordings = [{"array": sound(seconds, 16_000), "sampling_rate": 16_000} for seconds in (0.4, 1.3)]
    embedder = Embedder(name)
    assert asked == [preset.model]
    rows = embedder(recordings)
    model, fe = hf_auscult.adapt(name)
    assert fe.rate_factor == preset.rate_factor
    assert (model.config.layers, model.config.pooling) == (preset.layers, preset.pooling)
    assert rows.shape == (2, model.config.pooled_size)
    assert np.isfinite(rows).all()
    assert np.abs(rows[0] - rows[1]).max() > 1e-4
    with pytest.raises(ConfigurationError, match="is a preset"):
        hf_auscult.adapt(name, layers=[0])


def test_what_was_not_checked_says_so():
    assert all(preset.checked for preset in presets().values())
    assert {name for name, preset in presets().items() if preset.checked != "no"} == {
        "whisper-base",
        "whisper-base-heart",
    }
