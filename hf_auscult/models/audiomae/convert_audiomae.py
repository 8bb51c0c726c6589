"""AudioMAE's checkpoints (`pretrained.pth`, `finetuned.pth`) to transformers folders; their keys tell them apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from ...audio import WindowPolicy
from ...errors import ConversionError
from ...features import FRONT_ENDS, PublishedVariant
from ..convert_checkpoint import Conversion, StateDict, state_dict_of
from ..opera.convert_opera_gt import FIXED, NAMES
from .configuration_audiomae import AudioMAEConfig
from .modeling_audiomae import AudioMAEForAudioClassification, AudioMAEForPreTraining

FINE_TUNED = frozenset({"fc_norm.weight", "fc_norm.bias", "head.weight", "head.bias"})
PRE_TRAINED = frozenset({"norm.weight", "norm.bias", "mask_token", "decoder_embed.weight", "decoder_pred.weight"})
AUDIOSET_LABELS = 527
RAW = FRONT_ENDS["audiomae-raw"]


def prepare(container: Mapping[str, Any], where: str) -> tuple[StateDict, dict[str, Any]]:
    """Return the state dict, and which of the two published networks it is.

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
    if not fine_tuned:
        # What OPERA and AuscultaBase pool with: the file lacks it, and their loader leaves it as initialised.
        width = AudioMAEConfig().hidden_size
        state = {**state, "fc_norm.weight": torch.ones(width), "fc_norm.bias": torch.zeros(width)}
    return state, {"fine_tuned": bool(fine_tuned)}


def build(fine_tuned: bool) -> AudioMAEForPreTraining | AudioMAEForAudioClassification:
    """Return one of the two published networks."""
    if not fine_tuned:
        return AudioMAEForPreTraining(AudioMAEConfig())
    config = AudioMAEConfig(final_norm=False)
    config.num_labels, config.problem_type = AUDIOSET_LABELS, "multi_label_classification"
    return AudioMAEForAudioClassification(config)


CONVERSIONS = {
    "audiomae": Conversion(
        model=build,
        prepare=prepare,
        names=((r"^head\.", "classifier.output."), *NAMES),
        fixed=FIXED,
        front_end="audiomae",
        published="audiomae",
        # The last window keeps its own length: it is padded in the filter bank, as the published code pads.
        windows={"kind": "sliding", "samples": 164_080, "padding": "none", "minimum_samples": 400},
        # The encoder's use as a baseline, with filter banks that are not normalised.
        variants={
            # OPERA src/benchmark/baseline/extract_feature.py: 10 s pieces of the trimmed clip, kept above 400 samples.
            "opera": PublishedVariant(WindowPolicy("chunks", seconds=10.0, shortest_samples=401, trim=True), RAW),
            # AuscultaBase get_entire_signal_fbank, test recordings: the trimmed clip, padded or cut to 1,024 frames.
            "auscultabase": PublishedVariant(WindowPolicy("whole", trim=True), RAW),
        },
    )
}
