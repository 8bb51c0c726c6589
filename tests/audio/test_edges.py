"""What an attacker, a broken disk or a swapped wire makes of a recording: all of it is read, or refused by name."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from hf_auscult.audio import peek, read, resample
from hf_auscult.audio._ogg import ogg_parts
from hf_auscult.audio.resample import joined
from hf_auscult.errors import (
    AudioError,
    ConfigurationError,
    MissingAudioError,
    NonFiniteAudioError,
    UndecodableAudioError,
)

from .conftest import wav_bytes

RATE = 8_000
SOUND = (0.1 * np.random.default_rng(0).standard_normal(3 * RATE)).astype(np.float32)
CODINGS = ["VORBIS", "OPUS"]


def ogg(samples: np.ndarray, coding: str, rate: int = RATE) -> bytes:
    return wav_bytes(samples, rate, format="OGG", subtype=coding)


@pytest.mark.parametrize("coding", CODINGS)
def test_joined_ogg_streams_are_read_whole(coding):
    both = ogg(SOUND[: 2 * RATE], coding) + ogg(SOUND[2 * RATE :], coding)
    assert len(ogg_parts(io.BytesIO(both), len(both), "both")) == 2
    assert peek(both).frames == len(read(both).array) == len(SOUND)
    parts = [read(ogg(SOUND[: 2 * RATE], coding)).array, read(ogg(SOUND[2 * RATE :], coding)).array]
    np.testing.assert_array_equal(read(both).array, np.concatenate(parts))


def test_every_cut_inside_joined_ogg_streams_is_refused():
    one = ogg(SOUND[:RATE], "VORBIS")
    for size in (*range(len(one) - 3, len(one)), *range(len(one) + 1, 2 * len(one), 97), len(one) + 2, len(one) + 3):
        with pytest.raises(UndecodableAudioError):
            read((one + one)[:size])
    assert len(read((one + one)[: len(one)]).array) == RATE  # nothing says that more was there


def test_joined_ogg_streams_of_two_rates_are_refused():
    with pytest.raises(UndecodableAudioError, match="2 recordings of different rates"):
        read(ogg(SOUND, "VORBIS") + ogg(SOUND, "VORBIS", 16_000))


@pytest.mark.parametrize("coding", CODINGS)
def test_every_cut_of_an_ogg_file_is_refused(coding):
    whole = ogg(SOUND, coding)
    for part in range(1, 200):
        with pytest.raises(UndecodableAudioError):
            read(whole[: len(whole) * part // 200])
    assert len(read(whole + b"TAG" + bytes(125)).array) == len(SOUND)


def test_an_ogg_file_without_a_page_is_refused():
    whole = ogg(np.tile(SOUND, 10), "VORBIS")
    pages = [at for at in range(len(whole)) if whole.startswith(b"OggS", at)]
    with pytest.raises(UndecodableAudioError, match="pages are missing"):
        read(whole[: pages[3]] + whole[pages[4] :])
    with pytest.raises(UndecodableAudioError, match="no page begins"):
        read(whole[: pages[3]] + b"junk" + whole[pages[3] :])


@pytest.mark.parametrize("value", [1e10, -1e20, 1e30, np.inf, np.nan])
@pytest.mark.parametrize("channels", [1, 2])
def test_absurd_samples_are_refused(value, channels):
    samples = SOUND.copy()
    samples[5] = value
    array = samples if channels == 1 else np.stack([samples, -samples])
    with pytest.raises(NonFiniteAudioError, match="1 of 24000 samples"):
        read({"array": array, "sampling_rate": RATE})
    with pytest.raises(NonFiniteAudioError, match="1 of 24000 samples"):
        resample(samples, RATE, 4_000)


def test_unscaled_integers_are_kept():
    samples = (SOUND * 2**31).astype(np.float32)
    np.testing.assert_array_equal(read({"array": samples, "sampling_rate": RATE}).array, samples)


@pytest.mark.parametrize("second", [-1.0, -0.98, -0.7])
@pytest.mark.parametrize("block", [1 << 20, 1_000])
def test_channels_that_cancel_are_not_mixed(second, block, monkeypatch):
    monkeypatch.setattr("hf_auscult.audio._sndfile._BLOCK", block)
    stereo = np.stack([SOUND, second * SOUND], axis=1)
    with pytest.warns(UserWarning, match="<bytes>: its two channels cancel each other, so channel 1 alone is used"):
        got = read(wav_bytes(stereo, RATE, subtype="FLOAT"), sampling_rate=4_000)
    np.testing.assert_array_equal(got.array, resample(SOUND, RATE, 4_000))
    assert got.note == "its two channels cancel each other, so channel 1 alone is used"
    louder = read({"array": np.stack([second * SOUND, SOUND]), "sampling_rate": RATE})
    np.testing.assert_array_equal(louder.array, SOUND if second > -1 else -SOUND)


@pytest.mark.parametrize("second", [SOUND, 0 * SOUND, SOUND[::-1], -0.3 * SOUND])
def test_other_channels_are_mixed(second):
    got = read({"array": np.stack([SOUND, second]), "sampling_rate": RATE})
    np.testing.assert_array_equal(got.array, np.mean([SOUND, second], axis=0))
    assert not got.note


@pytest.mark.parametrize("rate", [4_000, 11_025, RATE, 44_100])
def test_blocks_are_resampled_as_the_whole(rate):
    blocks = np.split(SOUND, [100, 100, 9_000])
    np.testing.assert_array_equal(joined(blocks, RATE, rate), resample(SOUND, RATE, rate))


@pytest.mark.parametrize("rate", [4_000, 44_100])
def test_a_long_recording_is_in_memory_once(rate, tmp_path):
    pytest.importorskip("resource")
    soundfile.write(tmp_path / "long.wav", np.zeros((44_100 * 300, 2), np.int16), 44_100)
    code = (
        "import resource, sys; from hf_auscult.audio import read; from hf_auscult.audio.resample import resample;"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024;"
        f"import numpy; resample(numpy.zeros(9), 8_000, 4_000); before = peak();"
        f"size = read(sys.argv[1], sampling_rate={rate}).array.nbytes; print(size, peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "long.wav"], capture_output=True, text=True)
    size, grown = map(int, done.stdout.split())
    assert size == 4 * rate * 300 and grown < 1.2 * size + (48 << 20)


def test_bounds_can_be_set(monkeypatch):
    for variable, message in (("AUSCULT_MAX_SECONDS", "longer than 2 s"), ("AUSCULT_MAX_AUDIO_BYTES", "more than 2 b")):
        monkeypatch.setenv(variable, "2")
        for source in ({"array": SOUND, "sampling_rate": RATE}, wav_bytes(SOUND, RATE), ogg(SOUND, "VORBIS")):
            with pytest.raises(UndecodableAudioError, match=message):
                read(source)
        monkeypatch.setenv(variable, "two")
        with pytest.raises(ConfigurationError, match="is 'two'"):
            read(wav_bytes(SOUND, RATE))
        monkeypatch.delenv(variable)


def test_a_bomb_is_stopped_while_it_is_decoded(monkeypatch):
    monkeypatch.setenv("AUSCULT_MAX_AUDIO_BYTES", str(1 << 24))
    bomb = wav_bytes(np.zeros(1 << 21, np.int16), 500, format="FLAC")
    assert len(bomb) < 10_000
    assert len(read(bomb).array) == 1 << 21
    with pytest.raises(UndecodableAudioError, match="at 48000 Hz"):
        read(bomb, sampling_rate=48_000)


def test_only_regular_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "endless.wav").symlink_to("/dev/zero")
    for name in ("pipe.wav", "endless.wav"):
        for call in (read, peek):
            with pytest.raises(UndecodableAudioError, match="a device or a pipe"):
                call(tmp_path / name)
    for name in ("a\0b.wav", "n" * 300 + ".wav", "gone/a.wav"):
        with pytest.raises((MissingAudioError, UndecodableAudioError)):
            read(name)


def test_an_error_of_the_disk_is_the_recordings(tmp_path, monkeypatch):
    (tmp_path / "a.wav").write_bytes(wav_bytes(SOUND, RATE))

    def broken(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("hf_auscult.audio._sndfile.samples_of", broken)
    with pytest.raises(UndecodableAudioError, match=r"a\.wav: cannot be read \(Input/output error\)"):
        read(tmp_path / "a.wav")


def test_peek_says_no_length_of_a_damaged_mp3_that_read_does_not_give():
    stream = io.BytesIO()
    soundfile.write(stream, np.tile(SOUND, 4), RATE, format="MP3", bitrate_mode="CONSTANT")
    whole = stream.getvalue()
    bare = whole[whole.index(whole[:2], 100) :]  # without the frame that states the length
    chance = np.random.default_rng(1)
    agreed = 0
    for data in (whole, bare):
        for _ in range(150):
            damaged = bytearray(data)
            for at in chance.integers(len(data), size=chance.integers(1, 6)):
                damaged[at] = chance.integers(256)
            try:
                got, header = read(bytes(damaged)), peek(bytes(damaged))
            except AudioError:
                continue
            agreed += header.frames is not None
            assert header.frames in (None, len(got.array))
    assert agreed
