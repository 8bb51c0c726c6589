"""Half a download is refused, or told from a whole one, in every container."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from hf_auscult.audio import peek, read
from hf_auscult.errors import AudioError, MissingAudioError, UndecodableAudioError

from .conftest import wav_bytes

RATE = 8_000
TONE = (0.3 * np.sin(2 * np.pi * 60 * np.arange(2 * RATE) / RATE)).astype(np.float32)
SIZED = ["AIFF", "AU", "W64", "NIST", "VOC", "SVX", "CAF", "WAV", "WAVEX", "RF64"]


def rifx() -> bytes:
    pcm = (TONE * 32_767).astype(">i2").tobytes()
    fmt = struct.pack(">HHIIHH", 1, 1, RATE, RATE * 2, 2, 16)
    body = b"WAVEfmt " + struct.pack(">I", 16) + fmt + b"data" + struct.pack(">I", len(pcm)) + pcm
    return b"RIFX" + struct.pack(">I", len(body)) + body


def stored(form: str, subtype: str = "PCM_16") -> bytes:
    return rifx() if form == "RIFX" else wav_bytes(TONE, RATE, format=form, subtype=subtype)


@pytest.mark.parametrize("form", [*SIZED, "RIFX", "FLAC"])
def test_whole_files_are_read_and_parts_refused(form: str):
    raw = stored(form)
    assert np.abs(read(raw).array - TONE).max() < 1e-3
    for share in (0.02, 0.5, 0.99):
        with pytest.raises(AudioError):
            read(raw[: int(share * len(raw))])


@pytest.mark.parametrize(("form", "subtype"), [("AU", "ULAW"), ("AIFF", "FLOAT"), ("W64", "PCM_24"), ("NIST", "ALAW")])
def test_other_encodings_are_counted_in_bytes(form: str, subtype: str):
    raw = stored(form, subtype)
    assert read(raw).array.shape == TONE.shape
    with pytest.raises(UndecodableAudioError, match="cut short"):
        peek(raw[: len(raw) // 2])


@pytest.mark.parametrize("form", ["IRCAM", "PVF", "PAF"])
def test_a_container_without_a_length_is_refused(form: str):
    with pytest.raises(UndecodableAudioError, match="do not say how long"):
        read(stored(form))


def stale(seconds: float, behind: bytes = b"") -> bytes:
    """A wav whose header counts so many seconds only."""
    raw = bytearray(stored("WAV") + behind)
    at = raw.find(b"data") + 4
    raw[at : at + 4] = struct.pack("<I", int(seconds * RATE) * 2)
    return bytes(raw)


def test_samples_behind_a_stale_size_are_read_with_a_word(caplog):
    assert read(stale(0.5)).array.shape == TONE.shape
    assert "24000 bytes of samples more" in caplog.text


@pytest.mark.parametrize(
    "behind",
    [
        b"LIST" + struct.pack("<I", 2_000) + bytes(2_000),
        b"TAG" + b"x" * 2_000,
        bytes(4_096),
        b"\1" * 100,
        b"LISTcut" * 200,
    ],
)
def test_tags_zeros_and_crumbs_behind_the_samples_are_none(behind: bytes, caplog):
    assert read(stale(2.0, behind)).array.shape == TONE.shape
    assert not caplog.text


@pytest.mark.parametrize("form", ["WAV", "AIFF", "RIFX", "FLAC"])
def test_an_id3_tag_in_front_costs_nothing(form: str):
    tag = 2 * (b"ID3\x03\0\0\0\0\0\x64" + bytes(100))
    assert np.array_equal(read(tag + stored(form)).array, read(stored(form)).array)


@pytest.mark.parametrize("form", ["AIFF", "AU", "CAF"])
def test_other_containers_whose_size_is_too_small_are_refused(form: str):
    name, code, extra = {"AIFF": (b"SSND", ">I", 8), "AU": (b".snd", ">I", 0), "CAF": (b"data", ">q", 4)}[form]
    raw = bytearray(stored(form))
    for behind in (bytes(4_096), b"TAG" + bytes(125)):
        assert read(bytes(raw) + behind).array.shape == TONE.shape
    at = raw.find(name) + (8 if form == "AU" else 4)
    raw[at : at + struct.calcsize(code)] = struct.pack(code, RATE + extra)
    with pytest.raises(UndecodableAudioError, match="its header counts"):
        read(bytes(raw))


def test_a_git_lfs_pointer_is_called_one(tmp_path):
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1234\n"
    (tmp_path / "a.wav").write_bytes(pointer)
    for source in (pointer, tmp_path / "a.wav"):
        for open_it in (read, peek):
            with pytest.raises(MissingAudioError, match="git lfs pull"):
                open_it(source)
