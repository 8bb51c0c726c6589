"""`precision="fast"`: near the exact rows, chosen by measurement once, and exact where nothing is better."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile
import torch

import hf_auscult
from hf_auscult.embedding import embedder, precision
from hf_auscult.embedding.embedder import Embedder
from hf_auscult.embedding.precision import BOUND, MANY, Runner, choose, measure, stand_in
from hf_auscult.embedding.store import EmbeddingStore
from hf_auscult.errors import ConfigurationError
from tests.models.zoo import ZOO

ENCODERS = {variant.name: variant for variant in ZOO}
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AUSCULT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "precision"


@pytest.mark.parametrize("name", ["opera-ct", "opera-ce", "opera-gt", "beats", "panns/cnn6"])
def test_every_way_is_near_or_not_taken(name):
    """Weights and their kept order do not change; what is chosen keeps the bound."""
    encoder, extractor = ENCODERS[name].model(), ENCODERS[name].extractor()
    before = {key: (value.clone(), value.stride()) for key, value in encoder.state_dict().items()}
    choice = measure(encoder, extractor, CPU, precision.CPU_WAYS, "here")
    assert set(choice.tried) == set(precision.CPU_WAYS)
    assert choice.way == "exact" or (choice.tried[choice.way]["cosine"] >= BOUND and choice.gain >= 1.1)
    after = encoder.state_dict()
    assert all(
        torch.equal(after[key], value) and after[key].stride() == stride for key, (value, stride) in before.items()
    )
    assert choice.tried["channels_last"]["cosine"] > 1 - 1e-6


def test_a_choice_is_measured_once_for_a_model(cache, monkeypatch):
    variant = ENCODERS["opera-gt"]
    first = choose(variant.model(), variant.extractor(), CPU)
    (kept,) = cache.glob("*.json")
    assert json.loads(kept.read_text())["way"] == first.way
    monkeypatch.setattr(precision, "measure", None)
    assert choose(variant.model(), variant.extractor(), CPU) == first
    with pytest.raises(TypeError):  # other weights are measured again
        choose(variant.model(seed=1), variant.extractor(), CPU)
    assert choose(ENCODERS["opensmile"].model(), ENCODERS["opensmile"].extractor(), CPU).way == "exact"


def test_what_is_not_near_enough_falls_back(monkeypatch):
    monkeypatch.setattr(precision, "BOUND", 1.1)
    variant = ENCODERS["opera-gt"]
    model, extractor = variant.model(), variant.extractor()
    fast = Embedder(model, extractor, precision="fast")
    assert fast.way == "exact" and "fast is exact here" in fast.choice.render()
    recording = [{"array": stand_in(9, extractor.sampling_rate), "sampling_rate": extractor.sampling_rate}]
    assert np.array_equal(fast(recording), Embedder(model, extractor)(recording))


def test_fast_rows_are_near_and_the_same_every_time(monkeypatch):
    monkeypatch.setattr(precision, "LEAST_GAIN", 0.0)
    monkeypatch.setattr(precision, "CPU_WAYS", ("bfloat16",))
    variant = ENCODERS["opera-gt"]
    model, extractor = variant.model(), variant.extractor()
    rate = extractor.sampling_rate
    recordings = [{"array": stand_in(seed, rate)[: (seed + 1) * rate], "sampling_rate": rate} for seed in range(3)]
    fast = Embedder(model, extractor, precision="fast")
    assert fast.way == "bfloat16"
    rows, exact = fast(recordings), Embedder(model, extractor)(recordings)
    assert rows.dtype == np.float32 and not np.array_equal(rows, exact)
    cosine = (rows * exact).sum(1) / np.linalg.norm(rows, axis=1) / np.linalg.norm(exact, axis=1)
    assert cosine.min() >= BOUND
    assert np.array_equal(rows[1], fast(recordings[1:2])[0])


def test_a_store_holds_one_precision(tmp_path):
    EmbeddingStore(tmp_path, {"precision": "exact"}).write({b"a": np.zeros(3, np.float32)})
    fast = EmbeddingStore(tmp_path, {"precision": "bfloat16"})
    with pytest.raises(ConfigurationError, match="its rows are exact, these are bfloat16"):
        fast.write({b"b": np.zeros(3, np.float32)})


@pytest.fixture
def compiling(monkeypatch):
    """Compiled ways alone are tried, without a compiler, and taken however slow they are."""
    monkeypatch.setattr(precision, "SLOW_TO_START", precision.SLOW_TO_START[1:])
    monkeypatch.setattr(precision, "BACKEND", "eager")
    monkeypatch.setattr(precision, "CPU_WAYS", ())
    monkeypatch.setattr(precision, "LEAST_GAIN", 0.0)
    monkeypatch.setattr(precision.shutil, "which", lambda name: name)


def test_for_many_recordings_compiling_is_tried(compiling):
    variant = ENCODERS["opera-gt"]
    model, extractor = variant.model(), variant.extractor()
    assert choose(model, extractor, CPU, recordings=MANY - 1).tried == {}
    fast = Embedder(model, extractor, precision="fast", recordings=MANY)
    assert set(fast.choice.tried) == {"compiled", "compiled+bfloat16"}
    assert "compiled" in fast.way and fast.choice.tried[fast.way]["start"] > 0
    rate, calls = extractor.sampling_rate, []
    compiled = fast.runner.prepared(fast.encoder)
    whole = compiled.form
    compiled.form = lambda windows: calls.append(windows.shape) or whole(windows)
    recordings = [{"array": stand_in(seed, rate)[: (seed + 1) * rate], "sampling_rate": rate} for seed in range(3)]
    rows, exact = fast(recordings), Embedder(model, extractor)(recordings)
    assert calls and set(calls) == {(1, *precision.shape_of(extractor))}
    cosine = (rows * exact).sum(1) / np.linalg.norm(rows, axis=1) / np.linalg.norm(exact, axis=1)
    assert cosine.min() >= BOUND
    assert np.array_equal(rows[1], fast(recordings[1:2])[0])


def test_the_bytes_of_one_recording_are_not_many_recordings(monkeypatch):
    asked = []
    monkeypatch.setattr(
        embedder, "Embedder", lambda *args, recordings, **more: asked.append(recordings) or (lambda *a, **k: None)
    )
    hf_auscult.embed("model", b"RIFF" * MANY)
    hf_auscult.embed("model", ["a.wav", "b.wav"])
    assert asked == [0, 2]


def test_what_cannot_be_compiled_is_no_way(compiling, monkeypatch):
    def refuses(*arguments, **settings):
        raise RuntimeError("no compiler")

    monkeypatch.setattr(torch, "compile", lambda model, **settings: refuses)
    variant = ENCODERS["opera-gt"]
    choice = choose(variant.model(), variant.extractor(), CPU, recordings=MANY)
    assert choice.way == "exact" and all(found["gain"] == 0.0 for found in choice.tried.values())


def test_what_is_added_to_a_compiled_file_is_compiled(compiling, monkeypatch, tmp_path):
    from hf_auscult.embedding import recordings

    for module in (precision, recordings):
        monkeypatch.setattr(module, "MANY", 2)
    variant = ENCODERS["opera-gt"]
    variant.model().save_pretrained(tmp_path / "model")
    variant.extractor().save_pretrained(tmp_path / "model")
    rate = variant.extractor().sampling_rate
    for seed in range(3):
        soundfile.write(tmp_path / f"{seed}.wav", stand_in(seed, rate, 2.0), rate)
    files, output = [tmp_path / f"{seed}.wav" for seed in range(3)], tmp_path / "out.parquet"
    settings = {"precision": "fast", "progress": False}
    first = recordings.embed_files(str(tmp_path / "model"), files[:2], output, **settings)
    assert "compiled" in first.precision.way
    added = recordings.embed_files(str(tmp_path / "model"), files[2:], output, resume=True, **settings)
    assert added.precision.way == first.precision.way and added.embedded == 3


@pytest.mark.slow
def test_onnxruntime_is_tried_and_its_file_kept(monkeypatch, cache):
    pytest.importorskip("onnxscript")
    monkeypatch.setattr(precision, "SLOW_TO_START", ("onnx",))
    monkeypatch.setattr(embedder, "SLOW_TO_START", ("onnx",))
    monkeypatch.setattr(precision, "CPU_WAYS", ())
    variant = ENCODERS["opera-ce"]
    model, extractor = variant.model(), variant.extractor()
    monkeypatch.setattr(precision, "LEAST_GAIN", 1e9)
    assert Embedder(model, extractor, precision="fast", recordings=MANY).way == "exact"
    assert not list(cache.glob("*.onnx"))
    for kept in cache.glob("*.json"):
        kept.unlink()
    monkeypatch.setattr(precision, "LEAST_GAIN", 0.0)
    fast = Embedder(model, extractor, precision="fast", recordings=MANY)
    assert fast.way == "onnx" and fast.choice.cosine > 1 - 1e-6
    assert len(list(cache.glob("*.onnx"))) == 1
    monkeypatch.setattr(precision, "write", None)  # another process finds the file
    again = Embedder(model, extractor, precision="fast", recordings=MANY)
    rate = extractor.sampling_rate
    recordings = [{"array": stand_in(seed, rate)[: (seed + 1) * rate], "sampling_rate": rate} for seed in range(2)]
    np.testing.assert_allclose(again(recordings), Embedder(model, extractor)(recordings), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["opera-ce", "opera-ct"])
def test_real_recordings_keep_the_bound(family, shared, tmp_path):
    """The networks at their published sizes, seeded weights, heart sounds."""
    from importlib import import_module

    from hf_auscult.models.convert_checkpoint import FAMILIES

    torch.manual_seed(0)
    conversion = import_module(FAMILIES[family]).CONVERSIONS[family]
    model = conversion.build().base_model.eval()
    extractor = conversion.extractor_of(model)
    files = sorted((shared / "data" / "circor-digiscope-1.0.3").rglob("*.wav"))[:6]
    exact = Embedder(model, extractor)(files, protocol="published")
    ways = Embedder(model, extractor)
    for way in ("bfloat16", "channels_last+bfloat16"):
        ways.runner = Runner(model, way)
        rows = ways(files, protocol="published")
        cosine = (rows * exact).sum(1) / np.linalg.norm(rows, axis=1) / np.linalg.norm(exact, axis=1)
        assert cosine.min() >= BOUND, (way, cosine)


def test_unknown_precision_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="precision is 'half'"):
        hf_auscult.embed(str(tmp_path), [], precision="half")
