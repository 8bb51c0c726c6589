"""Every registered encoder at a tiny size: one line here gives a new encoder the whole suite of test_every_encoder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from transformers import AutoModel, PreTrainedConfig, PreTrainedModel

from hf_auscult.audio import PUBLISHED, WindowPolicy
from hf_auscult.features import (
    FRONT_ENDS,
    AuscultFeatureExtractor,
    OpenSmileFeatureExtractor,
    PublishedVariant,
    WindowedFeatureExtractor,
)
from hf_auscult.models.audiomae import AudioMAEConfig
from hf_auscult.models.auscultabase import AuscultaBaseConfig
from hf_auscult.models.beats import BeatsConfig
from hf_auscult.models.msclap import MSClapConfig
from hf_auscult.models.opensmile import OpenSmileConfig
from hf_auscult.models.opera import OperaCEConfig, OperaCTConfig, OperaGTConfig
from hf_auscult.models.panns import PannsConfig
from hf_auscult.models.vggish import VGGishConfig
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


HTSAT = {
    "spec_size": 128,
    "patch_size": 8,
    "embed_size": 16,
    "depths": (2, 2),
    "num_attention_heads": (2, 4),
    "window_size": 4,
    "view_frames": 32,
    "projection_size": 24,
}


def tiny_ce() -> OperaCEConfig:
    return OperaCEConfig(width_coefficient=0.1, depth_coefficient=0.3, view_frames=40, projection_size=24)


def tiny_ce_cnn() -> OperaCEConfig:
    return OperaCEConfig(network="cnn", conv_channels=(4, 8), pooling="band_mean_std", projection_size=24)


def tiny_panns(architecture: str, *channels: int) -> Callable[[], PannsConfig]:
    return lambda: PannsConfig(architecture=architecture, conv_channels=channels, num_tags=5)


def tiny_vggish() -> VGGishConfig:
    return VGGishConfig(conv_channels=[[4], [8, 8], [8]], intermediate_size=32, embedding_size=16)


def vggish_windows() -> AuscultFeatureExtractor:
    published = PUBLISHED["vggish"]
    opera_rate = {"opera": PublishedVariant(published, read_rate=22_050)}
    return AuscultFeatureExtractor("vggish", WindowPolicy("sliding", samples=15_600), published, opera_rate)


def tiny_msclap(version: str) -> Callable[[], MSClapConfig]:
    htsat = {
        "spec_size": 128,
        "window_size": 4,
        "patch_embeds_hidden_size": 8,
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "depths": [2, 2],
        "num_attention_heads": [2, 4],
    }
    sizes: dict[str, Any] = {"projection_size": 12, "num_tags": 5, "crop_frames": 172, "crop_hop": 86}
    return lambda: MSClapConfig(version=version, conv_channels=[8, 16], audio_config=htsat, **sizes)


def log_mel(front_end: str, **policy: Any) -> Callable[[], AuscultFeatureExtractor]:
    """An extractor of short windows with the published front end and rule."""
    return lambda: AuscultFeatureExtractor(front_end, WindowPolicy("sliding", **policy), PUBLISHED[front_end])


def tiny_audiomae(**settings: Any) -> Callable[[], AudioMAEConfig]:
    sizes: dict[str, Any] = {
        "num_frames": 64,
        "hidden_size": 32,
        "num_hidden_layers": 3,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "contextual_layers": 2,
        "decoder_hidden_size": 16,
        "decoder_num_hidden_layers": 2,
        "decoder_num_attention_heads": 2,
        "decoder_intermediate_size": 32,
    }
    return lambda: AudioMAEConfig(**{**sizes, **settings})


def audiomae_extractor() -> AuscultFeatureExtractor:
    """The published one, with images of 64 frames."""
    from hf_auscult.models.audiomae.convert_audiomae import CONVERSIONS

    fe = CONVERSIONS["audiomae"].feature_extractor()
    fe.front_end = replace(fe.front_end, num_frames=64)
    fe.windows = replace(fe.windows, samples=fe.front_end.samples(64))
    raw = replace(FRONT_ENDS["audiomae-raw"], num_frames=64)
    fe.published_variants = {name: replace(variant, front_end=raw) for name, variant in fe.published_variants.items()}
    return fe


def tiny_beats(**settings: Any) -> Callable[[], BeatsConfig]:
    sizes: dict[str, Any] = {
        "patch_embedding_size": 16,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "num_conv_pos_embeddings": 16,
        "num_conv_pos_embedding_groups": 2,
        "num_buckets": 32,
        "max_bucket_distance": 40,
        "codebook_size": 20,
        "codebook_dim": 12,
        "predictor_num_hidden_layers": 1,
        "layerdrop": 0.0,  # drawn at random in training
    }
    return lambda: BeatsConfig(**{**sizes, **settings})


def native(name: str, seconds: float | None = None, **flags: Any) -> Variant:
    """One of transformers' own encoders; encoders of waveforms get short windows."""
    windows = seconds and WindowPolicy("sliding", seconds=seconds, padding="shift", minimum_samples=480)
    return Variant(
        f"adapter/{name}",
        partial(natives.config, name),
        partial(natives.extractor, name, windows or None),
        **{"attentions": True, "sdpa": True, **flags},
    )


ZOO = [
    Variant("opera-ct", lambda: OperaCTConfig(**HTSAT), opera(2.016), attentions=True),
    Variant("opera-ct/crops", lambda: OperaCTConfig(**HTSAT), opera(9.6), attentions=True),
    # Long enough for last maps of several cells: of one cell, the last bit depends on where in memory the weights lie.
    Variant("opera-ce", tiny_ce, opera(4.064), lora=["expand_conv", "project_conv"]),
    Variant("opera-ce/cnn", tiny_ce_cnn, opera(2.016), lora=["conv1", "conv2"]),
    Variant("opera-gt", tiny_gt(), opera(2.016), attentions=True, sdpa=True),
    Variant("opera-gt/band", tiny_gt(pooling="band_mean_std", position_layout="aligned"), opera(2.016), True, True),
    Variant("auscultabase", lambda: AuscultaBaseConfig(**HTSAT), opera(2.016), attentions=True),
    Variant("panns/cnn6", tiny_panns("cnn6", 8, 16), log_mel("panns", seconds=0.5, minimum_samples=513)),
    Variant("panns/cnn10", tiny_panns("cnn10", 8, 16), log_mel("panns", seconds=0.5, minimum_samples=513)),
    Variant("panns/cnn14", tiny_panns("cnn14", 8, 16, 24), log_mel("panns", seconds=0.5, minimum_samples=513)),
    Variant("vggish", tiny_vggish, vggish_windows),
    Variant("msclap/2022", tiny_msclap("2022"), log_mel("msclap-2022", seconds=0.5)),
    Variant("msclap/2023", tiny_msclap("2023"), log_mel("msclap-2023", seconds=0.5), attentions=True),
    Variant("msclap/2023-crops", tiny_msclap("2023"), log_mel("msclap-2023", seconds=2.0), attentions=True),
    Variant("audiomae", tiny_audiomae(), audiomae_extractor, attentions=True, sdpa=True),
    Variant("audiomae/contextual", tiny_audiomae(pooling="contextual"), audiomae_extractor, True, True),
    Variant("audiomae/fine-tuned", tiny_audiomae(final_norm=False), audiomae_extractor, True, True),
    Variant("beats", tiny_beats(), log_mel("beats", seconds=0.5, padding="shift", minimum_samples=2_800), True, True),
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

GT = next(variant for variant in ZOO if variant.name == "opera-gt")
