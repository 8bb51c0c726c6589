"""Mutated recordings: of whatever bytes, `read` gives finite samples in range or a typed error, and `peek` agrees."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

import numpy as np
import soundfile

from hf_auscult.audio import peek, read
from hf_auscult.audio._arrays import LARGEST
from hf_auscult.errors import AudioError

SAMPLE = Path(__file__).resolve().parents[2] / "examples" / "data" / "circor_sample" / "training_data"
FORMATS = (
    ("WAV", "PCM_16"),
    ("WAV", "PCM_24"),
    ("WAV", "FLOAT"),
    ("WAV", "ULAW"),
    ("WAVEX", "PCM_16"),
    ("RF64", "PCM_16"),
    ("FLAC", "PCM_16"),
    ("OGG", "VORBIS"),
    ("OGG", "OPUS"),
    ("MP3", "MPEG_LAYER_III"),
    ("AIFF", "PCM_16"),
    ("AIFF", "FLOAT"),
    ("AU", "PCM_16"),
    ("W64", "PCM_16"),
    ("CAF", "PCM_16"),
    ("NIST", "PCM_16"),
    ("VOC", "PCM_16"),
    ("SVX", "PCM_16"),
)
UNCOUNTED = "MP3 without an index"
"""Does not say how long it is: a cut one passes for a shorter recording, as the docstring of `read` states."""
VALUES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


@cache
def seeds() -> dict[str, bytes]:
    """Real heart sounds of a quarter of a second, mono and stereo, in every format that is read."""
    made = {}
    for number, file in enumerate(sorted(SAMPLE.glob("*.wav"))[:2]):
        sound, rate = soundfile.read(file, frames=1_000, start=8_000, dtype="float32")
        sound = sound if number == 0 else np.stack([sound, sound[::-1]], axis=1)
        for form, coding in FORMATS:
            stream = io.BytesIO()
            if form == "SVX" and sound.ndim == 2:
                continue  # it has one channel
            codec_rate = {"MP3": 16_000, "OGG": 8_000}.get(form, rate)
            soundfile.write(stream, sound, codec_rate, format=form, subtype=coding)
            made[f"{form} {coding} {number}"] = stream.getvalue()
        mp3 = made[f"MP3 MPEG_LAYER_III {number}"]
        made[f"{UNCOUNTED} {number}"] = mp3[mp3.index(mp3[:2], 100) :]
        wav = made[f"WAV PCM_16 {number}"]
        made[f"RIFX {number}"] = b"RIFX" + struct.pack(">I", len(wav) - 8) + wav[8:16] + _big_endian(wav)
    made["joined OGG"] = made["OGG VORBIS 0"] + made["OGG VORBIS 0"]
    return made


def _big_endian(wav: bytes) -> bytes:
    size, code, channels, rate, speed, block, bits = struct.unpack("<IHHIIHH", wav[16:36])
    at = wav.index(b"data")
    samples = np.frombuffer(wav[at + 8 :], "<i2").astype(">i2").tobytes()
    head = struct.pack(">IHHIIHH", size, code, channels, rate, speed, block, bits)
    return head + b"data" + struct.pack(">I", len(samples)) + samples


@cache
def lengths() -> dict[str, int]:
    """Samples of every seed."""
    return {name: len(read(data).array) for name, data in seeds().items()}


def mutated(chance: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Some bytes of a file, most of them in the header, changed, cut out, put in or taken from another file."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        near = min(len(out), chance.choice((64, 64, 512, len(out) or 1)))
        at = chance.randrange(near) if near else 0
        match chance.randrange(8):
            case 0 if out:
                out[at] = chance.randrange(256)
            case 1 if out:
                out[at] ^= 1 << chance.randrange(8)
            case 2:
                value, order = chance.choice(VALUES), chance.choice(("<", ">"))
                number = struct.pack(f"{order}I", value) if chance.random() < 0.5 else bytes([value & 0xFF])
                out[at : at + len(number)] = number
            case 3:
                del out[at : at + chance.choice((1, 2, 4, 100, len(out)))]
            case 4:
                out[at:at] = chance.randbytes(chance.choice((1, 2, 4, 100)))
            case 5:
                out[at:at] = out[at : at + chance.choice((4, 50, 1_000))]
            case 6:
                other = chance.choice(others)
                start = chance.randrange(len(other))
                out[at : at + 40] = other[start : start + 40]
            case 7:
                out += chance.choice((b"", bytes(100), b"LIST", chance.choice(others)))
    return bytes(out)


def attack(chance: random.Random, embed: Callable[[bytes], np.ndarray] | None = None) -> str:
    """Read one mutated, or cut, recording; every hundredth is embedded as well."""
    name = chance.choice(tuple(seeds()))
    data, cut = seeds()[name], chance.random() < 0.2
    embedded = embed is not None and chance.randrange(100) == 0
    source = data[: chance.randrange(len(data))] if cut else mutated(chance, data, tuple(seeds().values()))
    header = None
    with suppress(AudioError):
        header = peek(source)
    try:
        waveform = read(source)
    except AudioError:
        assert not embedded or _refused(embed, source), "embedded what cannot be read"
        return "refused"
    array = waveform.array
    assert array.dtype == np.float32 and array.ndim == 1 and len(array), "no samples"
    assert np.abs(array).max() <= LARGEST, "absurd or NaN samples"  # also false for NaN
    assert header is not None, "read what peek refuses"
    assert header.sampling_rate == waveform.sampling_rate, "two rates"
    assert header.frames in (None, len(array)), f"peek says {header.frames} samples, read gives {len(array)}: {name}"
    between = name == "joined OGG" and len(source) == len(data) // 2  # the first stream, whole
    if cut and not between and not name.startswith(UNCOUNTED):
        assert len(array) == lengths()[name], f"a cut {name} of {len(source)} of {len(data)} bytes passes for a whole"
    if embedded:
        row = embed(source)
        assert np.isfinite(row).all(), "an embedding that is not finite"
        return "embedded"
    return "cut, and all samples there" if cut else "read"


def _refused(embed: Callable[[bytes], np.ndarray], source: bytes) -> bool:
    try:
        embed(source)
    except AudioError:
        return True
    return False


def with_model() -> Callable[[random.Random], str]:
    """The attack with the smallest real model of the tests."""
    import torch

    from hf_auscult.embedding import Embedder
    from tests import tiny

    torch.set_num_threads(1)
    lengths()  # once, before processes are forked
    embedder = Embedder(tiny.model().eval(), tiny.EXTRACTOR)

    def embed(source: bytes) -> np.ndarray:
        try:
            return embedder([source])
        except AudioError:
            read(source)  # raises as well, or embed refuses what can be used
            raise AssertionError("embed refuses what read accepts") from None

    return partial(attack, embed=embed)
