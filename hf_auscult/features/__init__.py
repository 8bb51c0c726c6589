"""Waveform -> log-mel windows: front ends as data, one batched implementation, the Hugging Face extractor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .spec import FRONT_ENDS, FrontEnd, register_front_end

if TYPE_CHECKING:
    from .feature_extraction_auscult import AuscultFeatureExtractor
    from .feature_extraction_opensmile import OpenSmileFeatureExtractor
    from .logmel import log_mel, mel_bank, mel_power
    from .native import NativeFeatureExtractor
    from .windowed import Features, PublishedVariant, WindowedFeatureExtractor

_HOMES = {
    "AuscultFeatureExtractor": "feature_extraction_auscult",
    "Features": "windowed",
    "NativeFeatureExtractor": "native",
    "OpenSmileFeatureExtractor": "feature_extraction_opensmile",
    "PublishedVariant": "windowed",
    "WindowedFeatureExtractor": "windowed",
    "log_mel": "logmel",
    "mel_bank": "logmel",
    "mel_power": "logmel",
}
__all__ = [
    "FRONT_ENDS",
    "AuscultFeatureExtractor",
    "Features",
    "FrontEnd",
    "NativeFeatureExtractor",
    "OpenSmileFeatureExtractor",
    "PublishedVariant",
    "WindowedFeatureExtractor",
    "log_mel",
    "mel_bank",
    "mel_power",
    "register_front_end",
]


def __getattr__(name: str) -> Any:
    """Load torchaudio and transformers only when they are needed."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
