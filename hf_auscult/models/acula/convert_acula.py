"""AcuLa's released checkpoints: `acula_final.pt` (everything) and `acula_audio_encoder.pt` (the bare encoder)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from transformers import PreTrainedModel

from ...errors import ConversionError
from ..convert_checkpoint import StateDict, state_dict_of
from ..opera import OperaGTConfig
from ..opera.convert_opera_gt import CONVERSIONS as OPERA
from ..opera.convert_opera_gt import FIXED
from ..opera.modeling_opera_gt import OperaGTForPreTraining
from .configuration_acula import AcuLaConfig
from .modeling_acula import AcuLaModel

OPERA_GT = OPERA["opera-gt"]
PARTS = {
    "audio_model_state_dict": "audio_model",
    "audio_projection_mlp_state_dict": "audio_projection",
    "language_projection_mlp_state_dict": "text_projection",
}
INPUT_WEIGHT = "text_projection.layers.0.weight"


def prepare(container: Mapping[str, Any], where: str) -> tuple[StateDict, dict[str, Any]]:
    """Return the state dict under our names and the teacher's width; `None` for the bare encoder."""
    rename = OPERA_GT.rename
    if not any(part in container for part in PARTS):
        return {rename(key): value for key, value in state_dict_of(container, where).items()}, {"text_size": None}
    absent = [part for part in PARTS if not isinstance(container.get(part), Mapping)]
    if absent:
        raise ConversionError(f"lacks {', '.join(absent)}", where=where, remedy="give acula_final.pt as released")
    state: StateDict = {}
    for part, prefix in PARTS.items():
        for key, value in container[part].items():
            state[f"{prefix}.{rename(key) if prefix == 'audio_model' else key}"] = value
    if INPUT_WEIGHT not in state or state[INPUT_WEIGHT].ndim != 2:
        raise ConversionError("the language projection has no input layer", where=where)
    # The released scripts have neither temperature nor bias: their losses use none.
    state["logit_scale"] = torch.tensor(AcuLaConfig.logit_scale_init)
    state["logit_bias"] = torch.tensor(AcuLaConfig.logit_bias_init)
    return state, {"text_size": state[INPUT_WEIGHT].shape[1]}


def build(text_size: int | None) -> PreTrainedModel:
    """Return the model that the checkpoint needs."""
    if text_size is None:
        return OperaGTForPreTraining(OperaGTConfig())
    config = AcuLaConfig(
        audio_config=OperaGTConfig(), text_size=text_size, teacher_pooling="padded_mean", objective="published"
    )
    return AcuLaModel(config)


CONVERSIONS = {
    # No trimming, 131,000 samples.
    "acula": replace(
        OPERA_GT,
        model=build,
        prepare=prepare,
        names=(),
        fixed=FIXED | {f"audio_model.{key}" for key in FIXED},
        published="acula",
    )
}
