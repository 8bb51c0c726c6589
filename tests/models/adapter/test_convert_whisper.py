"""CTranslate2's container of a tiny Whisper model, written here as its specification says, back to the same weights."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import torch
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperModel

import hf_auscult
from hf_auscult.embedding.embedder import Embedder
from hf_auscult.errors import ConversionError
from hf_auscult.models.adapter.convert_whisper import BEHAVIOUR, read_ctranslate2
from hf_auscult.models.convert_checkpoint import convert
from tests.models.adapter.tiny import WHISPER
from tests.models.zoo import sound

LAYER = {
    "fc1": "ffn/linear_0",
    "fc2": "ffn/linear_1",
    "self_attn.out_proj": "self_attention/linear_1",
    "encoder_attn.q_proj": "attention/linear_0",
    "encoder_attn.out_proj": "attention/linear_2",
}
NORMS = {
    "final_layer_norm": "ffn/layer_norm",
    "self_attn_layer_norm": "self_attention/layer_norm",
    "encoder_attn_layer_norm": "attention/layer_norm",
}


def variables(model: WhisperModel) -> dict[str, np.ndarray]:
    """What CTranslate2's converter makes of a model."""
    state = {key: value.numpy() for key, value in model.state_dict().items()}
    found: dict[str, np.ndarray] = {name: np.int8(value) for name, value in BEHAVIOUR.items()}

    def put(ours: str, theirs: str, norm: bool = False) -> None:
        for kind, name in (("weight", "gamma" if norm else "weight"), ("bias", "beta" if norm else "bias")):
            found[f"{theirs}/{name}"] = state.pop(f"{ours}.{kind}")

    def stack(ours: str, theirs: str, letters: str) -> None:
        width = model.config.d_model
        state[f"{ours}.k_proj.bias"] = np.zeros(width, np.float32)
        for kind in ("weight", "bias"):
            found[f"{theirs}/{kind}"] = np.concatenate([state.pop(f"{ours}.{one}_proj.{kind}") for one in letters])

    for part in ("encoder", "decoder"):
        found[f"{part}/num_heads"] = np.int16(model.config.encoder_attention_heads)
        found[f"{part}/position_encodings/encodings"] = state.pop(f"{part}.embed_positions.weight")
        put(f"{part}.layer_norm", f"{part}/layer_norm", norm=True)
        for index in range(len(getattr(model, part).layers)):
            ours, theirs = f"{part}.layers.{index}", f"{part}/layer_{index}"
            stack(f"{ours}.self_attn", f"{theirs}/self_attention/linear_0", "qkv")
            if part == "decoder":
                stack(f"{ours}.encoder_attn", f"{theirs}/attention/linear_1", "kv")
            for names, norm in ((LAYER, False), (NORMS, True)):
                for one, other in names.items():
                    if f"{ours}.{one}.weight" in state:
                        put(f"{ours}.{one}", f"{theirs}/{other}", norm)
    put("encoder.conv1", "encoder/conv1")
    put("encoder.conv2", "encoder/conv2")
    found["decoder/embeddings/weight"] = state.pop("decoder.embed_tokens.weight")
    found["decoder/alignment_heads"] = np.int16(1)
    assert not state, sorted(state)
    return found


def write(path, values: dict[str, np.ndarray], specification: str = "WhisperSpec") -> None:
    kinds = {"float32": 0, "int8": 1, "int16": 2, "int32": 3, "float16": 4, "uint16": 5}

    def name(text: str) -> bytes:
        return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"

    data = struct.pack("<I", 6) + name(specification) + struct.pack("<II", 3, len(values))
    for key, value in values.items():
        data += name(key) + struct.pack(f"<B{value.ndim}I", value.ndim, *value.shape)
        data += struct.pack("<BI", kinds[str(value.dtype)], value.nbytes) + value.tobytes()
    alias = name("decoder/projection/weight") + name("decoder/embeddings/weight")
    path.write_bytes(data + struct.pack("<I", 1) + alias)


@pytest.fixture
def original() -> WhisperModel:
    torch.manual_seed(0)
    return WhisperModel(WhisperConfig(**WHISPER)).eval()


