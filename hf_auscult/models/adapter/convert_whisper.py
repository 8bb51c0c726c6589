"""CTranslate2's container of a Whisper model (`model.bin`, as faster-whisper reads it) to transformers' `WhisperModel`.

The file holds a version, the name of its specification, variables (name, shape, type, bytes) and aliases. Projections
that CTranslate2 multiplies at once are stacked in it. Weights in int8 or int16 stand beside a scale, by which they are
divided here: what quantisation has lost stays lost, and the configuration says so (`dequantised_from`).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperModel

from ...errors import ConversionError
from ..convert_checkpoint import Conversion, StateDict

# CTranslate2's DataType. numpy has no bfloat16: it is the upper half of a float32.
BFLOAT16 = 5
TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16, BFLOAT16: np.uint16}
SCALE = "_scale"
SPECIFICATION = "WhisperSpec"
#: Variables that say how the network computes, and their values for what transformers has.
BEHAVIOUR = {
    "decoder/activation": 3,  # the exact GELU
    "decoder/alibi": 0,
    "decoder/pre_norm": 1,
    "decoder/scale_embeddings": 0,
    "decoder/start_from_zero_embedding": 0,
}
# Read for the sizes, or of no use to a network: which heads align words with time.
ASIDE = frozenset({"encoder/num_heads", "decoder/num_heads", "decoder/alignment_heads", "decoder/alignment_layer"})
NAMES = (
    (r"/", "."),
    (r"\.gamma$", ".weight"),
    (r"\.beta$", ".bias"),
    (r"\.layer_(\d+)\.", r".layers.\1."),
    (r"position_encodings\.encodings$", "embed_positions.weight"),
    (r"\.embeddings\.weight$", ".embed_tokens.weight"),
    (r"\.ffn\.layer_norm\.", ".final_layer_norm."),
    (r"\.ffn\.linear_0\.", ".fc1."),
    (r"\.ffn\.linear_1\.", ".fc2."),
    (r"\.self_attention\.layer_norm\.", ".self_attn_layer_norm."),
    (r"\.attention\.layer_norm\.", ".encoder_attn_layer_norm."),
    (r"\.self_attention\.linear_1\.", ".self_attn.out_proj."),
    (r"\.attention\.linear_0\.", ".encoder_attn.q_proj."),
    (r"\.attention\.linear_2\.", ".encoder_attn.out_proj."),
)
# Variable that stacks projections -> their names.
STACKED = {
    r"^(.*)/self_attention/linear_0/(weight|bias)$": ("self_attn", "qkv"),
    r"^(.*)/attention/linear_1/(weight|bias)$": ("encoder_attn", "kv"),
}
#: Special tokens of the multilingual vocabularies, and of the English one.
TOKENS = {
    True: {"bos_token_id": 50257, "eos_token_id": 50257, "pad_token_id": 50257, "decoder_start_token_id": 50258},
    False: {"bos_token_id": 50257, "eos_token_id": 50256, "pad_token_id": 50256, "decoder_start_token_id": 50257},
}
ENGLISH_VOCABULARY = 51864


def read_ctranslate2(path: Path) -> dict[str, np.ndarray]:
    """Return the variables of a CTranslate2 `model.bin`, by their names in it.

    Raises:
        ConversionError: missing, truncated, of another specification, or of types that are not read.
    """
    if not path.is_file():
        raise ConversionError("no such file", where=path, remedy="give model.bin of the CTranslate2 folder")
    try:
        with path.open("rb") as file:
            return _variables(file, path)
    except (struct.error, UnicodeDecodeError, ValueError, EOFError) as error:
        raise ConversionError(
            f"cannot be read as a CTranslate2 model ({error})",
            where=path,
            remedy="give the whole model.bin: parts of one must be joined first",
        ) from error


def _variables(file: BinaryIO, path: Path) -> dict[str, np.ndarray]:
    def number(kind: str) -> int:
        return int(struct.unpack(f"<{kind}", file.read(struct.calcsize(kind)))[0])

    def name() -> str:
        return file.read(number("H")).rstrip(b"\0").decode("ascii")

    number("I")  # the container's version; the fields below have been the same since 4
    specification = name()
    if specification != SPECIFICATION:
        raise ValueError(f"its specification is {specification[:40]!r}, not {SPECIFICATION}")
    number("I")  # revision of the specification
    found = {}
    for _ in range(number("I")):
        key = name()
        shape = [number("I") for _ in range(number("B"))]
        kind, size = number("B"), number("I")
        if kind not in TYPES:
            raise ConversionError(f"{key} has data type {kind}", where=path, remedy="convert it to float16 or float32")
        data = file.read(size)
        if len(data) != size:
            raise EOFError(f"{key} ends after {len(data)} of {size} bytes")
        value = np.frombuffer(data, TYPES[kind]).reshape(shape)
        found[key] = (value.astype(np.uint32) << 16).view(np.float32) if kind == BFLOAT16 else value
    number("I")  # aliases: the output projection is the embedding, as in transformers
    return found


def prepare(variables: Mapping[str, Any], where: str) -> tuple[StateDict, dict[str, Any]]:
    """Return tensors under names that the table renames, and the sizes that they show.

    Raises:
        ConversionError: a network that transformers does not have, scales that fit no weights, or key projections
            with a bias.
    """
    wrong = {
        name: int(variables[name])
        for name, value in BEHAVIOUR.items()
        if name in variables and variables[name] != value
    }
    if wrong:
        raise ConversionError(f"the network differs from Whisper: {wrong}", where=where)
    quantised = {name for name in variables if f"{name}{SCALE}" in variables}
    state: StateDict = {}
    for name, value in variables.items():
        if name in BEHAVIOUR or name in ASIDE or (name.endswith(SCALE) and name.removesuffix(SCALE) in quantised):
            continue
        tensor = torch.from_numpy(value.astype(np.float32))
        if name in quantised:
            tensor = _dequantised(name, tensor, variables[f"{name}{SCALE}"], where)
        parts = _split(name, tensor)
        biases = {key: part for key, part in parts.items() if key.endswith("k_proj/bias")}
        if any(bool(bias.any()) for bias in biases.values()):
            raise ConversionError(f"{', '.join(biases)} is not zero; Whisper's keys have no bias", where=where)
        state |= {key: part for key, part in parts.items() if key not in biases}
    kinds = {str(variables[name].dtype) for name in quantised}
    return state, _sizes(variables, where) | ({"dequantised_from": "/".join(sorted(kinds))} if kinds else {})


def _dequantised(name: str, tensor: torch.Tensor, scale: np.ndarray, where: str) -> torch.Tensor:
    """Divide by the scale: one number for all (int16), or one a row (int8)."""
    if scale.size not in (1, len(tensor)) or not (np.isfinite(scale).all() and (scale > 0).all()):
        raise ConversionError(f"{name} has no scale that fits", where=where, remedy="use float16 or float32")
    divisor = torch.from_numpy(scale.astype(np.float32)).reshape(-1, *[1] * (tensor.ndim - 1))
    return tensor / divisor


def _split(name: str, tensor: torch.Tensor) -> dict[str, torch.Tensor]:
    for pattern, (attention, letters) in STACKED.items():
        if found := re.match(pattern, name):
            parts = tensor.chunk(len(letters))
            stem = f"{found[1]}/{attention}"
            return {f"{stem}/{letter}_proj/{found[2]}": part for letter, part in zip(letters, parts, strict=True)}
    return {name: tensor}


def _sizes(variables: Mapping[str, Any], where: str) -> dict[str, Any]:
    try:
        width, bands, _ = variables["encoder/conv1/weight"].shape
        vocabulary = len(variables["decoder/embeddings/weight"])
        settings: dict[str, Any] = {
            "d_model": width,
            "num_mel_bins": bands,
            "vocab_size": vocabulary,
            "max_source_positions": len(variables["encoder/position_encodings/encodings"]),
            "max_target_positions": len(variables["decoder/position_encodings/encodings"]),
        }
        for part in ("encoder", "decoder"):
            layers = {found[1] for name in variables if (found := re.match(rf"{part}/layer_(\d+)/", name))}
            settings |= {
                f"{part}_layers": len(layers),
                f"{part}_attention_heads": int(variables[f"{part}/num_heads"]),
                f"{part}_ffn_dim": len(variables[f"{part}/layer_0/ffn/linear_0/weight"]),
            }
    except KeyError as error:
        raise ConversionError(f"lacks {error}", where=where, remedy="give a Whisper model") from error
    if vocabulary < ENGLISH_VOCABULARY:  # somebody's own, whose special tokens the file does not tell
        return settings | dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"))
    return settings | TOKENS[vocabulary > ENGLISH_VOCABULARY]


class WhisperConversion(Conversion):
    """To transformers' own classes: `embed` and `adapt` take the folder, `WhisperModel` loads it."""

    def read(self, checkpoint: Path) -> Mapping[str, Any]:
        """Open the container."""
        return read_ctranslate2(checkpoint)

    def extractor_of(self, model: Any) -> WhisperFeatureExtractor:
        """Return transformers' own feature extractor."""
        return WhisperFeatureExtractor(feature_size=model.config.num_mel_bins)


CONVERSIONS = {
    "whisper": WhisperConversion(
        model=lambda **settings: WhisperModel(WhisperConfig(**settings)),
        prepare=prepare,
        names=NAMES,
    )
}
