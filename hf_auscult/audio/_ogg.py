"""The pages of an Ogg file: whether its end is there, and where one of several joined recordings begins.

libsndfile reads the first of joined streams only, and half a download without a word. The last page of a whole stream
bears a flag.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from ..errors import UndecodableAudioError

_BEGIN, _END = 2, 4
_CODECS = (b"\x01vorbis", b"OpusHead", b"\x7fFLAC", b"fLaC", b"Speex   ")


def ogg_parts(stream: BinaryIO, size: int, where: str) -> list[tuple[int, int]] | None:
    """Find the recordings that stand one behind another in an Ogg file.

    Args:
        stream: seekable, positioned anywhere.
        size: bytes in all.
        where: the recording that a complaint names.

    Returns:
        Start and end of each in bytes; None where the file is not Ogg.

    Raises:
        UndecodableAudioError: a page is missing, cut, or not where the one before it ends.

    Example:
        >>> import io
        >>> ogg_parts(io.BytesIO(b"RIFF"), 4, "a.wav") is None
        True
    """
    parts: list[tuple[int, int]] = []
    sounding: dict[int, bool] = {}  # streams of sound in the current part -> whether their end was seen
    numbers: dict[int, int] = {}
    at = begin = 0
    beginning = True
    while at < size:
        stream.seek(at)
        head = stream.read(27)
        if head[:4] != b"OggS":
            if not at:
                return None
            if b"OggS".startswith(head):
                raise _damaged("cut short: the last page is not whole", where)
            if all(sounding.values()):
                break  # tags behind the end
            raise _damaged(f"damaged: no page begins at byte {at}, where the one before ends", where)
        lengths = stream.read(head[26]) if len(head) == 27 else b""
        end = at + 27 + len(lengths) + sum(lengths)
        if len(head) < 27 or len(lengths) < head[26] or end > size:
            raise _damaged("cut short: the last page is not whole", where)
        flags, serial, number = head[5], *struct.unpack("<II", head[14:22])
        if flags & _BEGIN:
            if not beginning:
                _check_end(sounding, where)
                parts.append((begin, at))
                sounding, numbers, begin = {}, {}, at
            if stream.read(8).startswith(_CODECS):
                sounding[serial] = False
        elif numbers.get(serial, number - 1) != number - 1:
            raise _damaged(f"damaged: pages are missing before byte {at}", where)
        beginning = bool(flags & _BEGIN)
        numbers[serial] = number
        if serial in sounding:
            sounding[serial] |= bool(flags & _END)
        at = end
    _check_end(sounding, where)
    return [*parts, (begin, at)]


def _check_end(sounding: dict[int, bool], where: str) -> None:
    if not all(sounding.values()):
        raise _damaged("cut short: the page that ends it is missing", where)


def _damaged(what: str, where: str) -> UndecodableAudioError:
    return UndecodableAudioError(what, where=where, remedy="fetch or export the file again")
