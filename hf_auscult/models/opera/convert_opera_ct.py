"""OPERA-CT's Lightning checkpoint (`encoder-operaCT.ckpt`) to a transformers folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...audio import PUBLISHED, WindowPolicy
from ...features import FRONT_ENDS, AuscultFeatureExtractor
from ..convert_checkpoint import Conversion, StateDict, state_dict_of
from ..convert_htsat import ENCODER, contrastive_state, htsat_fixed
from .configuration_opera_ct import OperaCTConfig
from .modeling_opera_ct import OperaCTForPreTraining


def extract(container: Mapping[str, Any], where: str) -> tuple[StateDict, None]:
    """Return the renamed state dict; the recipe is the published configuration."""
    return contrastive_state(state_dict_of(container, where), where), None


def feature_extractor() -> AuscultFeatureExtractor:
    """Return the extractor: windows of 8 s by default, the whole recording of at least 8 s when `published`."""
    windows = WindowPolicy("sliding", seconds=8.0, padding="repeat")
    return AuscultFeatureExtractor(FRONT_ENDS["opera"], windows, PUBLISHED["opera-ct"])


def build(recipe: None) -> tuple[OperaCTForPreTraining, AuscultFeatureExtractor]:
    """Return the published network and its extractor."""
    return OperaCTForPreTraining(OperaCTConfig()), feature_extractor()


CONVERSIONS = {"opera-ct": Conversion(extract, build, htsat_fixed(ENCODER))}
