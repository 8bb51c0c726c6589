"""libsndfile, with a second look at what it lets pass: missing samples, unfinished headers, guessed lengths."""

from __future__ import annotations

import io
import logging
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import LFS_POINTER, MissingAudioError, UndecodableAudioError, library
from ._arrays import FloatArray, check_channels, check_rate
from ._containers import CHECKED, id3_length, samples_of
from ._mp3 import Mp3Length, mp3_length
from ._ogg import ogg_parts
from ._wav import wav_header

logger = logging.getLogger(__name__)

_AGAIN = "fetch or export the file again"
_POINTER = LFS_POINTER.encode()
#: Samples per channel decoded at a time.
_BLOCK = 1 << 20
#: libsndfile's SF_COUNT_MAX stands for an unknown length (FLAC written to a pipe).
_UNKNOWN = 1 << 62
#: MP3 frames that encoder delay and padding may account for.
_SLACK = 5


@dataclass(frozen=True)
class OpenedSound:
    """An open file, and whether libsndfile reads all of it.

    Args:
        files: ``soundfile.SoundFile``, one behind another: several only in Ogg.
        mp3: an MP3 file's length as its frames add up.
    """

    files: tuple[Any, ...]
    mp3: Mp3Length | None = None

    @property
    def file(self) -> Any:
        """The first of them, which is like the others."""
        return self.files[0]

    @property
    def frames(self) -> int | None:
        """Samples per channel; None where the header does not say."""
        if self.mp3 is not None and not self.mp3.indexed:
            return None  # decoders differ in what they make of the first and of damaged frames
        return sum(file.frames for file in self.files) if self.file.frames < _UNKNOWN else None

    @property
    def readable(self) -> bool:
        """Whether libsndfile delivers everything: it stops where it has guessed the end, and fails without one."""
        if self.mp3 is not None:
            return bool(self.mp3.samples - self.file.frames <= _SLACK * self.mp3.per_frame)
        return self.frames is not None

    def blocks(self, where: str) -> Iterator[FloatArray]:
        """Decode to blocks ``(channels, n)``, at least one.

        Neither an absurd length in a header nor an hour of sound must fill the memory.

        Raises:
            UndecodableAudioError: damaged, or fewer samples than the header promises.
        """
        guessed = self.mp3 is not None and not self.mp3.indexed
        for file in self.files:
            count, more = 0, True
            while more:
                try:
                    if not count and file.tell():  # a second time; MP3 is decoded in another way after any seek
                        file.seek(0)
                    block = file.read(_BLOCK, dtype="float32", always_2d=True)
                except RuntimeError as error:
                    what = f"damaged audio ({_reason(error)})"
                    raise UndecodableAudioError(what, where=where, remedy=_AGAIN) from error
                count += len(block)
                more = len(block) == _BLOCK
                yield block.T
            if count < file.frames and not guessed:
                raise _short(where, f"{file.frames} samples promised, {count} there")


