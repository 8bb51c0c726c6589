"""MS-CLAP's checkpoints (`CLAP_weights_2022.pth`, `CLAP_weights_2023.pth`, `{"model": …}`) to transformers folders.

The audio branch is taken. The caption branch and the temperature are left out by name; anything else must fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...features import FRONT_ENDS
from ..convert_checkpoint import Conversion, StateDict, state_dict_of
from ..convert_fixed import drop_front_end
from ..convert_htsat import htsat_fixed, htsat_state
from ..panns.convert_panns import NAMES
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


def prepare_2022(container: Mapping[str, Any], where: str) -> tuple[StateDict, dict[str, Any]]:
    """Return Cnn14 and the projection."""
    return drop_front_end(audio_branch(container, where), FRONT_ENDS["msclap-2022"], where, CNN14), {}


def prepare_2023(container: Mapping[str, Any], where: str) -> tuple[StateDict, dict[str, Any]]:
    """Return HTS-AT under our names, its token-semantic classifier and the projection.

    HTS-AT's `head` is checked and dropped: its forward pass does not use it.
    """
    state = audio_branch(container, where)
    classifier = {
        f"base.tags.{name}": state[f"{HTSAT}tscam_conv.{name}"]
        for name in ("weight", "bias")
        if f"{HTSAT}tscam_conv.{name}" in state
    }
    state = htsat_state(state, where, prefix=HTSAT, encoder=SWIN)
    return {**state, **classifier}, {}


def _conversion(version: str, **settings: Any) -> Conversion:
    name = f"msclap-{version}"
    # Windows of the training length over the whole recording; the first when `published`.
    windows = {"kind": "sliding", "seconds": SECONDS[version], "padding": "repeat"}
    return Conversion(
        model=MSClapModel,
        settings={"version": version},
        names=((r"^audio_encoder\.", ""), *NAMES),
        front_end=name,
        published=name,
        windows=windows,
        **settings,
    )


CONVERSIONS = {
    "msclap-2022": _conversion("2022", prepare=prepare_2022),
    "msclap-2023": _conversion("2023", prepare=prepare_2023, fixed=htsat_fixed(SWIN)),
}
