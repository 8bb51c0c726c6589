"""OPERA-CE: EfficientNet over log-mel images, trained by contrast of views of a recording (OPERA, arXiv:2406.16148)."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from transformers import initialization as init

from ..shared.base import AuscultPreTrainedModel, EncoderMixin, EncoderOutput, check_windows
from ..shared.cola import ContrastiveMixin
from ..shared.heads import AudioClassificationMixin
from .configuration_opera_ce import OperaCEConfig
from .layers_opera_ce import OperaCECnn, OperaCENetwork


class OperaCEPreTrainedModel(AuscultPreTrainedModel):
    """Weights initialisation and the settings every OPERA-CE class shares."""

    config: OperaCEConfig
    config_class = OperaCEConfig
    _no_split_modules = ["EfficientNetBlock", "PannsBlock"]

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        # EfficientNet initialises itself; what is left are the first convolution and the heads.
        if isinstance(module, nn.Conv2d):
            init.kaiming_uniform_(module.weight, a=5**0.5)
            if module.bias is not None:
                init.zeros_(module.bias)
        else:
            super()._init_weights(module)


class OperaCEModel(EncoderMixin, OperaCEPreTrainedModel):
    """OPERA-CE's encoder: log-mel images of any length in, tokens and one pooled vector an image out.

    Example:
        >>> model = OperaCEModel(OperaCEConfig()).eval()
        >>> model(torch.zeros(2, 251, 64)).pooler_output.shape
        torch.Size([2, 1280])
    """

    _keys_to_ignore_on_load_unexpected = [r"^projection\."]

    def __init__(self, config: OperaCEConfig):
        super().__init__(config)
        small = config.network == "cnn"
        self.channels = None if small else nn.Conv2d(1, 3, kernel_size=3)
        self.network = OperaCECnn(config) if small else OperaCENetwork(config)
        self.post_init()

    def to_channels(self, windows: torch.Tensor) -> torch.Tensor:
        """Map (B, frames, bands) to the image that the network reads, of EfficientNet (B, 3, frames - 2, bands - 2).

        Images of fewer than `minimum_frames` frames, which the published code crashes on, are padded with zeros at the
        end: zero is the quietest value of an image in [0, 1].

        Raises:
            ValueError: images of other bands.
        """
        check_windows(windows, self.config.num_mel_bins)
        first: Any = self.channels or self.network.norm
        images = windows[:, None].to(first.weight.dtype)
        images = F.pad(images, (0, 0, 0, max(0, self.config.minimum_frames - images.shape[2])))
        return images if self.channels is None else self.channels(images)

    def encode(
        self, windows: torch.Tensor, output_hidden_states: bool = False, output_attentions: bool = False
    ) -> EncoderOutput:
        """Encode log-mel images.

        Args:
            windows: (windows, frames, bands), any number of frames; see `to_channels` for very few.
            output_hidden_states: also return the feature maps of the stem, of every block and of the last convolution
                as tokens, each of its own number and width.
            output_attentions: accepted and ignored: there is no attention.

        Returns:
            `last_hidden_state` (windows, tokens, D), the last feature map with `index = time * bands + band`, and
            `pooler_output` (windows, pooled_size), its mean, or as `config.pooling` says.

        Raises:
            ValueError: images of other bands.
        """
        maps = self.network.feature_maps(self.to_channels(windows))
        pooled = maps[-1].mean(dim=(2, 3))
        if self.config.pooling == "band_mean_std":
            deviation, mean = torch.std_mean(maps[-1], dim=2, unbiased=False)
            pooled = torch.cat([mean, deviation], dim=1).flatten(1)
        return EncoderOutput(
            last_hidden_state=maps[-1].flatten(2).transpose(1, 2),
            pooler_output=pooled,
            hidden_states=tuple(each.flatten(2).transpose(1, 2) for each in maps) if output_hidden_states else None,
        )


class OperaCEForPreTraining(ContrastiveMixin, OperaCEPreTrainedModel):
    """OPERA-CE with its contrastive head.

    Example:
        >>> model = OperaCEForPreTraining(OperaCEConfig()).eval()
        >>> model(torch.rand(3, 251, 64)).logits.shape
        torch.Size([3, 3])
    """

    encoder_class = OperaCEModel


class OperaCEForAudioClassification(AudioClassificationMixin, OperaCEPreTrainedModel):
    """OPERA-CE's encoder under a classification head.

    Example:
        >>> model = OperaCEForAudioClassification(OperaCEConfig(num_labels=3)).eval()
        >>> model(torch.rand(2, 251, 64)).logits.shape
        torch.Size([2, 3])
    """

    encoder_class = OperaCEModel
    _keys_to_ignore_on_load_unexpected = [r"^projection\."]


__all__ = ["OperaCEForAudioClassification", "OperaCEForPreTraining", "OperaCEModel", "OperaCEPreTrainedModel"]
