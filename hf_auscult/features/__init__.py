"""Waveform -> log-mel windows: front ends as data, one batched implementation, the Hugging Face extractor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .spec import FRONT_ENDS, FrontEnd

if TYPE_CHECKING:
    from .feature_extraction_auscult import AuscultFeatureExtractor
    from .logmel import log_mel, mel_bank, mel_power

__all__ = ["FRONT_ENDS", "AuscultFeatureExtractor", "FrontEnd", "log_mel", "mel_bank", "mel_power"]


def __getattr__(name: str) -> Any:
    """Load torchaudio and transformers only when they are needed."""
    if name == "AuscultFeatureExtractor":
        from .feature_extraction_auscult import AuscultFeatureExtractor

        return AuscultFeatureExtractor
    if name in {"log_mel", "mel_bank", "mel_power"}:
        from . import logmel

        return getattr(logmel, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
