"""`hf_auscult.embed`: one row a recording, the same row every time."""

from __future__ import annotations

from unittest.mock import Mock

import numpy as np
import pytest
import torch

import hf_auscult
from hf_auscult.embedding import embedder as embedder_module
from hf_auscult.embedding.embedder import Embedder, encode_all
from hf_auscult.errors import ConfigurationError, MissingAudioError, NonFiniteAudioError, SamplingRateError
from tests import tiny
from tests.embedding.conftest import RATE


def test_rows_are_bitwise_the_same(folder, files, waves):
    first = hf_auscult.embed(folder, files, progress=False)
    assert first.shape == (3, 512)
    assert first.dtype == np.float32
    assert np.array_equal(first, hf_auscult.embed(folder, files, progress=False))
    # A row depends on its recording alone: not on its neighbours, nor on how it came in.
    assert np.array_equal(first[1], hf_auscult.embed(folder, [files[1]], progress=False)[0])
    arrays = [{"array": wave, "sampling_rate": RATE} for wave in waves]
    assert np.array_equal(first, hf_auscult.embed(folder, arrays, progress=False))
    cells = [{"bytes": open(path, "rb").read(), "path": "x.wav"} for path in files]  # noqa: SIM115, PTH123
    assert np.array_equal(first, hf_auscult.embed(folder, cells, progress=False))


def test_a_row_is_the_duration_weighted_mean_of_windows(folder, waves):
    embedder = Embedder(folder)
    inputs = embedder.feature_extractor(waves[1], sampling_rate=RATE, return_tensors="pt")
    with torch.no_grad():
        windows = inputs["input_features"].unflatten(1, (*inputs["window_seconds"].shape[1:], -1))[0]
        windows = embedder.encoder.eval()(windows).pooler_output.double()
        pooled = embedder.encoder(**inputs).pooler_output[0]
    weights = inputs["window_seconds"][0].double()
    assert weights.sum().item() == pytest.approx(3.0, abs=1e-5)
    expected = (windows * weights[:, None]).sum(0) / weights.sum()
    row = embedder([{"array": waves[1], "sampling_rate": RATE}])[0]
    np.testing.assert_allclose(row, expected.numpy(), atol=1e-5)
    np.testing.assert_allclose(row, pooled.numpy(), atol=1e-5)


def test_several_outputs_and_several_models(folder, files, monkeypatch):
    """Projections of windows are averaged, not the projected mean; windows are cut once for all models."""
    embedder, other = Embedder(folder), tiny.model(seed=3).eval()
    found = embedder.encode(files, outputs=("pooler_output", "audio_embeds"))
    assert np.array_equal(found["pooler_output"], embedder(files))
    extractor = embedder.feature_extractor
    with torch.no_grad():
        audio = embedder.model.get_audio_features(**extractor(files, return_tensors="pt"))
    np.testing.assert_allclose(found["audio_embeds"], audio.numpy(), atol=1e-5)
    cut = Mock(wraps=extractor.window_features)
    monkeypatch.setattr(type(extractor), "window_features", cut)
    both = {"a": embedder, "b": Embedder(other, extractor)}
    for made, expected, seconds in zip(
        encode_all(both, files, outputs=("audio_embeds",)), found["audio_embeds"], (1, 3, 2), strict=True
    ):
        assert made.seconds == seconds
        assert np.array_equal(made.rows["a"]["audio_embeds"], expected)
        assert not np.allclose(made.rows["b"]["audio_embeds"], expected)
    assert cut.call_count == 3  # windows of one recording share a call
    with pytest.raises(ConfigurationError, match=r"OperaGTModel.* gives no logits|gives no logits"):
        embedder.encode(files, outputs=("logits",))


def test_recordings_of_a_batch_share_passes_where_the_device_wants_that(folder, files, monkeypatch):
    """Windows of several recordings in one pass: the same rows to 1e-6, and the same order."""
    embedder = Embedder(folder)
    alone = embedder([*files, *files])
    monkeypatch.setattr(embedder_module, "_shares", lambda passes: True)
    calls = []
    handle = embedder.encoder.register_forward_pre_hook(lambda module, inputs: calls.append(len(inputs[0])))
    together = embedder([*files, *files], batch_size=8)
    handle.remove()
    assert max(calls) == 8
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-6)


def test_recordings_that_cannot_be_used_are_skipped_where_asked(folder, files):
    found = hf_auscult.embed(folder, [files[0], "nowhere.wav", files[1]], progress=False, errors="skip")
    assert found.kept == (0, 2)
    assert np.array_equal(found.array, hf_auscult.embed(folder, files[:2], progress=False))
    assert list(found.skipped) == [1]
    assert "nowhere.wav" in found.skipped[1]


