"""Read recordings from files, bytes, arrays and dataset cells; every defect is a typed error that names the file."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import (
    AudioError,
    EmptyAudioError,
    MissingAudioError,
    SamplingRateError,
    UndecodableAudioError,
    limit,
)
from ._arrays import FloatArray, check_channels, check_finite, check_rate, scaled, shaped
from ._codec import container, decode_all, open_decoder, stream_info
from ._sndfile import open_sound
from ._sndfile import opened as opened
from .resample import joined

#: The mean of two channels that has less than this share (-10 dB) of the louder one's energy is what they cancelled
#: down to: two microphones of one body lose 3 dB where they have nothing in common, and 6 dB where one is silent.
CANCELLED = 0.1


@dataclass(frozen=True, eq=False)
class Waveform:
    """One recording, mono.

    Args:
        array: float32 ``(n,)``, full scale is 1.
        sampling_rate: Hz.
        source: where it came from, for messages; None for an array.
        note: what was odd about it and does not keep it from being used.

    Example:
        >>> Waveform(np.zeros(8_000, np.float32), 16_000).seconds
        0.5
    """

    array: FloatArray
    sampling_rate: int
    source: str | None = None
    note: str = ""

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
        frames: samples per channel; None when the header does not say (webm written live, MP3 without
            an index).
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
    Stereo becomes its mean, unless the channels cancel each other (one wire of a microphone swapped): then it is the
    louder one, which a warning and the ``note`` say. Integer arrays are PCM and divided by their full scale;
    floating-point samples are kept as they are, also beyond 1, up to 2**31. Files are decoded, mixed and resampled
    block by block, so an hour of stereo needs the memory of the result only.

    Ogg files without their last page, WAV, AIFF, AU, W64, CAF, NIST, VOC and 8SVX files with fewer bytes than their
    header counts, and FLAC and MP3 files with fewer samples are refused as cut short. webm, AAC and AMR files and MP3
    files without an index do not say how long they are: half of one passes for a shorter recording, and so does an Ogg
    file of several joined streams that is cut exactly between two of them.

    A recording may be 24 hours long and take 1 GiB as float32 (80 minutes at 48 kHz, 4.6 hours at 16 kHz), before and
    after resampling; ``AUSCULT_MAX_SECONDS`` and ``AUSCULT_MAX_AUDIO_BYTES`` in the environment set other bounds.

    Args:
        source: a path, the bytes of a file, ``{"array", "sampling_rate"}``, ``{"bytes", "path"}`` (a cell of a
            datasets column with ``Audio(decode=False)``; bytes win), the decoder that a decoding column hands out, or
            a :class:`Waveform`. Arrays are ``(n,)`` or ``(channels, n)``.
        sampling_rate: resample to this rate, Hz (soxr, high quality); None keeps the recording's own.

    Returns:
        The recording; ``source`` is the path where there is one.

    Raises:
        MissingAudioError: no such file, or a cell with neither bytes nor path.
        UndecodableAudioError: not audio, no regular file, cut short, damaged, too long, or a codec is not installed.
        EmptyAudioError: no samples.
        NonFiniteAudioError: NaN or infinite samples, or some beyond +-2**31.
        SamplingRateError: a bare array, or a rate outside 500..768000 Hz.
        ChannelError: more than two channels, or an array of another shape.

    Example:
        >>> read({"array": np.array([0, 16_384], np.int16), "sampling_rate": 4_000}).array
        array([0. , 0.5], dtype=float32)
    """
    wanted = None if sampling_rate is None else check_rate(sampling_rate, where="the rate asked for")
    kind, value, where = _resolve(source)
    named = None if where.startswith("<") else where
    if kind == "array":
        rate = check_rate(value[1], where=where)
        blocks = [scaled(shaped(value[0], where), where)]
        return _mono(lambda: blocks, rate, wanted or rate, where=where, named=named)
    if kind == "decoder":
        return _decoded(value, "this", wanted, where=where, named=named)
    with opened(value, where) as (stream, size):
        form = container(stream.read(12))
        if form is None:
            with open_sound(stream, size, where) as sound:
                if sound.readable:
                    rate = sound.file.samplerate
                    return _mono(lambda: sound.blocks(where), rate, wanted or rate, where=where, named=named)
                form = str(sound.file.format)  # FFmpeg reads to the end without being told where that is
    return _decoded(open_decoder(_plain(value), where=where, form=form), form, wanted, where=where, named=named)


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


def _mono(
    blocks: Callable[[], Iterable[FloatArray]], rate: int, wanted: int, *, where: str, named: str | None
) -> Waveform:
    """Mix and resample what is decoded block by block, ``(channels, n)`` each."""
    energy = np.zeros(3)  # of the channels and of their mean

    def mixed(channel: int | None) -> Iterator[FloatArray]:
        count = 0
        for block in blocks():
            count += block.shape[1]
            _check_size(count, rate, wanted, where)
            if not block.size:
                continue
            if len(block) == 1 or channel is not None:
                mono = block[channel or 0]
            else:
                mono = np.mean(block, axis=0)  # librosa.to_mono
                for index, signal in enumerate((*block, mono)):
                    energy[index] += np.vdot(signal, signal)
            check_finite(mono, where)
            yield mono
        if not count:
            raise EmptyAudioError("no samples", where=where, remedy="leave the recording out, or record it again")

    with np.errstate(over="ignore", invalid="ignore"):  # sums of samples that are refused
        array = joined(mixed(None), rate, wanted)
    note = ""
    if energy[2] < CANCELLED * energy[:2].max():
        louder = int(energy[1] > energy[0])
        note = f"its two channels cancel each other, so channel {louder + 1} alone is used"
        warnings.warn(f"{where}: {note}", stacklevel=3)
        array = joined(mixed(louder), rate, wanted)
    return Waveform(array, wanted, named, note)


def _check_size(count: int, rate: int, wanted: int, where: str) -> None:
    """Raise UndecodableAudioError for recordings that are longer or larger than the bounds allow."""
    seconds, most = limit("AUSCULT_MAX_SECONDS", 24 * 3_600), limit("AUSCULT_MAX_AUDIO_BYTES", 1 << 30)
    size = 4 * count * max(1.0, wanted / rate)
    if count > seconds * rate or size > most:
        long = count > seconds * rate
        raise UndecodableAudioError(
            f"longer than {seconds} s" if long else f"more than {most} bytes of samples at {max(rate, wanted)} Hz",
            where=where,
            remedy=f"cut it, or set {'AUSCULT_MAX_SECONDS' if long else 'AUSCULT_MAX_AUDIO_BYTES'} higher",
        )


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


def _decoded(decoder: Any, form: str, wanted: int | None, *, where: str, named: str | None) -> Waveform:
    info = stream_info(decoder)
    if info.seconds and info.sampling_rate:  # before it is decoded, where the header says
        _check_size(int(info.seconds * info.sampling_rate), info.sampling_rate, info.sampling_rate, where)
    data, rate = decode_all(decoder, where=where, form=form)
    blocks, rate = [shaped(data, where)], check_rate(rate, where=where)
    return _mono(lambda: blocks, rate, wanted or rate, where=where, named=named)


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
