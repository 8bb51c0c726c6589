"""AuscultaBase: OPERA-CT's network with a crop rule and a sequence output of its own (arXiv:2411.07547)."""

from dataclasses import dataclass
from typing import Literal

import torch

from ..shared.base import AuscultPreTrainedModel, EncoderMixin, EncoderOutput
from ..shared.cola import ContrastiveMixin
from ..shared.heads import AudioClassificationMixin
from ..shared.layers_htsat import HTSAT, covering_starts
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


class AuscultaBaseModel(EncoderMixin, AuscultaBasePreTrainedModel):
    """AuscultaBase's encoder: log-mel images of any length in, tokens and one pooled vector an image out.

    Example:
        >>> model = AuscultaBaseModel(AuscultaBaseConfig(depths=(1, 1, 1, 1))).eval()
        >>> model(torch.zeros(2, 251, 64)).sequence_output.shape
        torch.Size([2, 768, 64])
    """

    _keys_to_ignore_on_load_unexpected = [r"^projection\."]
    published_settings = {"crop_rule": "published"}

    def __init__(self, config: AuscultaBaseConfig):
        super().__init__(config)
        self.htsat = HTSAT(config)
        self.post_init()

    def crop_starts(self, frames: int, crop_rule: str) -> list[int]:
        """Return the first frames of an image's crops.

        Raises:
            ValueError: an unknown rule.
        """
        size, hop = self.config.max_frames, self.config.crop_hop
        if crop_rule not in ("covering", "published"):
            raise ValueError(f"crop_rule is {crop_rule!r}; expected 'covering' or 'published'")
        if crop_rule == "covering" or frames <= size:
            return covering_starts(frames, size, hop)
        return list(range(0, frames - size - 1 + hop, hop))

    def encode(
        self,
        windows: torch.Tensor,
        output_hidden_states: bool = False,
        output_attentions: bool = False,
        crop_rule: Literal["covering", "published"] = "covering",
    ) -> AuscultaBaseOutput:
        """Encode log-mel images of any length.

        Args:
            windows: (windows, frames, bands). Up to `config.max_frames` frames are stretched to that many; of more,
                crops are encoded and their pooled vectors averaged.
            output_hidden_states, output_attentions: see `HTSATOutput`.
            crop_rule: `covering`: crops every `config.crop_hop` frames and one that ends with the last frame, so that
                every frame counts, in a plain mean of the crops. `published`: AuscultaBase's loop, whose last crop is
                filled with zeros after batch normalisation, and which drops the last frame of 1025, 1537 ….

        Returns:
            `last_hidden_state` (windows, crops * tokens, D) after the final LayerNorm, `pooler_output` (windows, D),
            `sequence_output` (windows, crops * D, tokens).

        Raises:
            ValueError: images of other bands.
        """
        starts = self.crop_starts(windows.shape[1], crop_rule)
        out = self.htsat(windows, starts, output_hidden_states, output_attentions)
        return AuscultaBaseOutput(
            last_hidden_state=out.tokens,
            pooler_output=out.pooled,
            hidden_states=out.hidden_states,
            attentions=out.attentions,
            sequence_output=out.tokens.unflatten(1, (len(starts), -1)).transpose(2, 3).flatten(1, 2),
        )


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
