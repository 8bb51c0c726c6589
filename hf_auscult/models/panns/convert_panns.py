"""PANNs' checkpoints (`Cnn14_mAP=0.431.pth` and its like, `{"model": …}`) to transformers folders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...audio import PUBLISHED, WindowPolicy
from ...features import FRONT_ENDS, AuscultFeatureExtractor
from ..convert_checkpoint import Conversion, StateDict, state_dict_of
from ..convert_fixed import drop_front_end
from .configuration_panns import ARCHITECTURES, PannsConfig
from .modeling_panns import PannsModel

FRONT_END = FRONT_ENDS["panns"]


def rename(key: str) -> str:
    """Return our name of an original tensor, without the model's own prefix."""
    key = re.sub(r"^conv_block(\d+)\.", lambda found: f"blocks.{int(found[1]) - 1}.", key)
    return key.replace("fc_audioset.", "tags.") if key.startswith("fc_audioset.") else key


def extract(container: Mapping[str, Any], where: str) -> tuple[StateDict, None]:
    """Return the renamed state dict without the spectrogram's kernels, once they are checked."""
    # Checkpoints of the authors' training hold `iteration` and `sampler` beside `model`.
    state = drop_front_end(state_dict_of(container, where), FRONT_END, where)
    return {f"cnn.{rename(key)}": value for key, value in state.items()}, None


def feature_extractor() -> AuscultFeatureExtractor:
    """Return the extractor: ten-second windows, AudioSet's length, by default; the whole clip when `published`."""
    windows = WindowPolicy("sliding", seconds=10.0, padding="shift", minimum_samples=FRONT_END.minimum_samples)
    return AuscultFeatureExtractor(FRONT_END, windows, PUBLISHED["panns"])


def _conversion(architecture: str) -> Conversion:
    def build(recipe: None) -> tuple[PannsModel, AuscultFeatureExtractor]:
        return PannsModel(PannsConfig.from_dict({"architecture": architecture})), feature_extractor()

    return Conversion(extract, build)


CONVERSIONS = {f"panns-{architecture}": _conversion(architecture) for architecture in ARCHITECTURES}
