"""What the extractors take, and how they put rows together."""

from __future__ import annotations

import multiprocessing
import os

import numpy as np
import pytest
import soundfile
import torch
from datasets import Audio, Dataset
from transformers import AutoFeatureExtractor

from hf_auscult.audio import WindowPolicy
from hf_auscult.errors import AudioError, ChannelError, ConfigurationError, EmptyAudioError
from hf_auscult.features import (
    FRONT_ENDS,
    AuscultFeatureExtractor,
    FrontEnd,
    NativeFeatureExtractor,
    register_front_end,
)
from tests.models.adapter import tiny
from tests.models.zoo import sound

RATE = 4_000
EXTRACTOR = AuscultFeatureExtractor("heart", WindowPolicy("sliding", seconds=1.0))
WAVE, OTHER = sound(1.0, RATE), sound(2.5, RATE, 1)


def features(recordings, **settings) -> np.ndarray:
    return EXTRACTOR(recordings, sampling_rate=RATE, **settings)["input_features"]


def test_forms_of_one_recording(tmp_path):
    """Arrays, tensors, lists of numbers of Python and numpy, files, cells and decoders give the same row."""
    expected = features(WAVE)
    assert expected.shape == (1, 51, 64)
    soundfile.write(tmp_path / "a.wav", WAVE, RATE, subtype="FLOAT")
    path = str(tmp_path / "a.wav")
    column = Dataset.from_dict({"audio": [path]})
    forms = {
        "list of floats": WAVE.tolist(),
        "list of numpy numbers": list(WAVE),
        "tuple of 0-d tensors": tuple(torch.from_numpy(WAVE)),
        "tensor with a graph": torch.from_numpy(WAVE).requires_grad_(),
        "(1, n)": WAVE[None],
        "batch of one": [WAVE],
        "list of lists": [WAVE.tolist()],
        "path": path,
        "mapping": {"array": WAVE, "sampling_rate": RATE},
        "two channels": {"array": np.stack([WAVE, WAVE]), "sampling_rate": RATE},
        "bytes": (tmp_path / "a.wav").read_bytes(),
        "undecoded cells": column.cast_column("audio", Audio(decode=False))["audio"],
    }
    for name, form in forms.items():
        np.testing.assert_array_equal(features(form), expected, err_msg=name)


def test_mixed_precision_leaves_features_alone():
    with torch.autocast("cpu", torch.bfloat16):
        found = features(WAVE)
    np.testing.assert_array_equal(found, features(WAVE))


def test_decoders_of_a_column(tmp_path):
    pytest.importorskip("torchcodec")
    soundfile.write(tmp_path / "a.wav", WAVE, RATE, subtype="FLOAT")
    column = Dataset.from_dict({"audio": [str(tmp_path / "a.wav")] * 2}).cast_column("audio", Audio())
    try:
        decoder = column[0]["audio"]
    except (ImportError, RuntimeError, OSError) as error:  # no FFmpeg
        pytest.skip(str(error).splitlines()[0])
    np.testing.assert_array_equal(features(decoder), features(WAVE))
    np.testing.assert_array_equal(features(column["audio"]), features([WAVE, WAVE]))


def test_forms_of_several_recordings():
    expected = features([WAVE, OTHER])
    assert expected.shape == (2, 153, 64)
    np.testing.assert_array_equal(features([WAVE.tolist(), OTHER.tolist()]), expected)
    np.testing.assert_array_equal(features((list(WAVE), torch.from_numpy(OTHER))), expected)
    bf16 = torch.from_numpy(WAVE).bfloat16()
    np.testing.assert_array_equal(features(bf16), features(bf16.float().numpy()))


@pytest.mark.parametrize("shape", [(1000, 2), (2, 1000), (5, 1000), (1, 2, 1000)])
def test_channels_are_never_taken_for_recordings(shape):
    for recordings in (np.zeros(shape, np.float32), [np.zeros(shape, np.float32)], torch.zeros(shape)):
        with pytest.raises(ChannelError):
            features(recordings)


def test_integers():
    """PCM arrays are scaled; Python's integers could be anything."""
    pcm = (WAVE * 32_767).round().astype(np.int16)
    expected = features(pcm.astype(np.float32) / 32_768)
    np.testing.assert_array_equal(features(pcm), expected)
    np.testing.assert_array_equal(features(list(pcm)), expected)
    for form in (pcm.tolist(), [pcm.tolist()], {"array": pcm.tolist(), "sampling_rate": RATE}):
        with pytest.raises(AudioError, match="int64 is not a sample format"):
            features(form)


