"""OPERA-CT: HTS-AT over log-mel images, trained by contrast of views of a recording (OPERA, arXiv:2406.16148)."""

from ..shared.base import AuscultPreTrainedModel
from ..shared.cola import ContrastiveMixin
from ..shared.heads import AudioClassificationMixin
from ..shared.layers_htsat import HTSATMixin
from .configuration_opera_ct import OperaCTConfig


class OperaCTPreTrainedModel(AuscultPreTrainedModel):
    """The settings every OPERA-CT class shares; weights are initialised by transformers' own rules."""

    config: OperaCTConfig
    config_class = OperaCTConfig
    _no_split_modules = ["ClapAudioStage"]


class OperaCTModel(HTSATMixin, OperaCTPreTrainedModel):
    """OPERA-CT's encoder: log-mel images of any length in, tokens and one pooled vector an image out.

    Example:
        >>> import torch
        >>> model = OperaCTModel(OperaCTConfig(depths=(1, 1, 1, 1))).eval()
        >>> model(torch.zeros(2, 251, 64)).pooler_output.shape
        torch.Size([2, 768])
    """

    _keys_to_ignore_on_load_unexpected = [r"^projection\."]

    def published_starts(self, frames: int, size: int, hop: int) -> list[int]:
        """Return the crops of OPERA's loop, which drops the tail.

        Raises:
            ValueError: the one length in which it finds no crop.
        """
        starts = list(range(0, frames - size - 1, hop))
        if not starts:
            raise ValueError(
                f"{frames} frames: OPERA's own rule finds no crop in exactly {size + 1} frames; use "
                "crop_rule='covering' (protocol 'default')"
            )
        return starts


class OperaCTForPreTraining(ContrastiveMixin, OperaCTPreTrainedModel):
    """OPERA-CT with its contrastive head.

    Example:
        >>> import torch
        >>> model = OperaCTForPreTraining(OperaCTConfig(depths=(1, 1, 1, 1))).eval()
        >>> model(torch.rand(3, 251, 64)).logits.shape
        torch.Size([3, 3])
    """

    encoder_class = OperaCTModel


class OperaCTForAudioClassification(AudioClassificationMixin, OperaCTPreTrainedModel):
    """OPERA-CT's encoder under a classification head.

    Example:
        >>> import torch
        >>> model = OperaCTForAudioClassification(OperaCTConfig(depths=(1, 1, 1, 1), num_labels=3)).eval()
        >>> model(torch.rand(2, 251, 64)).logits.shape
        torch.Size([2, 3])
    """

    encoder_class = OperaCTModel
    _keys_to_ignore_on_load_unexpected = [r"^projection\."]


__all__ = ["OperaCTForAudioClassification", "OperaCTForPreTraining", "OperaCTModel", "OperaCTPreTrainedModel"]