@pytest.mark.parametrize("precision", [torch.float32, torch.float16, torch.bfloat16])
def test_every_weight_comes_back(tmp_path, original, precision):
    values = variables(original)
    write(tmp_path / "model.bin", {key: _as(value, precision) for key, value in values.items()})
    assert set(read_ctranslate2(tmp_path / "model.bin")) == set(values)
    folder = convert("whisper", tmp_path / "model.bin", tmp_path / "out")
    model = WhisperModel.from_pretrained(folder).eval()
    expected = original.state_dict()
    assert model.state_dict().keys() == expected.keys()
    for key, value in model.state_dict().items():
        assert torch.equal(value, expected[key].to(precision).float()), key
    assert WhisperFeatureExtractor.from_pretrained(folder).feature_size == 16


@pytest.mark.parametrize(("kind", "steps"), [(np.int8, 127), (np.int16, 1024)])
def test_quantised_weights_are_divided_by_their_scale(tmp_path, original, kind, steps):
    """As CTranslate2 quantises: int8 by the row, int16 by one number; half a step is the most that is lost."""
    values = variables(original)
    for name in [name for name in values if "linear" in name and name.endswith("weight")]:
        largest = np.abs(values[name]).max(**({"axis": 1} if kind is np.int8 else {}))
        scale = np.float32(steps) / largest
        values[f"{name}_scale"] = np.asarray(scale, np.float32)
        values[name] = np.rint(values[name] * np.reshape(scale, (-1, 1))).astype(kind)
    write(tmp_path / "model.bin", values)
    model = WhisperModel.from_pretrained(convert("whisper", tmp_path / "model.bin", tmp_path / "out")).eval()
    assert model.config.dequantised_from == np.dtype(kind).name
    largest = max(value.abs().max() for key, value in original.state_dict().items() if "proj" in key or "fc" in key)
    for key, value in model.state_dict().items():
        assert (value - original.state_dict()[key]).abs().max() <= 0.51 * largest / steps, key


def _as(value: np.ndarray, precision: torch.dtype) -> np.ndarray:
    if value.dtype != np.float32:
        return value
    tensor = torch.from_numpy(value).to(precision)
    return tensor.view(torch.uint16).numpy() if precision == torch.bfloat16 else tensor.numpy()


def test_the_folder_is_embedded(tmp_path, original):
    write(tmp_path / "model.bin", variables(original))
    folder = convert("whisper", tmp_path / "model.bin", tmp_path / "out")
    recordings = [{"array": sound(0.8, 16_000), "sampling_rate": 16_000}]
    extractor = WhisperFeatureExtractor(feature_size=16, chunk_length=1)
    model, fe = hf_auscult.adapt(str(folder), extractor, layers=[1], pooling="mean_std", real_frames=True)
    assert Embedder(model, fe)(recordings).shape == (1, 64)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda values: values.pop("encoder/layer_0/ffn/linear_1/bias"), "1 missing: encoder.layers.0.fc2.bias"),
        (lambda values: values.update({"encoder/extra": np.zeros(2, np.float32)}), "1 unknown: encoder.extra"),
        (lambda values: values.update({"decoder/activation": np.int8(0)}), "differs from Whisper: {'decoder/activ"),
        (lambda values: values.update({"encoder/conv1/weight_scale": np.ones(3, np.float32)}), "no scale that fits"),
        (lambda values: values.update({"encoder/conv1/weight_scale": np.zeros(1, np.float32)}), "no scale that fits"),
        (lambda values: values.pop("encoder/num_heads"), "lacks 'encoder/num_heads'"),
        (lambda values: values["encoder/layer_0/self_attention/linear_0/bias"].__iadd__(1), "keys have no bias"),
    ],
)
def test_what_is_refused(tmp_path, original, change, message):
    values = variables(original)
    change(values)
    write(tmp_path / "model.bin", values)
    with pytest.raises(ConversionError, match=message):
        convert("whisper", tmp_path / "model.bin", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_files_that_are_none(tmp_path, original):
    with pytest.raises(ConversionError, match="no such file"):
        read_ctranslate2(tmp_path / "model.bin")
    write(tmp_path / "model.bin", variables(original), "TransformerSpec")
    with pytest.raises(ConversionError, match="TransformerSpec"):
        read_ctranslate2(tmp_path / "model.bin")
    write(tmp_path / "model.bin", variables(original))
    whole = (tmp_path / "model.bin").read_bytes()
    for length in (0, 3, 40, len(whole) // 2):
        (tmp_path / "model.bin").write_bytes(whole[:length])
        with pytest.raises(ConversionError, match="cannot be read as a CTranslate2 model"):
            read_ctranslate2(tmp_path / "model.bin")
