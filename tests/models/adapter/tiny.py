"""Every kind of transformers' audio encoder at a tiny size, with its own feature extractor."""

from __future__ import annotations

from typing import Any

import torch
from transformers import (
    ASTConfig,
    ASTFeatureExtractor,
    AutoConfig,
    ClapAudioConfig,
    ClapFeatureExtractor,
    HubertConfig,
    PreTrainedModel,
    ViTConfig,
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    WavLMConfig,
    WhisperConfig,
    WhisperFeatureExtractor,
)

from hf_auscult.audio import WindowPolicy
from hf_auscult.features.hear import HearFeatureExtractor
from hf_auscult.features.native import NativeFeatureExtractor
from hf_auscult.models.adapter import AudioAdapterConfig
from hf_auscult.models.adapter.natives import native_of

SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
}
WAVES: dict[str, Any] = {
    **SIZES,
    "conv_dim": (16, 16, 16),
    "conv_kernel": (10, 3, 3),
    "conv_stride": (10, 8, 4),  # 20 ms a token, as in the published sizes
    "num_feat_extract_layers": 3,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
    # Drawn at random in training, and without a gradient where nothing is drawn.
    "mask_time_prob": 0.0,
    "layerdrop": 0.0,
}
CLAP: dict[str, Any] = {
    "patch_embeds_hidden_size": 8,
    "hidden_size": 16,
    "depths": [2, 2],
    "num_attention_heads": [2, 2],
    "num_mel_bins": 16,
    "spec_size": 64,
    "window_size": 4,
    "drop_path_rate": 0.0,
}
WHISPER: dict[str, Any] = {
    "d_model": 32,
    "encoder_layers": 2,
    "encoder_attention_heads": 2,
    "encoder_ffn_dim": 64,
    "decoder_layers": 1,
    "decoder_attention_heads": 2,
    "decoder_ffn_dim": 64,
    "num_mel_bins": 16,
    "max_source_positions": 50,
    "vocab_size": 50,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 3,
}
QWEN: dict[str, Any] = {
    "d_model": 32,
    "encoder_layers": 2,
    "encoder_attention_heads": 2,
    "encoder_ffn_dim": 64,
    "num_mel_bins": 16,
    "n_window": 10,
    "output_dim": 24,
    "max_source_positions": 50,
}


def clap_extractor(truncation: str) -> ClapFeatureExtractor:
    return ClapFeatureExtractor(
        feature_size=16,
        sampling_rate=16_000,
        hop_length=160,
        max_length_s=1,
        frequency_max=8_000,
        truncation=truncation,
    )


#: name -> (configuration, feature extractor)
NATIVES = {
    "ast": lambda: (
        ASTConfig(**SIZES, max_length=64, num_mel_bins=32),
        ASTFeatureExtractor(max_length=64, num_mel_bins=32),
    ),
    "clap": lambda: (ClapAudioConfig(**CLAP), clap_extractor("rand_trunc")),
    "clap-fused": lambda: (ClapAudioConfig(**CLAP, enable_fusion=True), clap_extractor("fusion")),
    "whisper": lambda: (WhisperConfig(**WHISPER), WhisperFeatureExtractor(feature_size=16, chunk_length=1)),
    "wav2vec2": lambda: (Wav2Vec2Config(**WAVES), Wav2Vec2FeatureExtractor()),
    "hubert": lambda: (
        HubertConfig(**WAVES, feat_extract_norm="layer", do_stable_layer_norm=True),
        Wav2Vec2FeatureExtractor(),
    ),
    "wavlm": lambda: (WavLMConfig(**WAVES), Wav2Vec2FeatureExtractor()),
    "qwen": lambda: (
        AutoConfig.for_model("qwen2_5_omni_audio_encoder", **QWEN),
        WhisperFeatureExtractor(feature_size=16, chunk_length=1),
    ),
    "hear": lambda: (
        ViTConfig(
            **SIZES,
            image_size=(192, 128),
            patch_size=16,
            num_channels=1,
            pooler_act="linear",
            pooler_output_size=24,
        ),
        HearFeatureExtractor(),
    ),
}


def native_model(name: str, seed: int = 0) -> PreTrainedModel:
    """The encoder itself, as transformers has it."""
    torch.manual_seed(seed)
    config = NATIVES[name]()[0]
    return native_of(config).encoder_class(config).eval()


def config(name: str, **settings: Any) -> AudioAdapterConfig:
    return AudioAdapterConfig(encoder_config=NATIVES[name]()[0], **settings)


def extractor(name: str, windows: WindowPolicy | None = None) -> NativeFeatureExtractor:
    """The encoder's extractor under its own window policy, or under another."""
    configuration, native_extractor = NATIVES[name]()
    native = native_of(configuration)
    return NativeFeatureExtractor(
        native_extractor,
        windows or native.window(native_extractor),
        native.published,
        real_frames=native.real_frames,
    )
