"""Read recordings from files, bytes, arrays and dataset cells; every defect is a typed error that names the file."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import soundfile

from ..errors import (
    AudioError,
    ChannelError,
    EmptyAudioError,
    MissingAudioError,
    SamplingRateError,
    UndecodableAudioError,
)
from ._codec import container, decode_all, open_decoder, stream_info
from ._wav import wav_header
from .resample import FloatArray, as_mono, check_rate, resample

_AGAIN = "fetch or export the file again"

#: Offset and scale that bring integer PCM to [-1, 1); 8-bit unsigned is WAV's own 8-bit coding.
_PCM = {
    np.dtype(np.int8): (0.0, 128.0),
    np.dtype(np.uint8): (128.0, 128.0),
    np.dtype(np.int16): (0.0, 32_768.0),
    np.dtype(np.int32): (0.0, 2_147_483_648.0),
}


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

    wav, flac, ogg and mp3 go through libsndfile and give what ``librosa.load`` gives, bit for bit; webm, mp4, m4a and
    aac go through torchcodec (extra ``codec``). Stereo becomes its mean. Integer arrays are PCM and divided by their
    full scale; floating-point samples are kept as they are, also beyond 1.

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
        array, rate = _shaped(value[0], where), check_rate(value[1], where=where)
        return _info(rate, len(array), array.shape[1], "ARRAY", str(np.asarray(value[0]).dtype), where)
    if kind == "decoder":
        return _stream(value, "DECODER", where)
    with _opened(value, where) as (stream, size):
        form = container(stream.read(12))
        if form is None:
            with _soundfile(stream, size, where) as file:
                return _info(file.samplerate, file.channels, file.frames, file.format, file.subtype, where)
    return _stream(open_decoder(_plain(value), where=where, form=form), form, where)


def _samples(source: object) -> tuple[FloatArray, int, str]:
    """Samples ``(channels, n)`` with 1 or 2 channels, their rate, and a name for messages."""
    kind, value, where = _resolve(source)
    if kind == "array":
        rate = check_rate(value[1], where=where)
        return _scaled(_shaped(value[0], where), where), rate, where
    if kind == "decoder":
        return _decoded(value, "this", where)
    with _opened(value, where) as (stream, size):
        form = container(stream.read(12))
        if form is None:
            with _soundfile(stream, size, where) as file:
                try:
                    data = file.read(dtype="float32", always_2d=True).T
                except (soundfile.LibsndfileError, RuntimeError) as error:
                    raise UndecodableAudioError(
                        f"damaged audio ({_reason(error)})", where=where, remedy=_AGAIN
                    ) from error
                if data.shape[1] < file.frames:
                    raise _short(where, f"{file.frames} samples promised, {data.shape[1]} there")
                return data, file.samplerate, where
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


class _Bytes(io.BytesIO):
    """BytesIO that clamps seeks before the start, as libsndfile makes on broken files, instead of raising in C."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        base = {0: 0, 1: self.tell(), 2: len(self.getbuffer())}[whence]
        return super().seek(max(0, base + offset))


@contextmanager
def _opened(value: Path | bytes, where: str) -> Iterator[tuple[BinaryIO, int]]:
    """Open a file or bytes for reading; yields the stream at its start and its size."""
    if isinstance(value, bytes):
        stream: BinaryIO = _Bytes(value)
        size = len(value)
    else:
        if not value.exists():
            raise MissingAudioError("no such file", where=where, remedy="check the path, or fetch the recording")
        if value.is_dir():
            raise UndecodableAudioError("is a folder, not a recording", where=where, remedy="pass a file in it")
        try:
            stream = value.open("rb")
        except OSError as error:
            raise UndecodableAudioError(
                f"cannot be opened ({error.strerror})", where=where, remedy="check the file's permissions"
            ) from error
        size = value.stat().st_size
    with stream:
        if not size:
            raise UndecodableAudioError("the file is empty (0 bytes)", where=where, remedy=_AGAIN)
        yield stream, size


