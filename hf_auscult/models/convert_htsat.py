"""HTS-AT (arXiv:2202.00874) inside published checkpoints to the names of transformers' `ClapAudioModel`.

OPERA-CT, AuscultaBase and MS-CLAP 2023 hold the same network: `ClapAudioModel` of the default configuration.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch

from ..errors import ConversionError
from ..features import FRONT_ENDS
from .convert_checkpoint import StateDict, check_fixed, state_dict_of
from .convert_fixed import drop_front_end

DEPTHS = (2, 2, 6, 2)
ENCODER = "encoder.htsat.swin.audio_encoder."  # ClapAudioModel's inside our classes
HEAD = ("g.", "layer_norm.", "linear.")  # the contrastive head
GRID, WINDOW = 64, 8  # patches along each side of the image, and of an attention window

# HTS-AT's classifier of 527 AudioSet classes. No family reads it: the embedding is taken in front of it.
CLASSIFIER = {
    "tscam_conv.weight": (527, 768, 2, 3),
    "tscam_conv.bias": (527,),
    "head.weight": (527, 527),
    "head.bias": (527,),
}

_RENAMED = (
    (r"\.norm1\.", ".layernorm_before."),
    (r"\.norm2\.", ".layernorm_after."),
    (r"\.mlp\.fc1\.", ".intermediate.dense."),
    (r"\.mlp\.fc2\.", ".output.dense."),
    (r"\.attn\.proj\.", ".attention.output.dense."),
    (r"\.attn\.(relative_position_\w+)$", r".attention.self.\1"),
)


def htsat_state(state: StateDict, where: str, *, prefix: str, encoder: str, batch_norm: str | None = None) -> StateDict:
    """Return a state dict whose HTS-AT tensors bear `ClapAudioModel`'s names; the others stay as they are.

    Fused query, key and value matrices are split. Shift masks, Fourier kernels and the mel bank (HTS-AT's own, for
    32 kHz, which none of these families runs as published) are compared with what the architecture computes and
    dropped; the relative position indices are kept, see `htsat_fixed`. The AudioSet classifier must be there, with its
    shapes, and is dropped.

    Args:
        state: the checkpoint's tensors.
        where: its file, for messages.
        prefix: of HTS-AT in the checkpoint, `encoder.encoder.htsat.` in OPERA's.
        encoder: our name of `ClapAudioModel.audio_encoder`, with the last dot.
        batch_norm: our name of the batch normalisation, with the last dot; `None` for `ClapAudioModel`'s own.

    Raises:
        ConversionError: a classifier that is absent or has other shapes; a mask, kernel or mel bank that differs.
    """
    state = drop_front_end(state, FRONT_ENDS["panns"], where, prefix)
    masks = {f"{prefix}layers.{stage}.blocks.{block}.attn_mask": shift_mask(stage) for stage, block in shifted_blocks()}
    check_fixed({key: value for key, value in state.items() if key in masks}, masks, where)
    check_classifier(state, where, prefix)
    dropped = {*masks, *(prefix + key for key in CLASSIFIER)}
    found: StateDict = {}
    for key, value in state.items():
        if not key.startswith(prefix):
            found[key] = value
        elif key not in dropped:
            name = key.removeprefix(prefix)
            if name.startswith("bn0."):
                found[(batch_norm or f"{encoder}batch_norm.") + name.removeprefix("bn0.")] = value
            elif ".attn.qkv." in name:
                thirds = torch.atleast_1d(value).tensor_split(3)
                for part, rows in zip(("query", "key", "value"), thirds, strict=True):
                    # Parts of one tensor share its memory, which safetensors refuses to save.
                    found[encoder + name.replace(".attn.qkv.", f".attention.self.{part}.")] = rows.clone()
            else:
                for pattern, replacement in _RENAMED:
                    name = re.sub(pattern, replacement, name)
                found[encoder + name] = value
    return found


def contrastive_state(container: Mapping[str, Any], where: str) -> tuple[StateDict, dict[str, Any]]:
    """Return OPERA-CT's or AuscultaBase's whole state dict under the names of our `…ForPreTraining` classes."""
    state = state_dict_of(container, where)
    state = htsat_state(
        state, where, prefix="encoder.encoder.htsat.", encoder=ENCODER, batch_norm="encoder.htsat.batch_norm."
    )
    return {f"projection.{key}" if key.startswith(HEAD) else key: value for key, value in state.items()}, {}


def htsat_fixed(encoder: str) -> frozenset[str]:
    """Return our names of the tensors that `ClapAudioModel` saves and computes: the relative position indices."""
    return frozenset(
        f"{encoder}layers.{stage}.blocks.{block}.attention.self.relative_position_index"
        for stage, depth in enumerate(DEPTHS)
        for block in range(depth)
    )


def check_classifier(state: StateDict, where: str, prefix: str) -> None:
    """Refuse a state dict without HTS-AT's classifier, or with one of other shapes."""
    for name, shape in CLASSIFIER.items():
        tensor = state.get(prefix + name)
        if tensor is None or tuple(tensor.shape) != shape:
            raise ConversionError(
                f"{prefix}{name} is {'missing' if tensor is None else tuple(tensor.shape)}, HTS-AT's is {shape}",
                where=where,
                remedy="check the family's name",
            )


def shifted_blocks() -> list[tuple[int, int]]:
    """Return (stage, block) of the blocks that have a mask: odd ones, where the grid is larger than a window."""
    return [
        (stage, block)
        for stage, depth in enumerate(DEPTHS)
        for block in range(1, depth, 2)
        if GRID // 2**stage > WINDOW
    ]


def shift_mask(stage: int) -> torch.Tensor:
    """Return the (windows, 64, 64) mask of a stage: -100 between cells that the shift has brought together."""
    side, shift = GRID // 2**stage, WINDOW // 2
    index = torch.arange(side)
    region = (index >= side - WINDOW).long() + (index >= side - shift).long()
    cells = (3 * region[:, None] + region[None]).reshape(side // WINDOW, WINDOW, side // WINDOW, WINDOW)
    windows = cells.transpose(1, 2).reshape(-1, WINDOW**2)
    return (windows[:, :, None] != windows[:, None, :]).float() * -100.0