class _Bytes(io.BytesIO):
    """BytesIO that clamps seeks before the start, as libsndfile makes on broken files, instead of raising in C."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        base = {0: 0, 1: self.tell(), 2: len(self.getbuffer())}[whence]
        return super().seek(max(0, base + offset))


@contextmanager
def opened(value: Path | bytes, where: str) -> Iterator[tuple[BinaryIO, int]]:
    """Open a file or bytes; yields the stream at its start and its size.

    Raises:
        MissingAudioError: no such file, or Git's stand-in for one.
        UndecodableAudioError: a folder, an unreadable or an empty file.
    """
    if isinstance(value, bytes):
        stream: BinaryIO = _Bytes(value)
        size = len(value)
    else:
        try:
            status = value.stat()
            if stat.S_ISDIR(status.st_mode):
                raise UndecodableAudioError("is a folder, not a recording", where=where, remedy="pass a file in it")
            if not stat.S_ISREG(status.st_mode):  # a pipe would wait for ever, a device never ends
                raise UndecodableAudioError(
                    "is a device or a pipe, not a file", where=where, remedy="save it as a file"
                )
            stream = value.open("rb")
        except (FileNotFoundError, NotADirectoryError, ValueError) as error:  # ValueError: a zero byte in the name
            if isinstance(error, UndecodableAudioError):
                raise
            remedy = "check the path, or fetch the recording"
            raise MissingAudioError("no such file", where=where, remedy=remedy) from error
        except OSError as error:
            raise UndecodableAudioError(
                f"cannot be opened ({error.strerror})", where=where, remedy="check the file and its permissions"
            ) from error
        size = status.st_size
    with stream:
        if not size:
            raise UndecodableAudioError("the file is empty (0 bytes)", where=where, remedy=_AGAIN)
        try:
            if stream.read(len(_POINTER)) == _POINTER:
                problem = "a Git LFS pointer, not the recording: run `git lfs pull` in the download"
                raise MissingAudioError(problem, where=where, remedy="fetch the recording")
            stream.seek(0)
            yield stream, size
        except OSError as error:
            if isinstance(error, MissingAudioError):
                raise
            what = f"cannot be read ({error.strerror or error})"
            raise UndecodableAudioError(what, where=where, remedy="check the disk, or fetch it again") from error


@contextmanager
def open_sound(stream: BinaryIO, size: int, where: str) -> Iterator[OpenedSound]:
    """Open with libsndfile, after checking the header for what it lets pass.

    Raises:
        UndecodableAudioError: not audio, or samples that the header promises are missing.
        SamplingRateError: an absurd rate.
        ChannelError: more than two channels.
    """
    if skipped := id3_length(stream):
        stream.seek(skipped)
        stream, size = _Bytes(stream.read()), size - skipped
    samples = samples_of(stream, size)
    if samples is not None and samples.truncated:
        raise _short(where, f"{samples.promised} bytes of samples promised, {samples.available} there")
    if samples is not None and samples.stale:
        problem = f"its header counts {samples.promised} bytes of samples, {samples.available} are there"
        raise UndecodableAudioError(problem, where=where, remedy="export it again, as WAV for example")
    header = wav_header(stream, size)
    if header is not None:
        if header.sampling_rate is not None:
            check_rate(header.sampling_rate, where=where)
        if header.truncated:
            raise _short(where, f"{header.promised} bytes of samples promised, {header.available} there")
        if header.behind:
            logger.warning("%s: read %d bytes of samples more than its header counts", where, header.behind)
        if (header.unfinished or header.behind) and header.size_at is not None:
            stream.seek(0)
            whole = bytearray(stream.read())
            whole[header.size_at : header.size_at + 4] = b"\xff\xff\xff\xff"  # "until the end of the file"
            stream = _Bytes(bytes(whole))
    parts = ogg_parts(stream, size, where) or [(0, size)]
    streams = [stream]
    if len(parts) > 1:
        stream.seek(0)
        whole_file = stream.read()
        streams = [_Bytes(whole_file[start:end]) for start, end in parts]
    with ExitStack() as stack:
        files = tuple(stack.enter_context(_sound_file(part, where)) for part in streams)
        file = files[0]
        if file.format not in CHECKED:
            raise UndecodableAudioError(
                f"{file.format} files do not say how long they are, so half a download cannot be told from a whole one",
                where=where,
                remedy="export it as WAV or FLAC",
            )
        check_rate(file.samplerate, where=where)
        check_channels(file.channels, where)
        if header is not None and header.size_at is None and not file.frames:
            raise _short(where, "the header ends before the samples")
        if any((other.samplerate, other.channels) != (file.samplerate, file.channels) for other in files):
            raise UndecodableAudioError(
                f"{len(files)} recordings of different rates or channels are joined in it",
                where=where,
                remedy="take them apart",
            )
        mp3 = None
        if file.format == "MP3":
            at = stream.tell()
            stream.seek(0)
            mp3 = mp3_length(stream.read())
            stream.seek(at)
        yield OpenedSound(files, mp3)


def _sound_file(stream: BinaryIO, where: str) -> Any:
    stream.seek(0)
    try:
        return library("soundfile", "reading audio files").SoundFile(stream)
    except (RuntimeError, TypeError) as error:
        raise UndecodableAudioError(f"not audio ({_reason(error)})", where=where, remedy=_AGAIN) from error


def _short(where: str, what: str) -> UndecodableAudioError:
    return UndecodableAudioError(f"cut short: {what}", where=where, remedy=_AGAIN)


def _reason(error: BaseException) -> str:
    text = str(getattr(error, "error_string", "") or error)
    if "does not exist" in text:  # libmpg123's answer to a file that is there and is no MP3
        return "no audio format is recognised"
    return text.strip().rstrip(".") or type(error).__name__
