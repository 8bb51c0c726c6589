"""Containers that libsndfile does not know (webm, mp4, aac …), through torchcodec and FFmpeg."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import UndecodableAudioError

_REMEDY = "pip install hf-auscult[codec] and install FFmpeg 4-8 (for example: apt install ffmpeg)"

#: A header duration and the decoded one may differ by codec delay and rounding, but not by more than this.
_SLACK_SECONDS, _SLACK_SHARE = 0.2, 0.02


@dataclass(frozen=True)
class StreamInfo:
    """What a container says of its audio stream; None where it does not say."""

    sampling_rate: int | None
    channels: int | None
    seconds: float | None
    codec: str


def container(head: bytes) -> str | None:
    """Name the container that a file's first 12 bytes belong to, if only FFmpeg can open it.

    Example:
        >>> container(bytes.fromhex("1a45dfa3") + bytes(8))
        'MATROSKA'
    """
    if head.startswith(b"\x1a\x45\xdf\xa3"):  # EBML: webm, mka, mkv
        return "MATROSKA"
    if head[4:8] == b"ftyp":  # ISO base media: mp4, m4a, 3gp, mov
        return "MP4"
    if head.startswith(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"):  # ASF: wma
        return "ASF"
    if head.startswith(b"#!AMR"):
        return "AMR"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:  # ADTS sync with layer 00; MP3 never has that
        return "AAC"
    return None


def open_decoder(source: str | bytes, *, where: str, form: str) -> Any:
    """Open a torchcodec ``AudioDecoder``.

    Args:
        source: a path or the file's bytes.
        where: the recording that a complaint names.
        form: the container's name.

    Raises:
        UndecodableAudioError: torchcodec or FFmpeg is missing, or the container cannot be opened.
    """
    try:
        from torchcodec.decoders import AudioDecoder

        return AudioDecoder(source)
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        # TorchCodec looks for FFmpeg when it is imported, since 0.17 when it is first used: RuntimeError or OSError.
        if isinstance(error, ImportError) or "libtorchcodec" in str(error):
            cause = "torchcodec is not installed" if isinstance(error, ImportError) else "torchcodec finds no FFmpeg"
            raise UndecodableAudioError(
                f"{form} audio needs torchcodec and FFmpeg, and {cause}", where=where, remedy=_REMEDY
            ) from error
        raise _broken(error, where, form) from error


def stream_info(decoder: Any) -> StreamInfo:
    """Facts of a decoder's stream, without decoding it."""
    meta = decoder.metadata
    return StreamInfo(
        getattr(meta, "sample_rate", None),
        getattr(meta, "num_channels", None),
        getattr(meta, "duration_seconds_from_header", None),
        str(getattr(meta, "codec", None) or "unknown"),
    )


def decode_all(decoder: Any, *, where: str, form: str) -> tuple[npt.NDArray[np.float32], int]:
    """Decode everything.

    Returns:
        float32 ``(channels, n)`` and the rate in Hz.

    Raises:
        UndecodableAudioError: damaged, or clearly shorter than its header says.
    """
    try:
        samples = decoder.get_all_samples()
    except (RuntimeError, ValueError) as error:
        raise _broken(error, where, form) from error
    data: npt.NDArray[np.float32] = np.asarray(samples.data.cpu().numpy(), dtype=np.float32)
    rate = int(samples.sample_rate)
    promised = stream_info(decoder).seconds
    if promised is not None and rate > 0:
        missing = promised - data.shape[-1] / rate
        if missing > max(_SLACK_SECONDS, _SLACK_SHARE * promised):
            raise UndecodableAudioError(
                f"cut short: {promised:.2f} s promised, {missing:.2f} s of them missing",
                where=where,
                remedy="fetch or export the file again",
            )
    return data, rate


def _broken(error: Exception, where: str, form: str) -> UndecodableAudioError:
    reason = re.sub(r"^.*?\.cpp:\d+, ", "", str(error).strip(), flags=re.DOTALL) or type(error).__name__  # C++ place
    return UndecodableAudioError(
        f"not decodable {form} audio ({reason})", where=where, remedy="fetch or export the file again"
    )