@pytest.mark.parametrize("readers", [0, 1, 3])
def test_reading_ahead_changes_nothing(folder, files, monkeypatch, readers):
    """Order, rows, what is wrong with recordings and torch's number of threads are those of one thread."""
    monkeypatch.setattr(embedder_module, "_readers", lambda passes: readers)
    before, names = torch.get_num_threads(), [*files, "nowhere.wav", *files[::-1], *files]
    found = hf_auscult.embed(folder, names, progress=False, errors="skip")
    assert list(found.skipped) == [3] and torch.get_num_threads() == before
    monkeypatch.setattr(embedder_module, "_readers", lambda passes: 0)
    alone = hf_auscult.embed(folder, files, progress=False)
    assert np.array_equal(found.array, np.concatenate([alone, alone[::-1], alone]))
    with pytest.raises(MissingAudioError, match=r"nowhere\.wav"):
        hf_auscult.embed(folder, names, progress=False)


def test_threads_never_outnumber_cores(folder, monkeypatch):
    passes = [Mock(device=torch.device("cpu"))]
    for cores, threads, readers in ((1, 1, 0), (2, 2, 0), (2, 1, 1), (16, 4, 4)):
        monkeypatch.setattr(embedder_module.os, "sched_getaffinity", lambda pid, cores=cores: set(range(cores)))
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        assert embedder_module._readers(passes) == readers and readers + threads <= cores
    monkeypatch.setattr(embedder_module.os, "sched_getaffinity", lambda pid: {0, 1})
    assert embedder_module._readers([Mock(device=torch.device("cuda"))]) == 1


@pytest.mark.parametrize(
    "settings", [{"precision": "double"}, {"batch_size": 0}, {"errors": "ignore"}, {"protocol": "mine"}]
)
def test_settings_that_make_no_sense_are_refused(folder, files, settings):
    with pytest.raises(ConfigurationError):
        hf_auscult.embed(folder, files, **settings)


def test_a_model_object_and_its_mode(folder, files):
    from transformers import AutoModel

    model = AutoModel.from_pretrained(folder)
    model.train()
    rows = hf_auscult.embed(model, files, progress=False)
    assert model.audio_encoder.training, "embedding must leave the model as it was"
    assert np.array_equal(rows, hf_auscult.embed(folder, files, progress=False))


def test_bad_recordings_are_named(folder, files, waves):
    with pytest.raises(SamplingRateError, match="bare array has no sampling rate"):
        hf_auscult.embed(folder, [waves[0]], progress=False)
    with pytest.raises(MissingAudioError, match=r"nowhere\.wav"):
        hf_auscult.embed(folder, [*files, "nowhere.wav"], progress=False)
    with pytest.raises(ConfigurationError, match="does not say where"):
        hf_auscult.embed(tiny.model(), files, progress=False)
    with pytest.raises(ConfigurationError, match="no published window rule"):
        hf_auscult.embed(folder, files, protocol="published", progress=False)


def test_no_embedding_is_nan(folder, files, monkeypatch):
    embedder = Embedder(folder)
    real = embedder.feature_extractor.window_features

    def broken(windows, front_end=None):
        images = real(windows, front_end).copy()
        if len(windows[0]) and abs(windows).max() > 1:
            images[0, 0, 0] = np.inf
        return images

    monkeypatch.setattr(embedder.feature_extractor, "window_features", broken)
    loud = {"array": np.full(RATE, 2.0), "sampling_rate": RATE, "path": "loud.wav"}
    with pytest.raises(NonFiniteAudioError, match=r"loud\.wav: its features are not finite"):
        embedder([files[0], loud])
    skipped = embedder([files[0], loud, files[1]], errors="skip")
    assert skipped.kept == (0, 2) and list(skipped.skipped) == [1] and np.isfinite(skipped.array).all()


def test_a_model_that_overflows_names_the_recording_and_one_of_nan_itself(folder, files):
    embedder = Embedder(folder)
    forward = embedder.encoder.forward
    embedder.encoder.forward = lambda *args, **kwargs: _scaled(forward(*args, **kwargs), np.inf)
    with pytest.raises(NonFiniteAudioError, match=r"0\.wav: its embedding is not finite"):
        embedder(files)
    assert len(embedder(files, errors="skip").skipped) == len(files)
    embedder = Embedder(folder)
    max(embedder.encoder.parameters(), key=lambda weights: weights.numel()).data.fill_(float("nan"))
    with pytest.raises(ConfigurationError, match="the weights of the model are not finite"):
        embedder(files, errors="skip")


def _scaled(output, factor):
    output["pooler_output"] = output["pooler_output"] * factor
    return output
