"""AuscultaBase: OPERA-CT's network with a crop rule and a sequence output of its own (arXiv:2411.07547)."""

from dataclasses import dataclass
from typing import Literal

import torch

from ..shared.base import AuscultPreTrainedModel, EncoderOutput
from ..shared.cola import ContrastiveMixin
from ..shared.heads import AudioClassificationMixin
from ..shared.layers_htsat import HTSATMixin
from .configuration_auscultabase import AuscultaBaseConfig


class AuscultaBasePreTrainedModel(AuscultPreTrainedModel):
    """The settings every AuscultaBase class shares; weights are initialised by transformers' own rules."""

    config: AuscultaBaseConfig
    config_class = AuscultaBaseConfig
    _no_split_modules = ["ClapAudioStage"]


@dataclass
class AuscultaBaseOutput(EncoderOutput):
    """`EncoderOutput`, and what the published recurrent heads read.

    Args:
        sequence_output: (recordings, windows * crops * D, tokens of a crop), each crop's tokens with
            channels first.
    """

    sequence_output: torch.Tensor | None = None


class AuscultaBaseModel(HTSATMixin, AuscultaBasePreTrainedModel):
    """AuscultaBase's encoder: log-mel images of any length in, tokens and one pooled vector an image out.

    Example:
        >>> model = AuscultaBaseModel(AuscultaBaseConfig(depths=(1, 1, 1, 1))).eval()
        >>> model(torch.zeros(2, 251, 64)).sequence_output.shape
        torch.Size([2, 768, 64])
    """

    _keys_to_ignore_on_load_unexpected = [r"^projection\."]

    def published_starts(self, frames: int, size: int, hop: int) -> list[int]:
        """Return the crops of AuscultaBase's loop.

        The last one is filled with zeros after batch normalisation, and the last frame of 1025, 1537 … is dropped.
        """
        return list(range(0, frames - size - 1 + hop, hop))

    def encode(
        self,
        windows: torch.Tensor,
        output_hidden_states: bool = False,
        output_attentions: bool = False,
        crop_rule: Literal["covering", "published"] = "covering",
    ) -> AuscultaBaseOutput:
        """Encode log-mel images as `HTSATMixin` does; `sequence_output` is (windows, crops * D, tokens)."""
        out = super().encode(windows, output_hidden_states, output_attentions, crop_rule)
        assert out.last_hidden_state is not None
        crops = len(self.crop_starts(windows.shape[1], crop_rule))
        sequence = out.last_hidden_state.unflatten(1, (crops, -1)).transpose(2, 3).flatten(1, 2)
        return AuscultaBaseOutput(**out, sequence_output=sequence)


class AuscultaBaseForPreTraining(ContrastiveMixin, AuscultaBasePreTrainedModel):
    """AuscultaBase with its contrastive head.

    Example:
        >>> model = AuscultaBaseForPreTraining(AuscultaBaseConfig(depths=(1, 1, 1, 1))).eval()
        >>> model(torch.rand(3, 251, 64)).logits.shape
        torch.Size([3, 3])
    """

    encoder_class = AuscultaBaseModel


class AuscultaBaseForAudioClassification(AudioClassificationMixin, AuscultaBasePreTrainedModel):
    """AuscultaBase's encoder under a classification head.

    Example:
        >>> model = AuscultaBaseForAudioClassification(AuscultaBaseConfig(depths=(1, 1, 1, 1), num_labels=3)).eval()
        >>> model(torch.rand(2, 251, 64)).logits.shape
        torch.Size([2, 3])
    """

    encoder_class = AuscultaBaseModel
    _keys_to_ignore_on_load_unexpected = [r"^projection\."]


__all__ = [
    "AuscultaBaseForAudioClassification",
    "AuscultaBaseForPreTraining",
    "AuscultaBaseModel",
    "AuscultaBaseOutput",
    "AuscultaBasePreTrainedModel",
]
