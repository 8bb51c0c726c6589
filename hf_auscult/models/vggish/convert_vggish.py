"""torchvggish's state dict (`vggish-10086976.pth`, or a saved `VGGish` module) to a transformers folder.

The PCA is optional. It comes in a saved full module as `pproc.pca_eigen_vectors` and `pproc.pca_means`; the separate
file (`vggish_pca_params-970ea276.pth`) holds the same two as numpy arrays without `pproc.`. To convert both files, add
those arrays as float32 tensors, by either name, to the first file's state dict and save it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...audio import PUBLISHED, WindowPolicy
from ...errors import ConversionError
from ...features import FRONT_ENDS, AuscultFeatureExtractor, PublishedVariant
from ..convert_checkpoint import Conversion, StateDict, state_dict_of
from .configuration_vggish import VGGishConfig
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


def rename(key: str) -> str:
    """Return our name of an original tensor."""
    name = key.removeprefix("pproc.")
    if name in PCA:
        return f"postprocessor.{name}"
    layer, _, kind = key.rpartition(".")
    return f"{LAYERS.get(layer, layer)}.{kind}"


def extract(container: Mapping[str, Any], where: str) -> tuple[StateDict, bool]:
    """Return the renamed state dict and whether it holds the PCA."""
    if set(container) <= set(PCA):
        raise ConversionError(
            "this is VGGish's PCA alone",
            where=where,
            remedy="add its two arrays, as tensors, to the state dict of vggish-10086976.pth and convert that",
        )
    state = {rename(key): value for key, value in state_dict_of(container, where).items()}
    means = state.get("postprocessor.pca_means")
    if means is not None and means.ndim == 1:
        # The separate file holds a row, the module a column.
        state["postprocessor.pca_means"] = means[:, None]
    return state, any(key.startswith("postprocessor.") for key in state)


def feature_extractor() -> AuscultFeatureExtractor:
    """Return the extractor: every sample is heard by default, whole examples only when `published`.

    `published:opera` is OPERA's benchmark, which read recordings at 22,050 Hz and passed them as 16,000 Hz.
    """
    return AuscultFeatureExtractor(
        FRONT_ENDS["vggish"],
        WindowPolicy("sliding", samples=15_600, hop_seconds=0.96),
        PUBLISHED["vggish"],
        {"opera": PublishedVariant(PUBLISHED["vggish"], read_rate=22_050)},
    )


def build(recipe: bool) -> tuple[VGGishModel, AuscultFeatureExtractor]:
    """Return the published network, with the PCA where the checkpoint has it, and its extractor."""
    return VGGishModel(VGGishConfig(postprocess=recipe)), feature_extractor()


CONVERSIONS = {"vggish": Conversion(extract, build)}
