from __future__ import annotations

import io
import shutil
import struct
import sys
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile

from hf_auscult.audio import AudioInfo, Waveform, peek, read
from hf_auscult.audio._mp3 import mp3_length
from hf_auscult.errors import (
    AudioError,
    ChannelError,
    EmptyAudioError,
    MissingAudioError,
    NonFiniteAudioError,
    SamplingRateError,
    UndecodableAudioError,
)

from .conftest import CIRCOR, MP3, SPRSOUND, chirp, real_files, wav_bytes

RATE = 8_000
TONE = chirp(1.0, RATE)
WAV = wav_bytes(TONE, RATE)
SIZE_AT = WAV.index(b"data") + 4
RATE_AT = WAV.index(b"fmt ") + 12


def with_data_size(size: int, wav: bytes = WAV) -> bytes:
    return wav[:SIZE_AT] + struct.pack("<I", size) + wav[SIZE_AT + 4 :]


# Good input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "pattern", "count"),
    [(CIRCOR, "*.wav", 4), (SPRSOUND, "*.wav", 4), ("data/icbhi2017", "*.wav", 10), (MP3, "*.mp3", 12)],
)
@pytest.mark.parametrize("rate", [None, 16_000])
def test_real_files_read_as_librosa_reads_them(shared, folder, pattern, count, rate):
    for path in real_files(shared, folder, pattern, count):
        expected, native = librosa.load(path, sr=rate)
        got = read(path, sampling_rate=rate)
        np.testing.assert_array_equal(got.array, expected)
        assert (got.sampling_rate, got.source, got.array.dtype) == (native, str(path), np.float32)
        assert got.seconds == len(expected) / native


def test_every_real_wav_is_whole(shared):
    """The truncation check must not fire on a single one of the thousand distributed files."""
    files = sorted((shared / "data").rglob("*.wav"))
    assert len(files) > 900
    for path in files:
        assert peek(path).frames == soundfile.info(path).frames


def test_the_same_recording_in_every_form(tmp_path):
    path = tmp_path / "tone.wav"
    path.write_bytes(WAV)
    expected, _ = soundfile.read(path, dtype="float32")
    forms = [
        path,
        str(path),
        WAV,
        bytearray(WAV),
        memoryview(WAV),
        {"bytes": WAV, "path": None},
        {"bytes": None, "path": str(path)},
        {"array": expected, "sampling_rate": RATE},
        {"array": expected.tolist(), "sampling_rate": float(RATE)},
        Waveform(expected, RATE, str(path)),
    ]
    for form in forms:
        got = read(form)
        np.testing.assert_array_equal(got.array, expected)
        assert got.sampling_rate == RATE
        assert (peek(form).frames, peek(form).sampling_rate, peek(form).channels) == (RATE, RATE, 1)


def test_bytes_win_over_the_path(tmp_path):
    got = read({"bytes": WAV, "path": str(tmp_path / "gone.wav")})
    assert len(got.array) == RATE
    assert got.source == str(tmp_path / "gone.wav")


def test_an_undecoded_datasets_column(tmp_path):
    datasets = pytest.importorskip("datasets")
    path = tmp_path / "tone.wav"
    path.write_bytes(WAV)
    rows = datasets.Dataset.from_dict({"audio": [{"bytes": None, "path": str(path)}, {"bytes": WAV, "path": "x.wav"}]})
    rows = rows.cast_column("audio", datasets.Audio(decode=False))
    for cell in rows["audio"]:
        np.testing.assert_array_equal(read(cell).array, soundfile.read(path, dtype="float32")[0])


def test_a_decoding_datasets_column(tmp_path, needs_ffmpeg):
    datasets = pytest.importorskip("datasets")
    path = tmp_path / "tone.wav"
    path.write_bytes(WAV)
    rows = datasets.Dataset.from_dict({"audio": [str(path)]}).cast_column("audio", datasets.Audio())
    got = read(rows[0]["audio"])
    np.testing.assert_array_equal(got.array, soundfile.read(path, dtype="float32")[0])
    assert got.source == str(path)
    assert peek(rows[0]["audio"]).sampling_rate == RATE
    resampled = datasets.Dataset.from_dict({"audio": [str(path)]}).cast_column("audio", datasets.Audio(16_000))
    assert read(resampled[0]["audio"]).sampling_rate == 16_000


