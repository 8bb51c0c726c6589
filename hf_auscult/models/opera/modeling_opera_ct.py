"""OPERA-CT: HTS-AT over log-mel images, trained by contrast of views of a recording (OPERA, arXiv:2406.16148)."""

from typing import Literal

import torch

from ..shared.base import AuscultPreTrainedModel, EncoderMixin, EncoderOutput
from ..shared.cola import ContrastiveMixin
from ..shared.heads import AudioClassificationMixin
from ..shared.layers_htsat import HTSAT, covering_starts
from .configuration_opera_ct import OperaCTConfig


class OperaCTPreTrainedModel(AuscultPreTrainedModel):
    """The settings every OPERA-CT class shares; weights are initialised by transformers' own rules."""

    config: OperaCTConfig
    config_class = OperaCTConfig
    _no_split_modules = ["ClapAudioStage"]


class OperaCTModel(EncoderMixin, OperaCTPreTrainedModel):
    """OPERA-CT's encoder: log-mel images of any length in, tokens and one pooled vector an image out.

    Example:
        >>> model = OperaCTModel(OperaCTConfig(depths=(1, 1, 1, 1))).eval()
        >>> model(torch.zeros(2, 251, 64)).pooler_output.shape
        torch.Size([2, 768])
    """

    _keys_to_ignore_on_load_unexpected = [r"^projection\."]
    published_settings = {"crop_rule": "published"}

    def __init__(self, config: OperaCTConfig):
        super().__init__(config)
        self.htsat = HTSAT(config)
        self.post_init()

    def crop_starts(self, frames: int, crop_rule: str) -> list[int]:
        """Return the first frames of an image's crops.

        Raises:
            ValueError: an unknown rule, or a length that the published code crashes on.
        """
        size, hop = self.config.max_frames, self.config.crop_hop
        if crop_rule not in ("covering", "published"):
            raise ValueError(f"crop_rule is {crop_rule!r}; expected 'covering' or 'published'")
        if crop_rule == "covering" or frames <= size:
            return covering_starts(frames, size, hop)
        starts = list(range(0, frames - size - 1, hop))
        if not starts:
            raise ValueError(
                f"{frames} frames: OPERA's own rule finds no crop in exactly {size + 1} frames; use "
                "crop_rule='covering' (protocol 'default')"
            )
        return starts

    def encode(
        self,
        windows: torch.Tensor,
        output_hidden_states: bool = False,
        output_attentions: bool = False,
        crop_rule: Literal["covering", "published"] = "covering",
    ) -> EncoderOutput:
        """Encode log-mel images of any length.

        Args:
            windows: (windows, frames, bands). Up to `config.max_frames` frames are stretched to that many; of more,
                crops are encoded and their pooled vectors averaged.
            output_hidden_states, output_attentions: see `HTSATOutput`.
            crop_rule: `covering`: crops every `config.crop_hop` frames and one that ends with the last frame, so that
                every frame counts, in a plain mean of the crops. `published`: OPERA's loop, which drops the tail.

        Returns:
            `last_hidden_state` (windows, crops * tokens, D) after the final LayerNorm, `pooler_output` (windows, D).

        Raises:
            ValueError: images of other bands; a length that OPERA's own rule cannot crop.
        """
        starts = self.crop_starts(windows.shape[1], crop_rule)
        out = self.htsat(windows, starts, output_hidden_states, output_attentions)
        return EncoderOutput(
            last_hidden_state=out.tokens,
            pooler_output=out.pooled,
            hidden_states=out.hidden_states,
            attentions=out.attentions,
        )


class OperaCTForPreTraining(ContrastiveMixin, OperaCTPreTrainedModel):
    """OPERA-CT with its contrastive head.

    Example:
        >>> model = OperaCTForPreTraining(OperaCTConfig(depths=(1, 1, 1, 1))).eval()
        >>> model(torch.rand(3, 251, 64)).logits.shape
        torch.Size([3, 3])
    """

    encoder_class = OperaCTModel


class OperaCTForAudioClassification(AudioClassificationMixin, OperaCTPreTrainedModel):
    """OPERA-CT's encoder under a classification head.

    Example:
        >>> model = OperaCTForAudioClassification(OperaCTConfig(depths=(1, 1, 1, 1), num_labels=3)).eval()
        >>> model(torch.rand(2, 251, 64)).logits.shape
        torch.Size([2, 3])
    """

    encoder_class = OperaCTModel
    _keys_to_ignore_on_load_unexpected = [r"^projection\."]


__all__ = ["OperaCTForAudioClassification", "OperaCTForPreTraining", "OperaCTModel", "OperaCTPreTrainedModel"]
