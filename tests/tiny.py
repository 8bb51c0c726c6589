"""The smallest real models and pairs that the training tests need."""

from __future__ import annotations

import numpy as np
import torch

from hf_auscult.audio import WindowPolicy
from hf_auscult.features import FRONT_ENDS, AuscultFeatureExtractor
from hf_auscult.models.acula import AcuLaConfig
from hf_auscult.models.acula.modeling_acula import AcuLaModel
from hf_auscult.training import AlignmentDataset, AlignmentExample, CropPolicy

ENCODER = {
    "model_type": "opera-gt",
    "num_frames": 64,
    "patch_size": 8,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "position_layout": "aligned",
    "pooling": "band_mean_std",
    "decoder_hidden_size": 16,
    "decoder_num_hidden_layers": 2,
    "decoder_num_attention_heads": 2,
    "decoder_intermediate_size": 32,
    "decoder_view": "grid",
    "reconstruction_target": "standardised",
}
SPEC = FRONT_ENDS["heart"]
SAMPLES = SPEC.samples(64)
PATCHES = 64
EXTRACTOR = AuscultFeatureExtractor(SPEC, WindowPolicy("sliding", samples=SAMPLES))


def model(dropout: float = 0.2, seed: int = 0, **config: object) -> AcuLaModel:
    torch.manual_seed(seed)
    settings = {"text_size": 12, "projection_hidden_size": 24, "projection_size": 16, "teacher": None, **config}
    # The decoder's dropout goes with the projections'.
    audio = {**ENCODER, "decoder_position_dropout": dropout / 2}
    return AcuLaModel(AcuLaConfig(audio_config=audio, projection_dropout=dropout, **settings))


def examples(number: int = 16, groups: int = 1) -> list[AlignmentExample]:
    rng = np.random.default_rng(0)
    return [
        AlignmentExample(
            waveform=rng.standard_normal(SAMPLES + 500 * index).astype(np.float32) * 0.1,
            text_embeddings=rng.standard_normal((2, 12)).astype(np.float32),
            text_id=index,
            label=index % 2,
            group=f"set{index % groups}",
            subject_id=f"s{index}",
        )
        for index in range(number)
    ]


def dataset(number: int = 16, groups: int = 1, **settings: object) -> AlignmentDataset:
    return AlignmentDataset(
        examples(number, groups), CropPolicy(SAMPLES), sampling_rate=SPEC.sampling_rate, noise_size=PATCHES, **settings
    )
