"""AuscultaBase's Lightning checkpoint (`auscultabase_model.ckpt`) to a transformers folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...audio import PUBLISHED, WindowPolicy
from ...features import FRONT_ENDS, AuscultFeatureExtractor
from ..convert_checkpoint import Conversion, StateDict, state_dict_of
from ..convert_htsat import ENCODER, contrastive_state, htsat_fixed
from .configuration_auscultabase import AuscultaBaseConfig
from .modeling_auscultabase import AuscultaBaseForPreTraining


def extract(container: Mapping[str, Any], where: str) -> tuple[StateDict, None]:
    """Return the renamed state dict; the recipe is the published configuration."""
    return contrastive_state(state_dict_of(container, where), where), None


def feature_extractor() -> AuscultFeatureExtractor:
    """Return the extractor: windows of 8 s by default, the whole recording when `published`."""
    windows = WindowPolicy("sliding", seconds=8.0, padding="repeat")
    return AuscultFeatureExtractor(FRONT_ENDS["opera"], windows, PUBLISHED["auscultabase"])


def build(recipe: None) -> tuple[AuscultaBaseForPreTraining, AuscultFeatureExtractor]:
    """Return the published network and its extractor."""
    return AuscultaBaseForPreTraining(AuscultaBaseConfig()), feature_extractor()


CONVERSIONS = {"auscultabase": Conversion(extract, build, htsat_fixed(ENCODER))}
