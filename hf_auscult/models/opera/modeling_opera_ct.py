"""OPERA-CT: HTS-AT over log-mel images, trained by contrast of views of a recording (OPERA, arXiv:2406.16148)."""

from typing import Literal

import torch
from transformers.modeling_outputs import BaseModelOutputWithPooling
from transformers.modeling_utils import PreTrainedModel

from .cola import ContrastiveMixin
from .configuration_opera_ct import OperaCTConfig
from .heads import AudioClassificationMixin
from .layers_htsat import HTSAT, covering_starts


class OperaCTPreTrainedModel(PreTrainedModel):
    """The settings every OPERA-CT class shares; weights are initialised by transformers' own rules."""

    config: OperaCTConfig
    config_class = OperaCTConfig
    base_model_prefix = "encoder"
    main_input_name = "input_features"
    input_modalities = ["audio"]
    supports_gradient_checkpointing = True
    accepts_loss_kwargs = False  # the loss is a mean over the batch: Trainer must not rescale it
    _no_split_modules = ["ClapAudioStage"]


class OperaCTModel(OperaCTPreTrainedModel):
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

    def forward(
        self,
        input_features: torch.Tensor,
        recording_index: torch.Tensor | None = None,
        window_seconds: torch.Tensor | None = None,
        crop_rule: Literal["covering", "published"] = "covering",
        output_hidden_states: bool | None = None,
        output_attentions: bool | None = None,
        return_dict: bool | None = None,
    ) -> BaseModelOutputWithPooling | tuple[torch.Tensor, ...]:
        """Encode log-mel images.

        Args:
            input_features: (windows, frames, bands). Up to `config.max_frames` frames are stretched to that many; of
                more, crops are encoded and their pooled vectors averaged.
            recording_index, window_seconds: the extractor's bookkeeping; accepted and ignored here.
            crop_rule: `covering`: crops every `config.crop_hop` frames and one that ends with the last frame, so that
                every frame counts, in a plain mean of the crops. `published`: OPERA's loop, which drops the tail.
            output_hidden_states, output_attentions, return_dict: as everywhere in transformers; see `HTSATOutput`.

        Returns:
            `last_hidden_state` (windows, crops * tokens, D) after the final LayerNorm, `pooler_output` (windows, D).

        Raises:
            ValueError: images of other bands; a length that OPERA's own rule cannot crop.
        """
        config = self.config
        keep_states = config.output_hidden_states if output_hidden_states is None else output_hidden_states
        keep_attentions = config.output_attentions if output_attentions is None else output_attentions
        starts = self.crop_starts(input_features.shape[1], crop_rule)
        out = self.htsat(input_features, starts, bool(keep_states), bool(keep_attentions))
        output = BaseModelOutputWithPooling(
            last_hidden_state=out.tokens,
            pooler_output=out.pooled,
            hidden_states=out.hidden_states,
            attentions=out.attentions,
        )
        return output if (config.return_dict if return_dict is None else return_dict) else output.to_tuple()


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
