"""Waveforms the audio tests share: real body sounds, and synthetic ones with a known answer."""

from __future__ import annotations

import importlib
import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

CIRCOR = "data/circor-digiscope-1.0.3"
SPRSOUND = "data/sprsound"
MP3 = "data/covid19-cough/raw"


def real_files(shared: Path, folder: str, pattern: str, count: int) -> list[Path]:
    """Evenly spread recordings of one dataset, at least one or the test fails: an empty list would prove nothing."""
    files = sorted((shared / folder).rglob(pattern))
    assert files, f"no {pattern} in {folder}"
    return files[:: max(1, len(files) // count)][:count]


def wav_bytes(samples: npt.NDArray[np.float32], rate: int, **options: str) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, **{"format": "WAV", "subtype": "PCM_16", **options})
    return stream.getvalue()


def chirp(seconds: float, rate: int, seed: int = 0) -> npt.NDArray[np.float32]:
    """A swept tone with noise, between 0.1 s of quiet on both sides."""
    t = np.arange(int(seconds * rate)) / rate
    noise = np.random.default_rng(seed).standard_normal(len(t))
    tone = 0.4 * np.sin(2 * np.pi * (60 * t + 150 * t**2)) + 0.02 * noise
    return np.where((t >= 0.1) & (t < seconds - 0.1), tone, 1e-6 * noise).astype(np.float32)


def ffmpeg_is_there() -> bool:
    try:
        importlib.import_module("torchcodec.decoders").AudioDecoder(wav_bytes(chirp(0.5, 8_000), 8_000))
    except (ImportError, OSError, RuntimeError):
        return False
    return True


@pytest.fixture
def needs_ffmpeg() -> None:
    if not ffmpeg_is_there():
        pytest.skip("torchcodec or the FFmpeg libraries are not installed")
