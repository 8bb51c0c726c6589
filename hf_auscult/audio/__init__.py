"""Recordings in, windows of samples out: decoding, resampling, windowing, augmentation and quality checks."""

from __future__ import annotations

from .augment import Augmentation
from .decode import AudioInfo, Waveform, peek, read
from .quality import Quality, assess
from .resample import resample
from .windows import (
    PUBLISHED,
    WindowPolicy,
    Windows,
    fixed_length,
    overlapping_chunks,
    repeat_pad,
    sliding,
    trim_silence,
    zero_rule,
)

__all__ = [
    "PUBLISHED",
    "AudioInfo",
    "Augmentation",
    "Quality",
    "Waveform",
    "WindowPolicy",
    "Windows",
    "assess",
    "fixed_length",
    "overlapping_chunks",
    "peek",
    "read",
    "repeat_pad",
    "resample",
    "sliding",
    "trim_silence",
    "zero_rule",
]
