"""Recordings in, windows of samples out: decoding, resampling, windowing, augmentation and quality checks."""

from __future__ import annotations

from .augment import Augmentation
from .cuts import chunks, fixed_length, overlapping_chunks, repeat_pad, sliding, tile, zero_rule
from .decode import AudioInfo, Waveform, peek, read
from .quality import Quality, assess
from .resample import resample
from .silence import trim_silence
from .windows import PUBLISHED, WindowPolicy, Windows

__all__ = [
    "PUBLISHED",
    "AudioInfo",
    "Augmentation",
    "Quality",
    "Waveform",
    "WindowPolicy",
    "Windows",
    "assess",
    "chunks",
    "fixed_length",
    "overlapping_chunks",
    "peek",
    "read",
    "repeat_pad",
    "resample",
    "sliding",
    "tile",
    "trim_silence",
    "zero_rule",
]
