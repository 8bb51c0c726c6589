"""torchvggish's state dict (`vggish-10086976.pth`, or a saved `VGGish` module) to a transformers folder.

The PCA is optional. It comes in a saved full module as `pproc.pca_eigen_vectors` and `pproc.pca_means`; the separate
file (`vggish_pca_params-970ea276.pth`) holds the same two as numpy arrays without `pproc.`. To convert both files, add
those arrays as float32 tensors, by either name, to the first file's state dict and save it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...audio import PUBLISHED
from ...errors import ConversionError
from ...features import PublishedVariant
from ..convert_checkpoint import Conversion, StateDict, state_dict_of
from .modeling_vggish import VGGishModel

# Numbers of the convolutions and linear layers in the original's sequences, in our names.
LAYERS = {
    "features.0": "stages.0.convs.0",
    "features.3": "stages.1.convs.0",
    "features.6": "stages.2.convs.0",
    "features.8": "stages.2.convs.1",
    "features.11": "stages.3.convs.0",
    "features.13": "stages.3.convs.1",
    "embeddings.0": "fc1",
    "embeddings.2": "fc2",
    "embeddings.4": "fc3",
}
PCA = ("pca_eigen_vectors", "pca_means")


def prepare(container: Mapping[str, Any], where: str) -> tuple[StateDict, dict[str, Any]]:
    """Return the state dict and whether it holds the PCA."""
    if set(container) <= set(PCA):
        raise ConversionError(
            "this is VGGish's PCA alone",
            where=where,
            remedy="add its two arrays, as tensors, to the state dict of vggish-10086976.pth and convert that",
        )
    state = state_dict_of(container, where)
    for key, value in state.items():
        if key.endswith("pca_means") and value.ndim == 1:
            # The separate file holds a row, the module a column.
            state = {**state, key: value[:, None]}
    return state, {"postprocess": any(key.removeprefix("pproc.") in PCA for key in state)}


CONVERSIONS = {
    "vggish": Conversion(
        model=VGGishModel,
        prepare=prepare,
        names=(
            *((rf"^{re.escape(theirs)}\.", f"{ours}.") for theirs, ours in LAYERS.items()),
            (rf"^(?:pproc\.)?({'|'.join(PCA)})$", r"postprocessor.\1"),
        ),
        front_end="vggish",
        published="vggish",
        windows={"kind": "sliding", "samples": 15_600, "hop_seconds": 0.96},
        # OPERA's benchmark, which read recordings at 22,050 Hz and passed them as 16,000 Hz.
        variants={"opera": PublishedVariant(PUBLISHED["vggish"], read_rate=22_050)},
    )
}
