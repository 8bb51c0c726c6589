"""Recordings in, windows of samples out: decoding, resampling, windowing, augmentation and quality checks."""

from __future__ import annotations

from .augment import Augmentation
from .cuts import chunks, fixed_length, overlapping_chunks, repeat_pad, sliding, tile, zero_rule
from .decode import AudioInfo, Waveform, peek, read
from .listing import AUDIO_SUFFIXES, Listing, list_recordings
from .quality import Quality, assess
from .resample import resample
from .silence import trim_silence
from .windows import PUBLISHED, WindowPolicy, Windows

__all__ = [
    "AUDIO_SUFFIXES",
    "PUBLISHED",
    "AudioInfo",
    "Augmentation",
    "Listing",
    "Quality",
    "Waveform",
    "WindowPolicy",
    "Windows",
    "assess",
    "chunks",
    "fixed_length",
    "list_recordings",
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