@pytest.mark.parametrize(
    ("form", "subtype", "tolerance"),
    [
        ("WAV", "PCM_16", 4e-5),
        ("WAV", "PCM_24", 2e-7),
        ("WAV", "PCM_32", 1e-7),
        ("WAV", "PCM_U8", 1e-2),
        ("WAV", "FLOAT", 0),
        ("WAV", "DOUBLE", 0),
        ("WAVEX", "FLOAT", 0),
        ("RF64", "PCM_16", 4e-5),
        ("FLAC", "PCM_16", 4e-5),
        ("OGG", "VORBIS", 0.2),
        ("MP3", "MPEG_LAYER_III", 0.2),
    ],
)
def test_formats(form, subtype, tolerance):
    got = read(wav_bytes(TONE, RATE, format=form, subtype=subtype))
    assert got.array.shape == TONE.shape
    assert np.abs(got.array - TONE).max() <= tolerance
    info = peek(wav_bytes(TONE, RATE, format=form, subtype=subtype))
    assert info == AudioInfo(RATE, 1, RATE, 1.0, form, subtype)


def test_stereo_is_averaged():
    left, right = TONE, np.roll(TONE, 100)
    wav = wav_bytes(np.stack([left, right], 1), RATE, subtype="FLOAT")
    np.testing.assert_array_equal(read(wav).array, librosa.to_mono(np.stack([left, right])))
    np.testing.assert_array_equal(
        read({"array": np.stack([left, right]), "sampling_rate": RATE}).array, read(wav).array
    )
    assert peek(wav).channels == 2


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        ("i1", -128, 127),
        ("u1", 0, 255),
        ("<i2", -(2**15), 2**15 - 1),
        (">i2", -(2**15), 2**15 - 1),
        ("i4", -(2**31), 2**31 - 1),
    ],
)
def test_integer_pcm_is_divided_by_full_scale(dtype, low, high):
    got = read({"array": np.array([low, high], dtype), "sampling_rate": RATE}).array
    assert got[0] == -1.0
    assert 0.99 < got[1] <= 1.0


def test_int16_arrays_equal_the_file_they_came_from():
    pcm, _ = soundfile.read(io.BytesIO(WAV), dtype="int16")
    np.testing.assert_array_equal(read({"array": pcm, "sampling_rate": RATE}).array, read(WAV).array)


def test_floats_beyond_full_scale_are_kept():
    assert read({"array": np.array([1.5, -2.0]), "sampling_rate": RATE}).array.tolist() == [1.5, -2.0]


def test_streaming_headers_are_legal():
    """Writers to a pipe cannot go back to fill in the size: FFmpeg leaves 0xFFFFFFFF, others 0 or nearly 2 GiB."""
    expected = read(WAV).array
    for size in (0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000, 0x80000000):
        np.testing.assert_array_equal(read(with_data_size(size)).array, expected)
        assert peek(with_data_size(size)).frames == RATE


def test_an_empty_data_chunk_before_a_tag_is_empty_not_streaming():
    tag = b"LIST" + struct.pack("<I", 4) + b"INFO"
    with pytest.raises(EmptyAudioError):
        read(with_data_size(0)[: SIZE_AT + 4] + tag)


# Containers for torchcodec -----------------------------------------------------------------------------------------


def webm(shared: Path) -> Path:
    return real_files(shared, "data/coughvid", "*.webm", 1)[0]


