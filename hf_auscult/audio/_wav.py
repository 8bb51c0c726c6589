"""What a WAV header promises, checked against the bytes that are there.

libsndfile reads a truncated WAV without complaint and takes a data size of 0 (written by programs that stream to a
pipe and cannot go back) for an empty recording. Both are caught here, before it sees the file.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

#: Data sizes that streaming writers leave in the header: unknown until the end of the file (0xFFFFFFFF: FFmpeg and
#: others; from 0x7FFFF000 on: SoX, arecord). 0 is handled apart, since it may also be the truth.
_UNKNOWN_FROM = 0x7FFFF000
#: Bytes behind the samples that are not worth a word: under 0.1 s of the slowest recordings here (4 kHz, 16 bit).
_JUNK = 800
#: Chunks that stand behind the samples, for files that are cut inside them: all samples are there.
_TAGS = (b"LIST", b"id3 ", b"ID3 ", b"bext", b"cue ", b"fact", b"smpl", b"JUNK", b"FLLR", b"PEAK", b"iXML", b"_PMX")


@dataclass(frozen=True)
class WavHeader:
    """The facts of a RIFF/RF64 WAVE header that decide whether the file is whole.

    Args:
        sampling_rate: Hz, as written (may be nonsense), or None when there is no ``fmt`` chunk.
        size_at: offset of the ``data`` chunk's size field, or None when there is no ``data`` chunk.
        promised: bytes of samples promised, or None when the writer did not know.
        available: bytes from the start of the samples to the end of the file.
        unfinished: the size is 0 although samples follow.
        behind: bytes behind the samples that are no chunks: samples that a stale size leaves out.
    """

    sampling_rate: int | None
    size_at: int | None
    promised: int | None
    available: int
    unfinished: bool
    behind: int = 0

    @property
    def truncated(self) -> bool:
        """Whether samples are missing at the end."""
        return self.promised is not None and self.promised > self.available


def wav_header(stream: BinaryIO, size: int) -> WavHeader | None:
    """Read the chunk list of a WAV file.

    Args:
        stream: seekable, positioned anywhere.
        size: bytes in all.

    Returns:
        None when the file is not a RIFF, RIFX (big-endian) or RF64 WAVE.

    Example:
        >>> import io
        >>> wav_header(io.BytesIO(b"OggS"), 4) is None
        True
    """
    stream.seek(0)
    head = stream.read(12)
    if len(head) < 12 or head[:4] not in (b"RIFF", b"RIFX", b"RF64") or head[8:] != b"WAVE":
        return None
    rate = size_64 = None
    order = ">" if head[:4] == b"RIFX" else "<"
    at = 12
    while at + 8 <= size:
        stream.seek(at)
        name, length = struct.unpack(f"{order}4sI", stream.read(8))
        if name == b"data":
            available = size - at - 8
            promised: int | None = length
            if length == 0xFFFFFFFF and size_64:
                promised = size_64
            elif length >= _UNKNOWN_FROM and length > available:
                promised = None
            unfinished = length == 0 and available > 0 and not _is_chunk_list(stream, at + 8, size, order)
            stale = not unfinished and promised == length  # RF64 has its size elsewhere
            behind = available - length if stale else 0
            if behind > _JUNK and _are_samples(stream, size - behind, size, order):
                return WavHeader(rate, at + 4, promised, available, unfinished, behind)
            return WavHeader(rate, at + 4, None if unfinished else promised, available, unfinished)
        if name == b"fmt ":
            body = stream.read(8)
            if len(body) == 8:
                *_, rate = struct.unpack(f"{order}HHI", body)
        elif name == b"ds64":
            body = stream.read(16)
            if len(body) == 16:
                _, size_64 = struct.unpack("<QQ", body)
        at += 8 + length + length % 2
    return WavHeader(rate, None, None, 0, False)


def _are_samples(stream: BinaryIO, at: int, size: int, order: str) -> bool:
    """Whether what stands behind the samples is no chunk (some writers leave out the padding), no tag and not zeros."""
    stream.seek(at)
    rest = stream.read()
    if not any(rest) or rest.lstrip(b"\0")[:4] in _TAGS or rest.lstrip(b"\0")[:3] == b"TAG":
        return False
    return not any(_is_chunk_list(stream, start, size, order) for start in (at, at + at % 2))


def _is_chunk_list(stream: BinaryIO, at: int, size: int, order: str = "<") -> bool:
    """Whether the rest of the file is a list of chunks (tags after an empty ``data``) rather than samples."""
    while at + 8 <= size:
        stream.seek(at)
        name, length = struct.unpack(f"{order}4sI", stream.read(8))
        if not all(32 <= byte < 127 for byte in name):
            return False
        at += 8 + length + length % 2
    return size <= at <= size + 1
