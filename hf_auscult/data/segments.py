"""Examples that are a part of a recording: exactly its samples, as a wav of the original rate and sample format."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import soundfile

from ..audio import read

_EXACT = {"PCM_U8", "PCM_S8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"}


def cut(data: bytes, path: str, number: int, start: float, end: float) -> dict[str, Any]:
    """Cut ``start`` to ``end`` (seconds, at most the recording's end; at least one sample) out of a recording.

    Args:
        data: the recording's file.
        path: its path in the dataset.
        number: the segment's, for its name.
        start, end: seconds.

    Returns:
        ``{"bytes", "path"}`` of a wav. Samples of wav and flac files are bit for bit the original's; of others they
        are what the file decodes to, as 16 bit mono.
    """
    samples, rate, subtype = _samples(data, path)
    first = min(round(start * rate), len(samples) - 1)
    part = samples[first : max(first + 1, round(end * rate))]
    target = io.BytesIO()
    soundfile.write(target, part, rate, format="WAV", subtype="PCM_U8" if subtype == "PCM_S8" else subtype)
    pure = PurePosixPath(path)
    return {"bytes": target.getvalue(), "path": str(pure.with_name(f"{pure.stem}_{number:03d}.wav"))}


@lru_cache(maxsize=2)
def _samples(data: bytes, path: str) -> tuple[np.ndarray, int, str]:
    """All samples of a file, its rate and the sample format to write; consecutive segments share the reading."""
    try:
        info = soundfile.info(io.BytesIO(data))
    except soundfile.LibsndfileError:
        info = None
    if info is None or info.subtype not in _EXACT or info.format not in ("WAV", "WAVEX", "FLAC"):
        waveform = read({"bytes": data, "path": path})
        return waveform.array, waveform.sampling_rate, "PCM_16"
    wide = {"FLOAT": "float32", "DOUBLE": "float64", "PCM_24": "int32", "PCM_32": "int32"}.get(info.subtype, "int16")
    samples, rate = soundfile.read(io.BytesIO(data), dtype=wide, always_2d=False)
    return samples, rate, info.subtype