@contextmanager
def _soundfile(stream: BinaryIO, size: int, where: str) -> Iterator[Any]:
    """Open with libsndfile a file whose header has been checked for what libsndfile lets pass."""
    header = wav_header(stream, size)
    if header is not None:
        if header.sampling_rate is not None:
            check_rate(header.sampling_rate, where=where)
        if header.truncated:
            raise _short(where, f"{header.promised} bytes of samples promised, {header.available} there")
        if header.unfinished and header.size_at is not None:
            stream.seek(0)
            whole = bytearray(stream.read())
            whole[header.size_at : header.size_at + 4] = b"\xff\xff\xff\xff"  # "until the end of the file"
            stream = _Bytes(bytes(whole))
    stream.seek(0)
    try:
        file = soundfile.SoundFile(stream)
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:
        raise UndecodableAudioError(f"not audio ({_reason(error)})", where=where, remedy=_AGAIN) from error
    with file:
        check_rate(file.samplerate, where=where)
        _check_channels(file.channels, where)
        yield file


def _decoded(decoder: Any, form: str, where: str) -> tuple[FloatArray, int, str]:
    data, rate = decode_all(decoder, where=where, form=form)
    return _shaped(data, where), check_rate(rate, where=where), where


def _stream(decoder: Any, form: str, where: str) -> AudioInfo:
    info = stream_info(decoder)
    rate = check_rate(info.sampling_rate, where=where)
    frames = None if info.seconds is None else round(info.seconds * rate)
    return _info(rate, info.channels or 1, frames, form, info.codec, where)


def _info(rate: int, channels: int, frames: int | None, form: str, subtype: str, where: str) -> AudioInfo:
    _check_channels(channels, where)
    if frames == 0:
        raise EmptyAudioError("no samples", where=where, remedy="leave the recording out, or record it again")
    return AudioInfo(rate, channels, frames, None if frames is None else frames / rate, form, subtype)


def _shaped(array: Any, where: str) -> npt.NDArray[Any]:
    """Bring samples to ``(channels, n)``."""
    try:
        out = np.asarray(array)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ChannelError(
            f"not an array ({_reason(error)})", where=where, remedy="pass (n,) or (channels, n)"
        ) from error
    if out.ndim == 1:
        return out[np.newaxis]
    if out.ndim != 2:
        raise ChannelError(f"shape {out.shape} is not audio", where=where, remedy="pass (n,) or (channels, n)")
    if out.shape[1] in (1, 2) and out.shape[0] > 2:
        raise ChannelError(
            f"shape {out.shape} has the channels last", where=where, remedy="transpose it to (channels, n)"
        )
    _check_channels(out.shape[0], where)
    return out


def _check_channels(count: int, where: str) -> None:
    if count not in (1, 2):
        raise ChannelError(
            f"{count} channels", where=where, remedy="pick the channel that was on the body, or mix down to one or two"
        )


def _scaled(array: npt.NDArray[Any], where: str) -> FloatArray:
    """Bring samples to float32, integer PCM divided by its full scale."""
    if array.dtype in _PCM:
        offset, scale = _PCM[array.dtype]
        return ((array.astype(np.float64) - offset) / scale).astype(np.float32)
    if not np.issubdtype(array.dtype, np.floating):
        if not array.size:  # np.asarray([]) and the like: the emptiness is the news
            return array.astype(np.float32)
        raise AudioError(
            f"{array.dtype} is not a sample format",
            where=where,
            remedy="pass floats in [-1, 1], or PCM as int8, uint8, int16 or int32",
        )
    with np.errstate(over="ignore"):  # float64 beyond float32 becomes inf, which is then named
        return array.astype(np.float32)


def _plain(value: Path | bytes) -> str | bytes:
    return value if isinstance(value, bytes) else str(value)


def _short(where: str, what: str) -> UndecodableAudioError:
    return UndecodableAudioError(f"cut short: {what}", where=where, remedy=_AGAIN)


def _reason(error: BaseException) -> str:
    text = str(getattr(error, "error_string", "") or error)
    if "does not exist" in text:  # libmpg123's answer to a file that is there and is no MP3
        return "no audio format is recognised"
    return text.strip().rstrip(".") or type(error).__name__