def test_nothing_at_all():
    with pytest.raises(EmptyAudioError, match="empty list of recordings"):
        features([])
    for form in (np.zeros(0, np.float32), [[]], [WAVE.tolist(), []]):
        with pytest.raises(EmptyAudioError, match="no samples"):
            features(form)
    with pytest.raises(ConfigurationError, match="batch_size is 0"):
        EXTRACTOR.features(WAVE, RATE, batch_size=0)


@pytest.mark.parametrize("name", ["wav2vec2", "whisper", "clap-fused", "hear", "qwen"])
def test_native_rows_are_time_first(name):
    fe: NativeFeatureExtractor = tiny.extractor(name)
    length = fe.windows.length(fe.sampling_rate) / fe.sampling_rate
    waves = [sound(share * length, fe.sampling_rate) for share in (1.0, 2.5)]
    row = fe(waves, sampling_rate=fe.sampling_rate)
    windows = [fe.features(wave, fe.sampling_rate).windows for wave in waves]
    assert row["input_features"].ndim == fe.window_ndim + 1 <= 3
    assert row["window_frames"].tolist() == [[len(windows[0][0]), 0, 0], [len(window) for window in windows[1]]]
    np.testing.assert_array_equal(row["input_features"][1], np.concatenate(windows[1]))


def test_pad_takes_rows_of_every_kind():
    """Nested lists with the axis of a batch of one, and columns: the same batch as one call; labels are kept."""
    together = EXTRACTOR([WAVE, OTHER], sampling_rate=RATE)
    rows = [EXTRACTOR(wave, sampling_rate=RATE) for wave in (WAVE, OTHER)]
    listed = [{**{key: value.tolist() for key, value in row.items()}, "label": 1} for row in rows]
    columns = {key: [row[key][0] for row in rows] for key in rows[0]}
    for given in (listed, columns, [dict(row) for row in rows]):
        padded = EXTRACTOR.pad(given, return_tensors="np")
        for key, value in together.items():
            np.testing.assert_array_equal(padded[key], value)
            assert padded[key].dtype == value.dtype
    assert EXTRACTOR.pad(listed, return_tensors="pt")["label"].tolist() == [1, 1]
    plain = EXTRACTOR.pad([{"input_features": row["input_features"]} for row in rows])
    assert plain["window_frames"].tolist() == [[51, 0, 0], [51, 51, 51]]
    with pytest.raises(ConfigurationError, match=r"no input_features among \['label'\]"):
        EXTRACTOR.pad([{"label": 1}])


def test_a_front_end_from_outside(tmp_path, monkeypatch):
    """One call makes a front end known by name; what it is travels in the saved settings."""
    monkeypatch.setattr("hf_auscult.features.spec.FRONT_ENDS", dict(FRONT_ENDS))
    bowel = FrontEnd.from_dict({**FRONT_ENDS["heart"].to_dict(), "name": "bowel", "f_max": 1500, "source": "ours"})
    with pytest.raises(ConfigurationError, match="unknown front end 'bowel'"):
        AuscultFeatureExtractor("bowel")
    assert register_front_end(bowel) is bowel
    assert register_front_end(bowel) is bowel, "the same again is no conflict"
    fe = AuscultFeatureExtractor("bowel", WindowPolicy("sliding", seconds=1.0))
    assert not np.array_equal(fe(WAVE, RATE)["input_features"], features(WAVE))
    fe.save_pretrained(tmp_path)
    monkeypatch.setattr("hf_auscult.features.spec.FRONT_ENDS", dict(FRONT_ENDS))
    assert AutoFeatureExtractor.from_pretrained(tmp_path).front_end == bowel
    with pytest.raises(ConfigurationError, match="'heart' is another front end"):
        register_front_end(FrontEnd.from_dict({**bowel.to_dict(), "name": "heart"}))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_forked_process_does_not_wait_for_threads_it_has_not():
    """`datasets.map(num_proc=2)` after the extractor was used once: forking copies none of torch's threads."""
    before, fe = torch.get_num_threads(), AuscultFeatureExtractor("opera")
    long = np.zeros(30 * 16_000, np.float32)
    torch.set_num_threads(2)
    try:
        fe(long, sampling_rate=16_000)
        child = multiprocessing.get_context("fork").Process(target=fe, args=(long, 16_000))
        child.start()
        child.join(60)
        child.kill()
    finally:
        torch.set_num_threads(before)
    assert child.exitcode == 0
