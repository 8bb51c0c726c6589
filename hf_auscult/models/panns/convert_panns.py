"""PANNs' checkpoints (`Cnn14_mAP=0.431.pth` and its like, `{"model": …}`) to transformers folders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...features import FRONT_ENDS
from ..convert_checkpoint import Conversion, StateDict, state_dict_of
from ..convert_fixed import drop_front_end
from .configuration_panns import ARCHITECTURES
from .modeling_panns import PannsModel

FRONT_END = FRONT_ENDS["panns"]
# Of the convolutional network, wherever it stands in a checkpoint; blocks are counted from 1 there.
NAMES = (
    (r"\bconv_block(\d+)\.", lambda found: f"blocks.{int(found[1]) - 1}."),
    (r"\bfc_audioset\.", "tags."),
)


def prepare(container: Mapping[str, Any], where: str) -> tuple[StateDict, dict[str, Any]]:
    """Return the state dict without the spectrogram's kernels, once they are checked."""
    # Checkpoints of the authors' training hold `iteration` and `sampler` beside `model`.
    return drop_front_end(state_dict_of(container, where), FRONT_END, where), {}


CONVERSIONS = {
    f"panns-{architecture}": Conversion(
        model=PannsModel,
        settings={"architecture": architecture},
        prepare=prepare,
        names=(*NAMES, (r"^", "cnn.")),
        front_end="panns",
        published="panns",
        # AudioSet's length.
        windows={
            "kind": "sliding",
            "seconds": 10.0,
            "padding": "shift",
            "minimum_samples": FRONT_END.minimum_samples,
        },
    )
    for architecture in ARCHITECTURES
}
