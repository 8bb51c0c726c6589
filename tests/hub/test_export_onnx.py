"""ONNX: every encoder within 1e-4 of torch at any batch size, and nothing left behind where that fails."""

from __future__ import annotations

import importlib.util
import json

import numpy as np
import onnxruntime
import pytest
import torch
from transformers import AutoFeatureExtractor

from hf_auscult.audio import WindowPolicy
from hf_auscult.cli import main
from hf_auscult.embedding.onnx_files import OnnxEncoder
from hf_auscult.errors import ConfigurationError, ConversionError
from hf_auscult.features import AuscultFeatureExtractor
from hf_auscult.hub import export_onnx
from hf_auscult.hub.export_onnx import export
from hf_auscult.models.acula import AcuLaConfig
from hf_auscult.models.acula.modeling_acula import AcuLaModel
from tests.models.zoo import GT, ZOO


def run(path, inputs: torch.Tensor) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    step = 1 if session.get_inputs()[0].shape[0] == 1 else len(inputs)
    parts = [
        session.run(["pooler_output", "last_hidden_state"], {"input_features": part.numpy()})
        for part in inputs.split(step)
    ]
    return [np.concatenate(values) for values in zip(*parts, strict=True)]


@pytest.mark.slow
@pytest.mark.parametrize("variant", ZOO, ids=lambda variant: variant.name)
def test_every_encoder(variant, tmp_path):
    if not variant.parameters:
        pytest.skip("not a network: there is nothing to export")
    model, fe = variant.model(), variant.extractor()
    report = export(model, tmp_path / "onnx", feature_extractor=fe)
    assert report.relative_error <= 1e-4
    # Sizes that follow from values (the natives that do not compile either) leave one window at a time.
    traced = bool(getattr(variant, "compiles", ""))
    assert (report.opset, report.exporter) == (18, "trace" if traced else "torch.export")
    assert report.inputs["input_features"][0] == (1 if traced else "batch")
    for number, seed in ((1, 5), (3, 6)):
        inputs = variant.inputs(number, seed)
        assert list(inputs.shape[1:]) == report.inputs["input_features"][1:]
        with torch.no_grad():
            out = model(inputs)
        found = run(tmp_path / "onnx/model.onnx", inputs)
        for ours, theirs in zip((out.pooler_output, out.last_hidden_state), found, strict=True):
            assert ours.shape == theirs.shape
            np.testing.assert_allclose(theirs, ours, rtol=0, atol=1e-4 * float(ours.abs().max()))
    assert AutoFeatureExtractor.from_pretrained(tmp_path / "onnx").to_dict() == fe.to_dict()
    written = json.loads((tmp_path / "onnx" / "onnx_config.json").read_text())
    assert written == {key: value for key, value in report.to_dict().items() if key != "output"}


@pytest.fixture
def saved(tmp_path):
    GT.model().save_pretrained(tmp_path / "model")
    GT.extractor().save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def test_command_with_int8(saved, tmp_path, capsys):
    output = tmp_path / "onnx"
    assert main(["onnx", str(saved), "--output", str(output), "--int8", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {path.name for path in output.iterdir() if path.suffix != ".py"} == {
        "model.onnx",
        "model_int8.onnx",
        "onnx_config.json",
        "preprocessor_config.json",
    }
    assert list(output.glob("*features*.py"))  # the extractor brings its code, as every saved folder does
    int8 = report["int8"]
    assert int8["quantised"] > 4
    assert 0.99 < int8["minimum_cosine"] <= int8["mean_cosine"] < 1
    assert int8["speed_ratio"] > 0
    inputs = GT.inputs(3)
    large, small = (run(output / name, inputs)[0] for name in ("model.onnx", "model_int8.onnx"))
    assert not np.array_equal(large, small)
    assert np.corrcoef(large.ravel(), small.ravel())[0, 1] > 0.99
    assert main(["onnx", str(saved), "--output", str(output), "--json"]) == 2
    assert "already exists" in json.loads(capsys.readouterr().out)["message"]


def test_another_number_of_frames_and_opset(saved, tmp_path):
    report = export(saved, tmp_path / "onnx", frames=32, opset=20)
    assert report.inputs["input_features"] == ["batch", 32, 64]
    assert (report.opset, report.outputs["last_hidden_state"]) == (20, ["batch", 33, 32])
    unchecked = export(saved, tmp_path / "unchecked", frames=32, check=False)
    assert (unchecked.max_abs_error, unchecked.relative_error) == (None, None)
    with pytest.raises(ConfigurationError, match=r"expected \(windows, 8\.\.64 frames"):
        export(saved, tmp_path / "more", frames=80)
    with pytest.raises(ConfigurationError, match="frames is 0"):
        export(saved, tmp_path / "more", frames=0)


def test_acula_gives_its_audio_encoder(tmp_path):
    torch.manual_seed(0)
    model = AcuLaModel(AcuLaConfig(audio_config=GT.config(), text_size=12, teacher=None)).eval()
    report = export(model, tmp_path / "onnx", feature_extractor=GT.extractor())
    assert report.model_type == "opera-gt"
    inputs = GT.inputs(3)
    with torch.no_grad():
        ours = model(inputs).pooler_output
    np.testing.assert_allclose(run(tmp_path / "onnx/model.onnx", inputs)[0], ours, atol=1e-4 * float(ours.abs().max()))


def test_a_file_that_differs_is_refused(saved, tmp_path, monkeypatch):
    reference = export_onnx._reference
    monkeypatch.setattr(export_onnx, "_reference", lambda *inputs: [1.001 * value for value in reference(*inputs)])
    with pytest.raises(ConversionError, match="pooler_output of the ONNX file differs from torch"):
        export(saved, tmp_path / "onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize(
    ("output", "message"),
    [
        # Traced with one window, and then wrong for the others.
        (lambda x: torch.stack([one * int(1e4 * one.mean()) for one in x.unbind()]), "differs from torch"),
        (lambda x: torch.linalg.eigvals(x[:, :64, :64]).abs(), "cannot be exported to ONNX"),
    ],
    ids=["it depends on values", "ONNX lacks an operation"],
)
def test_an_encoder_that_cannot_be_exported(saved, tmp_path, monkeypatch, output, message):
    monkeypatch.setattr(OnnxEncoder, "forward", lambda self, input_features: (output(input_features),) * 2)
    with pytest.raises(ConversionError, match=message):
        export(saved, tmp_path / "onnx", check=False)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_what_is_missing_is_said(saved, tmp_path, monkeypatch):
    with pytest.raises(ConfigurationError, match="cannot be loaded"):
        export(tmp_path / "nowhere", tmp_path / "onnx")
    with pytest.raises(ConfigurationError, match="feature_extractor="):
        export(GT.model(), tmp_path / "onnx")
    whole = AuscultFeatureExtractor("opera", WindowPolicy("whole"))
    with pytest.raises(ConfigurationError, match="no fixed length"):
        export(saved, tmp_path / "onnx", feature_extractor=whole)
    without = GT.model()
    for module in without.modules():
        module._parameters.clear()
    with pytest.raises(ConfigurationError, match="no network to export"):
        export(without, tmp_path / "onnx", feature_extractor=GT.extractor())
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "onnx" else find(name, *more))
    with pytest.raises(ConfigurationError, match=r"onnx not installed.*hf-auscult\[onnx\]"):
        export(saved, tmp_path / "onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
