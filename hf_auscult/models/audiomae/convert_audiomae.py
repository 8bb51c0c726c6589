"""AudioMAE's checkpoints (`pretrained.pth`, `finetuned.pth`) to transformers folders; their keys tell them apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch

from ...audio import PUBLISHED, WindowPolicy
from ...errors import ConversionError
from ...features import FRONT_ENDS, AuscultFeatureExtractor, PublishedVariant
from ..convert_checkpoint import Conversion, StateDict, state_dict_of
from .configuration_audiomae import AudioMAEConfig
from .modeling_audiomae import AudioMAEForAudioClassification, AudioMAEForPreTraining

FIXED = frozenset({"encoder.pos_embed", "decoder.pos_embed"})
FINE_TUNED = frozenset({"fc_norm.weight", "fc_norm.bias", "head.weight", "head.bias"})
PRE_TRAINED = frozenset({"norm.weight", "norm.bias", "mask_token", "decoder_embed.weight", "decoder_pred.weight"})
AUDIOSET_LABELS = 527

Recipe = Literal["pre-trained", "fine-tuned"]


def rename(key: str) -> str:
    """Return our name of an original tensor."""
    if key == "mask_token":
        return "decoder.mask_token"
    if key.startswith("decoder_"):
        return "decoder." + key.removeprefix("decoder_")
    if key.startswith("head."):
        return "classifier.output." + key.removeprefix("head.")
    return f"encoder.{key}"


def extract(container: Mapping[str, Any], where: str) -> tuple[StateDict, Recipe]:
    """Return the renamed state dict, and which of the two published networks it is.

    Raises:
        ConversionError: neither of them, or something of both.
    """
    state = state_dict_of(container, where)
    fine_tuned, pre_trained = FINE_TUNED & set(state), PRE_TRAINED & set(state)
    if bool(fine_tuned) == bool(pre_trained):
        found = f"it has {', '.join(sorted(fine_tuned | pre_trained))}" if fine_tuned else "it has none of these"
        raise ConversionError(
            f"neither AudioMAE's fine-tuned checkpoint ({', '.join(sorted(FINE_TUNED))}) nor its pre-trained one "
            f"({', '.join(sorted(PRE_TRAINED))}): {found}",
            where=where,
            remedy="check the family's name",
        )
    renamed = {rename(key): value for key, value in state.items()}
    if fine_tuned:
        return renamed, "fine-tuned"
    # What OPERA and AuscultaBase pool with: the pre-trained file lacks it, and their loader leaves it as initialised.
    width = AudioMAEConfig().hidden_size
    renamed |= {"encoder.fc_norm.weight": torch.ones(width), "encoder.fc_norm.bias": torch.zeros(width)}
    return renamed, "pre-trained"


def feature_extractor() -> AuscultFeatureExtractor:
    """Return the extractor: whole recordings in windows of 1,024 frames by default, one such window when published.

    The variants are the encoder's use as a baseline: `opera` (10 s chunks) and `auscultabase` (whole recordings), both
    with filter banks that are not normalised.
    """
    raw = FRONT_ENDS["audiomae-raw"]
    return AuscultFeatureExtractor(
        FRONT_ENDS["audiomae"],
        # The last window keeps its own length: it is padded in the filter bank, as the published code pads.
        WindowPolicy("sliding", samples=164_080, padding="none", minimum_samples=400),
        PUBLISHED["audiomae"],
        {
            # OPERA src/benchmark/baseline/extract_feature.py: 10 s pieces of the trimmed clip, kept above 400 samples.
            "opera": PublishedVariant(WindowPolicy("chunks", seconds=10.0, shortest_samples=401, trim=True), raw),
            # AuscultaBase get_entire_signal_fbank, test recordings: the trimmed clip, padded or cut to 1,024 frames.
            "auscultabase": PublishedVariant(WindowPolicy("whole", trim=True), raw),
        },
    )


def build(
    recipe: Recipe,
) -> tuple[AudioMAEForPreTraining | AudioMAEForAudioClassification, AuscultFeatureExtractor]:
    """Return the published network and its extractor."""
    if recipe == "pre-trained":
        return AudioMAEForPreTraining(AudioMAEConfig()), feature_extractor()
    config = AudioMAEConfig(final_norm=False)
    config.num_labels, config.problem_type = AUDIOSET_LABELS, "multi_label_classification"
    return AudioMAEForAudioClassification(config), feature_extractor()


CONVERSIONS = {"audiomae": Conversion(extract, build, FIXED)}
