"""OPERA-CE's Lightning checkpoint (`encoder-operaCE.ckpt`) to a transformers folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...audio import PUBLISHED, WindowPolicy
from ...features import FRONT_ENDS, AuscultFeatureExtractor
from ..convert_checkpoint import Conversion, StateDict, state_dict_of
from .configuration_opera_ce import OperaCEConfig
from .modeling_opera_ce import OperaCEForPreTraining

HEAD = ("g.", "layer_norm.", "linear.")
_RENAMED = (
    (r"^encoder\.cnn1\.", "encoder.channels."),
    (r"^encoder\.efficientnet\._conv_stem\.", "encoder.network.embeddings.convolution."),
    (r"^encoder\.efficientnet\._bn0\.", "encoder.network.embeddings.batchnorm."),
    (r"^encoder\.efficientnet\._conv_head\.", "encoder.network.encoder.top_conv."),
    (r"^encoder\.efficientnet\._bn1\.", "encoder.network.encoder.top_bn."),
    (r"^encoder\.efficientnet\._blocks\.", "encoder.network.encoder.blocks."),
    (r"\._expand_conv\.", ".expansion.expand_conv."),
    (r"\._bn0\.", ".expansion.expand_bn."),
    (r"\._depthwise_conv\.", ".depthwise_conv.depthwise_conv."),
    (r"\._bn1\.", ".depthwise_conv.depthwise_norm."),
    (r"\._se_(reduce|expand)\.", r".squeeze_excite.\1."),
    (r"\._project_conv\.", ".projection.project_conv."),
    (r"\._bn2\.", ".projection.project_bn."),
)


def rename(key: str) -> str:
    """Return our name of an original tensor."""
    if key.startswith(HEAD):
        return f"projection.{key}"
    for pattern, replacement in _RENAMED:
        key = re.sub(pattern, replacement, key)
    return key


def extract(container: Mapping[str, Any], where: str) -> tuple[StateDict, None]:
    """Return the renamed state dict; the recipe is the published configuration."""
    return {rename(key): value for key, value in state_dict_of(container, where).items()}, None


def feature_extractor() -> AuscultFeatureExtractor:
    """Return the extractor: windows of 8 s by default, the whole recording of at least 8 s when `published`."""
    windows = WindowPolicy("sliding", seconds=8.0, padding="repeat")
    return AuscultFeatureExtractor(FRONT_ENDS["opera"], windows, PUBLISHED["opera-ce"])


def build(recipe: None) -> tuple[OperaCEForPreTraining, AuscultFeatureExtractor]:
    """Return the published network and its extractor."""
    return OperaCEForPreTraining(OperaCEConfig()), feature_extractor()


CONVERSIONS = {"opera-ce": Conversion(extract, build)}
