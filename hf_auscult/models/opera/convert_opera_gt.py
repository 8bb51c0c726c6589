"""OPERA-GT's Lightning checkpoint (`encoder-operaGT.ckpt`) to a transformers folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...audio import PUBLISHED, WindowPolicy
from ...features import FRONT_ENDS, AuscultFeatureExtractor
from ..convert_checkpoint import Conversion, StateDict, state_dict_of
from .configuration_opera_gt import OperaGTConfig
from .modeling_opera_gt import OperaGTForPreTraining

FIXED = frozenset({"encoder.pos_embed", "decoder.pos_embed"})


def rename(key: str) -> str:
    """Return our name of an original tensor."""
    if key == "mask_token":
        return "decoder.mask_token"
    if key.startswith("decoder_"):
        return "decoder." + key.removeprefix("decoder_")
    return f"encoder.{key}"


def extract(container: Mapping[str, Any], where: str) -> tuple[StateDict, None]:
    """Return the renamed state dict; the recipe is the published configuration."""
    return {rename(key): value for key, value in state_dict_of(container, where).items()}, None


def feature_extractor(published: str = "opera-gt") -> AuscultFeatureExtractor:
    """Return the extractor: whole recordings by default, the paper's chunks when `published`."""
    return AuscultFeatureExtractor(FRONT_ENDS["opera"], WindowPolicy("sliding", seconds=8.18), PUBLISHED[published])


def build(recipe: None) -> tuple[OperaGTForPreTraining, AuscultFeatureExtractor]:
    """Return the published network and its extractor."""
    return OperaGTForPreTraining(OperaGTConfig()), feature_extractor()


CONVERSIONS = {"opera-gt": Conversion(extract, build, FIXED)}
