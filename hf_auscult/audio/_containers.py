"""How many bytes of samples the containers other than RIFF promise: libsndfile reads half a download without a word."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

#: Formats, as libsndfile names them, that are checked: here, by `_wav`, by `_mp3`, or by libsndfile itself.
CHECKED = frozenset(("WAV", "WAVEX", "RF64", "FLAC", "OGG", "MP3", "CAF", "AIFF", "AU", "W64", "NIST", "VOC", "SVX"))
_W64_RIFF = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
_W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
_PADDING = 16  # bytes: writers align what they write
_AFTER_ID3 = (b"RIFF", b"RF64", b"RIFX", b"FORM", b"fLaC", b".snd")


@dataclass(frozen=True)
class Samples:
    """Bytes of samples: ``promised`` by the header, and ``available`` up to the end of the file.

    ``open_end``: what stands behind those that are promised is no chunk of the container, so it must be samples.
    """

    promised: int
    available: int
    open_end: bool = False

    @property
    def truncated(self) -> bool:
        """Whether samples are missing at the end."""
        return self.promised > self.available

    @property
    def stale(self) -> bool:
        """Whether the header counts fewer samples than there are: whoever wrote it died before its last update."""
        return self.open_end and self.available - self.promised > _PADDING


def samples_of(stream: BinaryIO, size: int) -> Samples | None:
    """Read the header of an AIFF, 8SVX, AU, CAF, W64, NIST or VOC file.

    Args:
        stream: seekable, positioned anywhere.
        size: bytes in all.

    Returns:
        None for another container, or where the writer did not know the length.

    Example:
        >>> import io
        >>> samples_of(io.BytesIO(b".snd" + struct.pack(">5I", 24, 100, 3, 8000, 1) + bytes(60)), 84)
        Samples(promised=100, available=60, open_end=False)
    """
    stream.seek(0)
    head = stream.read(40)
    if len(head) < 24:
        return None
    if head[:4] == b"FORM":
        return _iff(stream, size)
    if head[:4] in (b".snd", b"dns."):
        start, promised = struct.unpack(">II" if head[:4] == b".snd" else "<II", head[4:12])
        return None if promised == 0xFFFFFFFF else Samples(promised, size - start, _no_chunk(stream, start + promised))
    if head[:16] == _W64_RIFF:
        return _w64(stream, size)
    if head[:8] == b"NIST_1A\n":
        return _nist(stream, size)
    if head[:4] == b"caff":
        return _caf(stream, size)
    if head[:20] == b"Creative Voice File\x1a":
        return _voc(stream, size, struct.unpack("<H", head[20:22])[0])
    return None


def id3_length(stream: BinaryIO) -> int:
    """Bytes of ID3 tags that stand before a container other than MP3; libsndfile loses as many at the end."""
    length = 0
    for _ in range(100):  # a file of nothing but empty tags would take minutes
        stream.seek(length)
        head = stream.read(10)
        if len(head) < 10 or head[:3] != b"ID3" or any(byte > 0x7F for byte in head[6:]):
            return length if head[:4] in _AFTER_ID3 else 0
        length += 10 + sum(byte << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
    return 0


def _iff(stream: BinaryIO, size: int) -> Samples | None:
    """AIFF and AIFF-C (``SSND``), 8SVX and 16SV (``BODY``): chunks of a name and a big-endian size."""
    at = 12
    while at + 8 <= size:
        stream.seek(at)
        name, length = struct.unpack(">4sI", stream.read(8))
        if name in (b"SSND", b"BODY"):
            return Samples(length, size - at - 8, _no_chunk(stream, at + 8 + length + length % 2))
        at += 8 + length + length % 2
    return Samples(1, 0)  # the file ends before its samples


def _no_chunk(stream: BinaryIO, at: int) -> bool:
    """Whether something stands there that is neither padding nor a chunk or tag, which begins with letters."""
    stream.seek(at)
    behind = stream.read(4096)
    return any(behind) and not all(32 <= byte < 127 for byte in behind[:3])


def _w64(stream: BinaryIO, size: int) -> Samples | None:
    """Chunks of a 16-byte name and a size that counts the header of 24 bytes, aligned to 8."""
    at = 40
    while at + 24 <= size:
        stream.seek(at)
        name, length = struct.unpack("<16sQ", stream.read(24))
        if name == _W64_DATA:
            return Samples(length - 24, size - at - 24)
        at += max(24, length + -length % 8)
    return Samples(1, 0)


def _caf(stream: BinaryIO, size: int) -> Samples | None:
    """Chunks of a name and a big-endian size of 8 bytes; -1 where the writer did not know."""
    at = 8
    while at + 12 <= size:
        stream.seek(at)
        name, length = struct.unpack(">4sq", stream.read(12))
        if name == b"data":
            return None if length < 0 else Samples(length, size - at - 12, _no_chunk(stream, at + 12 + length))
        at += 12 + max(0, length)
    return Samples(1, 0)


def _nist(stream: BinaryIO, size: int) -> Samples | None:
    """A header of lines ``name -type value`` whose own length stands in its second line."""
    stream.seek(0)
    lines = stream.read(1024).decode("ascii", "replace").splitlines()
    values = {parts[0]: parts[2] for parts in (line.split(None, 2) for line in lines[2:]) if len(parts) == 3}
    try:
        start = int(lines[1])
        frames, width = int(values["sample_count"]), int(values["sample_n_bytes"])
        channels = int(values.get("channel_count", 1))
    except (IndexError, KeyError, ValueError):
        return None
    if "shorten" in values.get("sample_coding", ""):
        return None
    return Samples(frames * width * channels, size - start)


def _voc(stream: BinaryIO, size: int, start: int) -> Samples | None:
    """Blocks of a type and a size in three bytes, up to a block of type 0."""
    at = start
    while at < size:
        stream.seek(at)
        head = stream.read(4)
        if head[:1] == b"\0":
            return None
        length = int.from_bytes(head[1:], "little")
        if len(head) < 4 or at + 4 + length > size:
            return Samples(length, max(0, size - at - 4))
        at += 4 + length
    return None
