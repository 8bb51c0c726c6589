"""MS-CLAP's checkpoints (`CLAP_weights_2022.pth`, `CLAP_weights_2023.pth`, `{"model": …}`) to transformers folders.

The audio branch is taken. The caption branch and the temperature are left out by name; anything else must fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...audio import PUBLISHED, WindowPolicy
from ...features import FRONT_ENDS, AuscultFeatureExtractor
from ..convert_checkpoint import Conversion, StateDict, state_dict_of
from ..convert_fixed import drop_front_end
from ..convert_htsat import htsat_fixed, htsat_state
from ..panns.convert_panns import rename
from .configuration_msclap import MSClapConfig
from .modeling_msclap import MSClapModel

CAPTION_BRANCH = ("caption_encoder.",)
TEMPERATURE = "logit_scale"
CNN14 = "audio_encoder.base."
HTSAT = "audio_encoder.base.htsat."
SWIN = "base.swin.audio_encoder."
SECONDS = {"2022": 5.0, "2023": 7.0}


def audio_branch(container: Mapping[str, Any], where: str) -> StateDict:
    """Return the state dict without the caption branch and the temperature."""
    state = state_dict_of(container, where)
    return {key: value for key, value in state.items() if not key.startswith(CAPTION_BRANCH) and key != TEMPERATURE}


def extract_2022(container: Mapping[str, Any], where: str) -> tuple[StateDict, str]:
    """Return Cnn14 and the projection under our names."""
    state = drop_front_end(audio_branch(container, where), FRONT_ENDS["msclap-2022"], where, CNN14)
    found = {}
    for key, value in state.items():
        if key.startswith(CNN14):
            key = f"base.{rename(key.removeprefix(CNN14))}"
        found[key.removeprefix("audio_encoder.")] = value
    return found, "2022"


def extract_2023(container: Mapping[str, Any], where: str) -> tuple[StateDict, str]:
    """Return HTS-AT, its token-semantic classifier and the projection under our names.

    HTS-AT's `head` is checked and dropped: its forward pass does not use it.
    """
    state = audio_branch(container, where)
    classifier = {
        f"base.tags.{name}": state[f"{HTSAT}tscam_conv.{name}"]
        for name in ("weight", "bias")
        if f"{HTSAT}tscam_conv.{name}" in state
    }
    state = htsat_state(state, where, prefix=HTSAT, encoder=SWIN)
    return {**{key.removeprefix("audio_encoder."): value for key, value in state.items()}, **classifier}, "2023"


def feature_extractor(version: str) -> AuscultFeatureExtractor:
    """Return the extractor: windows of the training length over the whole recording; the first when `published`."""
    name = f"msclap-{version}"
    windows = WindowPolicy("sliding", seconds=SECONDS[version], padding="repeat")
    return AuscultFeatureExtractor(FRONT_ENDS[name], windows, PUBLISHED[name])


def build(version: str) -> tuple[MSClapModel, AuscultFeatureExtractor]:
    """Return a published network and its extractor."""
    return MSClapModel(MSClapConfig.from_dict({"version": version})), feature_extractor(version)


CONVERSIONS = {
    "msclap-2022": Conversion(extract_2022, build),
    "msclap-2023": Conversion(extract_2023, build, htsat_fixed(SWIN)),
}
