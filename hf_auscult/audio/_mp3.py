"""How much sound an MP3 file really holds, counted frame by frame.

libsndfile trusts the file's Xing/Info header and, where a streaming encoder could not write one, guesses the length
from the first frame: a variable-bitrate file is then silently cut to a fraction of itself, or seems too short.
"""

from __future__ import annotations

from dataclasses import dataclass

_KBPS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBPS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES = (44_100, 48_000, 32_000)


@dataclass(frozen=True)
class Mp3Length:
    """What the frames add up to.

    Args:
        samples: per channel, encoder delay and padding included.
        per_frame: samples in one frame.
        indexed: whether a Xing, Info or VBRI header states the length, so that libsndfile knows it.
    """

    samples: int
    per_frame: int
    indexed: bool


def mp3_length(data: bytes) -> Mp3Length | None:
    """Count the layer III frames of a file; None when there are none (or their size is not stated).

    Example:
        >>> mp3_length(b"no frames here") is None
        True
    """
    at = _after_id3(data)
    count = per_frame = 0
    indexed = False
    while (at := data.find(b"\xff", at)) >= 0:
        frame = _frame(data, at)
        # A header is believed if the next one follows where it says, or the file ends there.
        if frame is None or (at + frame[0] + 4 <= len(data) and _frame(data, at + frame[0]) is None and not count):
            at += 1
            continue
        size, per_frame = frame
        if not count and not indexed and any(tag in data[at : at + 64] for tag in (b"Xing", b"Info", b"VBRI")):
            indexed = True  # a frame that holds the index and no sound
        else:
            count += 1
        at += size
    return Mp3Length(count * per_frame, per_frame, indexed) if count else None


def _after_id3(data: bytes) -> int:
    """Offset behind an ID3v2 tag, whose pictures may look like frames."""
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    a, b, c, d = (byte & 0x7F for byte in data[6:10])
    return 10 + (a << 21 | b << 14 | c << 7 | d)


def _frame(data: bytes, at: int) -> tuple[int, int] | None:
    """Size in bytes and in samples of the layer III frame at an offset, or None."""
    head = int.from_bytes(data[at : at + 4], "big") if at + 4 <= len(data) else 0
    version, layer = head >> 19 & 3, head >> 17 & 3
    kbps, rate, padding = head >> 12 & 15, head >> 10 & 3, head >> 9 & 1
    if head >> 21 != 0x7FF or version == 1 or layer != 1 or kbps in (0, 15) or rate == 3:
        return None
    if version == 3:
        return 144_000 * _KBPS_1[kbps] // _RATES[rate] + padding, 1_152
    hertz = _RATES[rate] // (2 if version == 2 else 4)
    return 72_000 * _KBPS_2[kbps] // hertz + padding, 576
