"""AcuLa's released checkpoints: `acula_final.pt` (everything) and `acula_audio_encoder.pt` (the bare encoder)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from transformers import PreTrainedModel

from ...errors import ConversionError
from ...features import AuscultFeatureExtractor
from ..convert_checkpoint import Conversion, StateDict, state_dict_of
from ..opera import OperaGTConfig
from ..opera.convert_opera_gt import FIXED, feature_extractor, rename
from ..opera.modeling_opera_gt import OperaGTForPreTraining
from .configuration_acula import AcuLaConfig
from .modeling_acula import AcuLaModel

PARTS = {
    "audio_model_state_dict": "audio_model",
    "audio_projection_mlp_state_dict": "audio_projection",
    "language_projection_mlp_state_dict": "text_projection",
}
INPUT_WEIGHT = "text_projection.layers.0.weight"


def extract(container: Mapping[str, Any], where: str) -> tuple[StateDict, int | None]:
    """Return the renamed state dict and the teacher's width; `None` for the bare encoder."""
    if not any(part in container for part in PARTS):
        return {rename(key): value for key, value in state_dict_of(container, where).items()}, None
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
    return state, state[INPUT_WEIGHT].shape[1]


def build(text_size: int | None) -> tuple[PreTrainedModel, AuscultFeatureExtractor]:
    """Return the model the checkpoint needs and AcuLa's extractor (no trimming, 131,000 samples)."""
    extractor = feature_extractor("acula")
    if text_size is None:
        return OperaGTForPreTraining(OperaGTConfig()), extractor
    config = AcuLaConfig(
        audio_config=OperaGTConfig(), text_size=text_size, teacher_pooling="padded_mean", objective="published"
    )
    return AcuLaModel(config), extractor


CONVERSIONS = {"acula": Conversion(extract, build, FIXED | {f"audio_model.{key}" for key in FIXED})}
