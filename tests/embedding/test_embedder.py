"""`hf_auscult.embed`: one row a recording, the same row every time."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import hf_auscult
from hf_auscult.embedding.embedder import Embedder
from hf_auscult.errors import ConfigurationError, MissingAudioError, SamplingRateError
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
        windows = embedder.encoder.eval()(inputs["input_features"]).pooler_output.double()
    weights = inputs["window_seconds"].double()
    assert weights.sum().item() == pytest.approx(3.0, abs=1e-5)
    expected = (windows * weights[:, None]).sum(0) / weights.sum()
    row = embedder([{"array": waves[1], "sampling_rate": RATE}])[0]
    np.testing.assert_allclose(row, expected.numpy(), atol=1e-5)


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
