"""`hf_auscult.embed`: one row a recording, the same row every time."""

from __future__ import annotations

import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile
import torch

import hf_auscult
from hf_auscult.audio import WindowPolicy
from hf_auscult.embedding import store as embedding_files
from hf_auscult.embedding.embedder import Embedder
from hf_auscult.embedding.store import embed_files
from hf_auscult.errors import ConfigurationError, MissingAudioError, SamplingRateError
from hf_auscult.features import AuscultFeatureExtractor
from tests import tiny

RATE = 4_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> str:
    """A saved model with its extractor."""
    path = tmp_path_factory.mktemp("model")
    tiny.model().eval().save_pretrained(path)
    AuscultFeatureExtractor("heart", WindowPolicy("sliding", samples=tiny.SAMPLES)).save_pretrained(path)
    return str(path)


@pytest.fixture(scope="module")
def waves() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [(rng.standard_normal(RATE * seconds) * 0.1).astype(np.float32) for seconds in (1, 3, 2)]


@pytest.fixture
def files(tmp_path, waves) -> list[str]:
    for index, wave in enumerate(waves):
        soundfile.write(tmp_path / f"{index}.wav", wave, RATE, subtype="FLOAT")
    return [str(tmp_path / f"{index}.wav") for index in range(len(waves))]


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


def test_many_files_with_broken_ones(folder, files, tmp_path):
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    report = embed_files(folder, [tmp_path], tmp_path / "out.parquet", progress=False)
    assert (report.recordings, report.embedded, report.quarantined) == (4, 3, 1)
    table = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["path"] for row in table] == files
    assert [row["duration"] for row in table] == [1.0, 3.0, 2.0]
    np.testing.assert_array_equal([row["embedding"] for row in table], hf_auscult.embed(folder, files, progress=False))
    quarantine = (tmp_path / "out.parquet.quarantine.csv").read_text()
    assert "broken.wav" in quarantine
    assert "UndecodableAudioError" in quarantine


@pytest.mark.parametrize("same", [True, False], ids=["same model", "another model"])
def test_an_interrupted_pass_goes_on(folder, files, tmp_path, monkeypatch, same):
    monkeypatch.setattr(embedding_files, "PART", 1)
    real, read = embedding_files.read, []

    def dies_at_the_third(path):
        read.append(path)
        if len(read) == 3:
            raise KeyboardInterrupt
        return real(path)

    monkeypatch.setattr(embedding_files, "read", dies_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        embed_files(folder, files, tmp_path / "out.parquet", progress=False)
    assert not (tmp_path / "out.parquet").exists()
    monkeypatch.setattr(embedding_files, "read", real)
    if not same:  # other weights under another name: nothing of the first model may stay
        shutil.copytree(folder, tmp_path / "other")
        tiny.model(seed=7).eval().save_pretrained(tmp_path / "other")
        folder = str(tmp_path / "other")
    report = embed_files(folder, files, tmp_path / "out.parquet", progress=False)
    assert (report.embedded, report.reused) == (3, 2 if same else 0)
    rows = [row["embedding"] for row in pq.read_table(tmp_path / "out.parquet").to_pylist()]
    np.testing.assert_array_equal(rows, hf_auscult.embed(folder, files, progress=False))
    assert not list(tmp_path.glob(".out*"))