def test_webm_without_a_duration(shared, needs_ffmpeg):
    got = read(webm(shared))
    assert got.sampling_rate == 48_000
    assert 9 < got.seconds < 11
    assert np.abs(got.array).max() > 0.01
    info = peek(webm(shared))
    assert (info.sampling_rate, info.frames, info.seconds, info.format, info.subtype) == (
        48_000,
        None,
        None,
        "MATROSKA",
        "opus",
    )
    np.testing.assert_array_equal(read(webm(shared).read_bytes()).array, got.array)
    assert len(read(webm(shared), sampling_rate=16_000).array) == -(-len(got.array) // 3)


@pytest.mark.parametrize("extension", ["m4a", "mp4"])
def test_mp4_and_m4a(tmp_path, needs_ffmpeg, extension):
    import torch
    from torchcodec.encoders import AudioEncoder

    path, tone = tmp_path / f"tone.{extension}", chirp(2.0, 16_000)
    AudioEncoder(torch.from_numpy(np.stack([tone, tone])), sample_rate=16_000).to_file(str(path))
    got = read(path)
    assert got.sampling_rate == 16_000
    assert abs(got.seconds - 2.0) < 0.1
    assert peek(path).channels == 2
    assert peek(path).seconds == pytest.approx(2.0, abs=0.1)
    with pytest.raises(UndecodableAudioError, match=path.name):
        path.write_bytes(path.read_bytes()[:2_000])  # the index, at the end, is gone
        read(path)


def test_amr_of_phones(needs_ffmpeg):
    """A phone's voice recorder: 8 kHz, 20 ms frames of 32 bytes at the highest rate."""
    got = read(b"#!AMR\n" + (b"\x3c" + bytes(range(31))) * 50)
    assert (got.sampling_rate, got.seconds) == (8_000, 1.0)


def test_damaged_webm_is_named(shared, tmp_path, needs_ffmpeg):
    path = tmp_path / "cut.webm"
    path.write_bytes(webm(shared).read_bytes()[:40])
    with pytest.raises(UndecodableAudioError, match=r"cut\.webm"):
        read(path)


def test_without_torchcodec_the_error_says_what_to_install(shared, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchcodec", None)
    monkeypatch.setitem(sys.modules, "torchcodec.decoders", None)
    for call in (read, peek):
        with pytest.raises(
            UndecodableAudioError, match=r"pip install hf-auscult\[codec\] and install FFmpeg"
        ) as caught:
            call(webm(shared))
        assert caught.value.where == str(webm(shared))
        assert "torchcodec is not installed" in caught.value.problem


@pytest.mark.parametrize("error", ["RuntimeError", "OSError"])
def test_without_ffmpeg_the_error_says_what_to_install(shared, monkeypatch, tmp_path, error):
    """TorchCodec raises one or the other at import when it finds no FFmpeg libraries."""
    (tmp_path / "torchcodec").mkdir()
    (tmp_path / "torchcodec" / "__init__.py").write_text(f"raise {error}('Could not load libtorchcodec')")
    for name in [name for name in sys.modules if name.split(".")[0] == "torchcodec"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UndecodableAudioError, match=r"finds no FFmpeg.*install FFmpeg"):
        read(webm(shared))


# Lengths that the header does not state ----------------------------------------------------------------------------


def loud_and_quiet(seconds: float = 6.0) -> np.ndarray:
    """What makes a variable bitrate vary, quiet first: the first frame is then the worst guess."""
    rng = np.random.default_rng(1)
    level = np.where(np.arange(int(seconds * 44_100)) % 88_200 < 22_050, 1e-4, 0.2)
    return (level * rng.standard_normal(len(level))).astype(np.float32)


def mp3(mode: str, *, index: bool) -> bytes:
    """An MP3 file, without the first frame (which states the length) unless ``index``."""
    stream = io.BytesIO()
    soundfile.write(stream, loud_and_quiet(), 44_100, format="MP3", bitrate_mode=mode, compression_level=0.5)
    data = stream.getvalue()
    assert b"Xing" in data[:64] or b"Info" in data[:64]
    return data if index else data[data.index(data[:2], 100) :]


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_mp3_frames_add_up(mode):
    length, bare = mp3_length(mp3(mode, index=True)), mp3_length(mp3(mode, index=False))
    assert length.indexed
    assert not bare.indexed
    assert length.samples == bare.samples
    assert 0 < length.samples - len(loud_and_quiet()) <= 4 * 1_152
    tag = b"ID3\x03\x00\x00\x00\x00\x10\x00" + mp3(mode, index=False)[:2_048]  # a picture full of frames
    assert mp3_length(tag + mp3(mode, index=False)) == bare


def test_every_real_mp3_is_read_whole(shared):
    for path in real_files(shared, MP3, "*.mp3", 400):
        length = mp3_length(path.read_bytes())
        assert (length is None) == (path.stat().st_size == 261)
        if length is not None:
            assert 0 < length.samples - peek(path).frames <= 4 * length.per_frame


def test_a_constant_bitrate_mp3_without_an_index():
    got = read(mp3("CONSTANT", index=False))
    assert abs(len(got.array) - len(loud_and_quiet())) <= 4 * 1_152


def test_a_variable_bitrate_mp3_without_an_index_is_not_cut(needs_ffmpeg):
    data = mp3("VARIABLE", index=False)
    assert soundfile.info(io.BytesIO(data)).frames < 0.8 * len(loud_and_quiet())  # what others silently return
    got = read(data)
    assert abs(len(got.array) - len(loud_and_quiet())) <= 4 * 1_152
    assert peek(data).frames is None


def test_a_flac_from_a_pipe(needs_ffmpeg):
    """Its header leaves the number of samples at 0: unknown."""
    flac = bytearray(wav_bytes(TONE, RATE, format="FLAC"))
    expected = read(bytes(flac)).array
    flac[21] &= 0xF0  # STREAMINFO: the low 36 bits before the checksum
    flac[22:26] = bytes(4)
    assert peek(bytes(flac)).frames is None
    np.testing.assert_allclose(read(bytes(flac)).array, expected, atol=1e-6)


def test_uncounted_files_need_the_codec(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchcodec", None)
    monkeypatch.setitem(sys.modules, "torchcodec.decoders", None)
    with pytest.raises(UndecodableAudioError, match=r"MP3 audio needs torchcodec.*hf-auscult\[codec\]"):
        read(mp3("VARIABLE", index=False))


# Bad input -----------------------------------------------------------------------------------------------------------


def test_missing_files(tmp_path):
    for source in (
        tmp_path / "gone.wav",
        str(tmp_path / "gone.wav"),
        {"bytes": None, "path": str(tmp_path / "gone.wav")},
    ):
        for call in (read, peek):
            with pytest.raises(MissingAudioError, match=r"gone\.wav") as caught:
                call(source)
            assert isinstance(caught.value, FileNotFoundError)
    with pytest.raises(MissingAudioError):
        read({"bytes": None, "path": None})


def corrupt(kind: str) -> bytes:
    flac = wav_bytes(TONE, RATE, format="FLAC")
    mp3 = wav_bytes(TONE, RATE, format="MP3", subtype="MPEG_LAYER_III")
    ogg = wav_bytes(TONE, RATE, format="OGG", subtype="VORBIS")
    rf64 = wav_bytes(TONE, RATE, format="RF64")
    return {
        "nothing": b"",
        "text": b"this is not audio at all\n" * 50,
        "html": b"<!DOCTYPE html><html><body>404</body></html>" * 20,
        "zeros": bytes(5_000),
        "riff only": WAV[:12],
        "wav header cut in fmt": WAV[:30],
        "wav header cut before data": WAV[: SIZE_AT - 4],
        "wav header cut in data size": WAV[: SIZE_AT + 2],
        "wav header alone": WAV[: SIZE_AT + 4],
        "wav cut in the middle": WAV[: len(WAV) // 2],
        "wav one byte short": WAV[:-1],
        "wav promises twice as much": with_data_size(4 * RATE),
        "rf64 cut in the middle": rf64[: len(rf64) // 2],
        "wav without channels": WAV[: RATE_AT - 2] + b"\0\0" + WAV[RATE_AT:],
        "wav with an unknown codec": WAV[: RATE_AT - 4] + b"\x99\x77" + WAV[RATE_AT - 2 :],
        "flac cut": flac[: len(flac) * 6 // 10],
        "flac header": flac[:30],
        "flac damaged": flac[: len(flac) // 2] + b"\x55" * 200 + flac[len(flac) // 2 + 200 :],
        "mp3 cut": mp3[: len(mp3) // 2],
        "mp3 header": mp3[:30],
        "ogg cut": ogg[: len(ogg) // 3],
        "ogg header": ogg[:30],
    }[kind]


KINDS = [
    "nothing", "text", "html", "zeros", "riff only", "wav header cut in fmt", "wav header cut before data",
    "wav header cut in data size", "wav header alone", "wav cut in the middle", "wav one byte short",
    "wav promises twice as much", "rf64 cut in the middle", "wav without channels", "wav with an unknown codec",
    "flac cut", "flac header", "flac damaged", "mp3 cut", "mp3 header", "ogg cut", "ogg header",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_undecodable_bytes_are_named(tmp_path, kind):
    path = tmp_path / "broken.wav"
    path.write_bytes(corrupt(kind))
    for source in (path, {"bytes": corrupt(kind), "path": "broken.wav"}):
        with pytest.raises(UndecodableAudioError, match=r"broken\.wav") as caught:
            read(source)
        assert caught.value.remedy


def test_a_real_recording_cut_short(shared, tmp_path):
    for path in real_files(shared, SPRSOUND, "*.wav", 3):
        cut = tmp_path / path.name
        shutil.copyfile(path, cut)
        cut.chmod(0o600)
        with cut.open("r+b") as file:
            file.truncate(path.stat().st_size - 100)
        for call in (read, peek):
            with pytest.raises(UndecodableAudioError, match="cut short"):
                call(cut)


def test_the_stubs_in_the_cough_dataset(shared):
    stubs = [path for path in (shared / MP3).glob("*.mp3") if path.stat().st_size == 261]
    assert len(stubs) == 2
    for path in stubs:
        with pytest.raises(UndecodableAudioError, match=path.name):
            read(path)


def test_a_folder_is_not_a_recording(tmp_path):
    with pytest.raises(UndecodableAudioError, match="folder"):
        read(tmp_path)


def test_no_samples(tmp_path):
    path = tmp_path / "empty.wav"
    path.write_bytes(wav_bytes(TONE[:0], RATE))
    for source in (
        path,
        {"array": np.zeros(0), "sampling_rate": RATE},
        {"array": [], "sampling_rate": RATE},
        {"array": np.zeros((2, 0)), "sampling_rate": RATE},
    ):
        for call in (read, peek):
            with pytest.raises(EmptyAudioError):
                call(source)
    with pytest.raises(EmptyAudioError, match=r"empty\.wav"):
        read(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_non_finite_samples(tmp_path, value):
    broken = TONE.copy()
    broken[17] = value
    path = tmp_path / "nan.wav"
    path.write_bytes(wav_bytes(broken, RATE, subtype="FLOAT"))
    for source in (path, {"array": broken, "sampling_rate": RATE, "path": "nan.wav"}):
        with pytest.raises(NonFiniteAudioError, match=r"nan\.wav: 1 of 8000"):
            read(source)
        with pytest.raises(NonFiniteAudioError):
            read(source, sampling_rate=16_000)


def test_float64_beyond_float32_is_not_finite():
    with pytest.raises(NonFiniteAudioError):
        read({"array": np.array([0.0, 1e300]), "sampling_rate": RATE})


@pytest.mark.parametrize("rate", [0, 1, 499, 768_001, 0xFFFFFFF0])
def test_absurd_rates_in_a_header(tmp_path, rate):
    path = tmp_path / "rate.wav"
    path.write_bytes(WAV[:RATE_AT] + struct.pack("<I", rate) + WAV[RATE_AT + 4 :])
    for call in (read, peek):
        with pytest.raises(SamplingRateError, match=r"rate\.wav"):
            call(path)


@pytest.mark.parametrize("rate", [None, 0, -16_000, 100, 10**9, "16000", 8_000.5, True])
def test_bad_rates_of_an_array(rate):
    for call in (read, peek):
        with pytest.raises(SamplingRateError):
            call({"array": TONE, "sampling_rate": rate})
    if rate is not None:
        with pytest.raises(SamplingRateError):
            read(WAV, sampling_rate=rate)


def test_a_dict_without_a_rate():
    with pytest.raises(SamplingRateError):
        read({"array": TONE})


def test_a_bare_array_has_no_rate():
    torch = pytest.importorskip("torch")
    for source in (TONE, TONE.tolist(), tuple(TONE.tolist()), torch.from_numpy(TONE)):
        with pytest.raises(SamplingRateError, match="no rate"):
            read(source)


def test_tensors_are_arrays():
    torch = pytest.importorskip("torch")
    np.testing.assert_array_equal(read({"array": torch.from_numpy(TONE), "sampling_rate": RATE}).array, TONE)


@pytest.mark.parametrize("shape", [(3, 100), (100, 2), (100, 1), (0, 100), (1, 2, 100), ()])
def test_shapes_that_are_not_audio(shape):
    with pytest.raises(ChannelError):
        read({"array": np.zeros(shape), "sampling_rate": RATE})


def test_ragged_lists_are_not_audio():
    with pytest.raises(ChannelError):
        read({"array": [[0.0, 1.0], [0.0]], "sampling_rate": RATE})


def test_files_with_more_than_two_channels(tmp_path):
    path = tmp_path / "array.wav"
    path.write_bytes(wav_bytes(np.stack([TONE] * 4, 1), RATE))
    for call in (read, peek):
        with pytest.raises(ChannelError, match=r"array\.wav: 4 channels"):
            call(path)


@pytest.mark.parametrize("dtype", ["i8", "u2", "u4", "u8", "bool", "complex64", "U3"])
def test_types_that_are_not_samples(dtype):
    with pytest.raises(AudioError, match="not a sample format"):
        read({"array": np.ones(8).astype(dtype), "sampling_rate": RATE})


@pytest.mark.parametrize("source", [None, 3, object(), {"audio": 1}])
def test_things_that_are_no_recording(source):
    with pytest.raises(AudioError):
        read(source)


def test_reading_is_repeatable(shared):
    path = real_files(shared, CIRCOR, "*.wav", 1)[0]
    np.testing.assert_array_equal(read(path, sampling_rate=16_000).array, read(path, sampling_rate=16_000).array)
