"""Read recordings from files, bytes, arrays and dataset cells; every defect is a typed error that names the file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import AudioError, EmptyAudioError, MissingAudioError, SamplingRateError
from ._arrays import FloatArray, as_mono, check_channels, check_rate, scaled, shaped
from ._codec import container, decode_all, open_decoder, stream_info
from ._sndfile import open_sound, opened
from .resample import resample


@dataclass(frozen=True, eq=False)
class Waveform:
    """One recording, mono.

    Args:
        array: float32 ``(n,)``, full scale is 1.
        sampling_rate: Hz.
        source: where it came from, for messages; None for an array.

    Example:
        >>> Waveform(np.zeros(8_000, np.float32), 16_000).seconds
        0.5
    """

    array: FloatArray
    sampling_rate: int
    source: str | None = None

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return len(self.array) / self.sampling_rate


@dataclass(frozen=True)
class AudioInfo:
    """What a recording's header says.

    Args:
        sampling_rate: Hz.
        channels: 1 or 2.
        frames: samples per channel; None when the header does not say (webm written live).
        seconds: duration; None likewise.
        format: container, e.g. ``WAV``, ``MP3``, ``MATROSKA``; ``ARRAY`` for samples in memory.
        subtype: coding, e.g. ``PCM_16``, ``opus``, ``float32``.
    """

    sampling_rate: int
    channels: int
    frames: int | None
    seconds: float | None
    format: str
    subtype: str


def read(source: object, *, sampling_rate: int | None = None) -> Waveform:
    """Read a recording as mono float32.

    wav, flac, ogg and mp3 go through libsndfile and give what ``librosa.load`` gives, bit for bit; webm, mp4, m4a, aac
    and wma go through torchcodec (extra ``codec``). So do MP3 and FLAC files written by a streaming encoder, whose
    header does not state the length: libsndfile (and librosa) would cut a variable-bitrate one silently.
    Stereo becomes its mean. Integer arrays are PCM and divided by their full scale; floating-point samples are kept as
    they are, also beyond 1.

    Args:
        source: a path, the bytes of a file, ``{"array", "sampling_rate"}``, ``{"bytes", "path"}`` (a cell of a
            datasets column with ``Audio(decode=False)``; bytes win), the decoder that a decoding column hands out, or
            a :class:`Waveform`. Arrays are ``(n,)`` or ``(channels, n)``.
        sampling_rate: resample to this rate, Hz (soxr, high quality); None keeps the recording's own.

    Returns:
        The recording; ``source`` is the path where there is one.

    Raises:
        MissingAudioError: no such file, or a cell with neither bytes nor path.
        UndecodableAudioError: not audio, cut short, damaged, or a codec is not installed.
        EmptyAudioError: no samples.
        NonFiniteAudioError: NaN or infinite samples.
        SamplingRateError: a bare array, or a rate outside 500..768000 Hz.
        ChannelError: more than two channels, or an array of another shape.

    Example:
        >>> read({"array": np.array([0, 16_384], np.int16), "sampling_rate": 4_000}).array
        array([0. , 0.5], dtype=float32)
    """
    wanted = None if sampling_rate is None else check_rate(sampling_rate, where="the rate asked for")
    channels, rate, where = _samples(source)
    named = None if where.startswith("<") else where
    mixed = channels[0] if len(channels) == 1 else np.mean(channels, axis=0)  # librosa.to_mono
    mono = as_mono(mixed, where=where)
    if wanted is not None and wanted != rate:
        return Waveform(resample(mono, rate, wanted), wanted, named)
    return Waveform(mono, rate, named)


def peek(source: object) -> AudioInfo:
    """Read a recording's header, not its samples.

    Args:
        source: as for :func:`read`.

    Raises:
        AudioError: the same errors as :func:`read`, as far as the header shows them.

    Example:
        >>> peek({"array": np.zeros(8_000), "sampling_rate": 4_000}).seconds
        2.0
    """
    kind, value, where = _resolve(source)
    if kind == "array":
        array, rate = shaped(value[0], where), check_rate(value[1], where=where)
        return _info(rate, len(array), array.shape[1], "ARRAY", str(np.asarray(value[0]).dtype), where)
    if kind == "decoder":
        return _stream(value, "DECODER", where)
    with opened(value, where) as (stream, size):
        form = container(stream.read(12))
        if form is None:
            with open_sound(stream, size, where) as sound:
                file = sound.file
                return _info(file.samplerate, file.channels, sound.frames, file.format, file.subtype, where)
    return _stream(open_decoder(_plain(value), where=where, form=form), form, where)


def _samples(source: object) -> tuple[FloatArray, int, str]:
    """Samples ``(channels, n)`` with 1 or 2 channels, their rate, and a name for messages."""
    kind, value, where = _resolve(source)
    if kind == "array":
        rate = check_rate(value[1], where=where)
        return scaled(shaped(value[0], where), where), rate, where
    if kind == "decoder":
        return _decoded(value, "this", where)
    with opened(value, where) as (stream, size):
        form = container(stream.read(12))
        if form is None:
            with open_sound(stream, size, where) as sound:
                if sound.readable:
                    return sound.read(where), sound.file.samplerate, where
                form = str(sound.file.format)  # FFmpeg reads to the end without being told where that is
    return _decoded(open_decoder(_plain(value), where=where, form=form), form, where)


def _resolve(source: object) -> tuple[str, Any, str]:
    """Say what ``source`` is: ("array", (samples, rate)) | ("file", path or bytes) | ("decoder", it), and its name."""
    if isinstance(source, Waveform):
        return "array", (source.array, source.sampling_rate), source.source or "<waveform>"
    if isinstance(source, (str, os.PathLike)):
        return "file", Path(os.fsdecode(source)), os.fsdecode(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return "file", bytes(source), "<bytes>"
    if isinstance(source, Mapping):
        path = source.get("path")
        if source.get("array") is not None:
            return "array", (source["array"], source.get("sampling_rate")), str(path or "<array>")
        if source.get("bytes") is not None:
            return "file", bytes(source["bytes"]), str(path or "<bytes>")
        if path is not None:
            return "file", Path(os.fsdecode(path)), os.fsdecode(path)
        raise MissingAudioError(
            f"a mapping with the keys {sorted(map(str, source))} holds no recording",
            remedy='give {"array", "sampling_rate"} or {"bytes", "path"}',
        )
    if hasattr(source, "get_all_samples"):
        path = getattr(getattr(source, "metadata", None), "path", None)
        return "decoder", source, str(path or "<decoder>")
    if isinstance(source, (list, tuple)) or hasattr(source, "__array__"):
        raise SamplingRateError(
            "a bare array has no rate", where="<array>", remedy='pass {"array": samples, "sampling_rate": Hz}'
        )
    raise AudioError(
        f"a {type(source).__name__} is not a recording",
        remedy='pass a path, bytes, {"array", "sampling_rate"} or {"bytes", "path"}',
    )


def _decoded(decoder: Any, form: str, where: str) -> tuple[FloatArray, int, str]:
    data, rate = decode_all(decoder, where=where, form=form)
    return shaped(data, where), check_rate(rate, where=where), where


def _stream(decoder: Any, form: str, where: str) -> AudioInfo:
    info = stream_info(decoder)
    rate = check_rate(info.sampling_rate, where=where)
    frames = None if info.seconds is None else round(info.seconds * rate)
    return _info(rate, info.channels or 1, frames, form, info.codec, where)


def _info(rate: int, channels: int, frames: int | None, form: str, subtype: str, where: str) -> AudioInfo:
    check_channels(channels, where)
    if frames == 0:
        raise EmptyAudioError("no samples", where=where, remedy="leave the recording out, or record it again")
    return AudioInfo(rate, channels, frames, None if frames is None else frames / rate, form, subtype)


def _plain(value: Path | bytes) -> str | bytes:
    return value if isinstance(value, bytes) else str(value)
