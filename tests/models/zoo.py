"""Every registered encoder at a tiny size: one line here gives a new encoder the whole suite of test_every_encoder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from transformers import AutoModel, PreTrainedConfig, PreTrainedModel

from hf_auscult.audio import WindowPolicy
from hf_auscult.features import AuscultFeatureExtractor, OpenSmileFeatureExtractor, WindowedFeatureExtractor
from hf_auscult.models.opensmile import OpenSmileConfig
from hf_auscult.models.opera import OperaGTConfig
from tests.models.adapter import tiny as natives


@dataclass(frozen=True)
class Variant:
    """One encoder at a tiny size.

    Args:
        name: shown by the tests.
        config: makes its configuration.
        extractor: makes its feature extractor; short windows keep the suite fast.
        attentions: it returns attention weights.
        sdpa: it has eager and SDPA attention.
        hidden_states: it returns hidden states.
        parameters: it has weights to train.
        checkpointing: it supports gradient checkpointing.
        lora: modules that LoRA is attached to.
        compiles: empty, or why `torch.compile` breaks its graph.
    """

    name: str
    config: Callable[[], PreTrainedConfig]
    extractor: Callable[[], WindowedFeatureExtractor]
    attentions: bool = False
    sdpa: bool = False
    hidden_states: bool = True
    parameters: bool = True
    checkpointing: bool = True
    lora: Any = "all-linear"
    compiles: str = ""

    def model(self, seed: int = 0, cls: Any = AutoModel, **settings: Any) -> PreTrainedModel:
        """Build it in evaluation mode, the same for every call."""
        torch.manual_seed(seed)
        config = self.config()
        for name, value in settings.items():
            setattr(config, name, value)
        return cls.from_config(config).eval()

    def inputs(self, windows: int = 2, seed: int = 0) -> torch.Tensor:
        """Features of `windows` windows of a synthetic recording."""
        fe = self.extractor()
        policy, rate = fe.windows, fe.sampling_rate
        length = policy.length(rate)
        assert length is not None, "the suite wants windows of one length"
        found = fe.features(sound(windows * length / rate, rate, seed), rate).windows
        return torch.from_numpy(np.stack(found))


def sound(seconds: float, rate: int, seed: int = 0) -> np.ndarray:
    """A modulated chirp in noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    chirp = np.sin(2 * np.pi * (80 + 20 * seed + 150 * time) * time) * (0.3 + 0.2 * np.sin(9 * time))
    return (chirp + 0.05 * rng.standard_normal(len(time))).astype(np.float32)


def opera(seconds: float) -> Callable[[], AuscultFeatureExtractor]:
    return lambda: AuscultFeatureExtractor("opera", WindowPolicy("sliding", seconds=seconds))


def tiny_gt(**settings: Any) -> Callable[[], OperaGTConfig]:
    sizes: dict[str, Any] = {
        "num_frames": 64,
        "patch_size": 8,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "decoder_hidden_size": 16,
        "decoder_num_hidden_layers": 2,
        "decoder_num_attention_heads": 2,
        "decoder_intermediate_size": 32,
        "decoder_view": "grid",
    }
    return lambda: OperaGTConfig(**{**sizes, **settings})


def native(name: str, seconds: float | None = None, padding: Any = "repeat", **flags: Any) -> Variant:
    """One of transformers' own encoders; encoders of waveforms get short windows."""
    windows = seconds and WindowPolicy("sliding", seconds=seconds, padding=padding, minimum_samples=480)
    return Variant(
        f"adapter/{name}",
        partial(natives.config, name),
        partial(natives.extractor, name, windows or None),
        **{"attentions": True, "sdpa": True, **flags},
    )


ZOO = [
    Variant("opera-gt", tiny_gt(), opera(2.016), attentions=True, sdpa=True),
    Variant("opera-gt/band", tiny_gt(pooling="band_mean_std", position_layout="aligned"), opera(2.016), True, True),
    native("ast"),
    native("whisper"),
    native("wav2vec2", 0.25),
    native("hubert", 0.25),
    # Its attention reads the projections' weights past their modules: LoRA there acts only once it is merged.
    native("wavlm", 0.25, sdpa=False, lora=["intermediate_dense", "output_dense"]),
    native("clap", sdpa=False),
    native("clap-fused", sdpa=False, compiles="CLAP's fusion counts the windows that are longer, a size in the graph"),
    native("hear"),
    native("qwen", 0.5, attentions=False, compiles="Qwen's encoder splits its chunks by lengths read from a tensor"),
    Variant(
        "opensmile",
        partial(OpenSmileConfig, feature_set="eGeMAPSv02"),
        partial(OpenSmileFeatureExtractor, "eGeMAPSv02", WindowPolicy("sliding", seconds=0.5)),
        hidden_states=False,
        parameters=False,
        checkpointing=False,
    ),
]
