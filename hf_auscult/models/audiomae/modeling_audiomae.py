"""AudioMAE: a ViT-B masked autoencoder over Kaldi filter banks, with the published code's behaviour as the default.

The published encoder comes in two forms. Pre-training ends with a LayerNorm on every token (`norm`). Fine-tuning drops
it and normalises the mean of the patch tokens instead (`fc_norm`). A pre-trained checkpoint has no `fc_norm`; OPERA and
AuscultaBase pool it with weight 1 and bias 0 there, and so does this file.
"""

import copy
from typing import Any

import torch
from torch import nn

from ..shared.heads import AudioClassificationMixin
from ..shared.modeling_mae import MAEForPreTrainingMixin, MAEMixin, MAEPreTrainedModel
from .configuration_audiomae import AudioMAEConfig


class AudioMAEPreTrainedModel(MAEPreTrainedModel):
    """Base of AudioMAE's classes."""

    config: AudioMAEConfig
    config_class = AudioMAEConfig


class AudioMAEModel(MAEMixin, AudioMAEPreTrainedModel):
    """AudioMAE's encoder: filter-bank images in, patch tokens and one pooled vector an image out.

    Example:
        >>> model = AudioMAEModel(AudioMAEConfig(num_hidden_layers=1)).eval()
        >>> model(torch.zeros(1, 1024, 128)).pooler_output.shape
        torch.Size([1, 768])
    """

    # A pre-training folder has a decoder, a fine-tuned one a head; contextual pooling has no use for `fc_norm`.
    _keys_to_ignore_on_load_unexpected = [r"^decoder\.", r"^classifier\.", r"^(encoder\.)?fc_norm\."]
    whole_patches = True

    def add_norms(self, config: Any) -> None:
        """Make `norm`, of every token, and `fc_norm`, of their mean, where the configuration has them."""
        size, eps = config.hidden_size, config.layer_norm_eps
        self.norm = nn.LayerNorm(size, eps=eps) if config.final_norm else nn.Identity()
        self.fc_norm = nn.LayerNorm(size, eps=eps) if config.pooling == "fc_norm" else nn.Identity()

    def pool(self, states: list[torch.Tensor], bands: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Normalise the last block's tokens and pool its patch tokens; `contextual` averages the last blocks' first."""
        if self.config.pooling == "contextual":
            layers = [self.norm(state) for state in states[-self.config.contextual_layers :]]
            tokens = torch.stack(layers).mean(dim=0)
            return tokens, tokens[:, 1:].mean(dim=1)
        return self.norm(states[-1]), self.fc_norm(states[-1][:, 1:].mean(dim=1))


class AudioMAEForPreTraining(MAEForPreTrainingMixin, AudioMAEPreTrainedModel):
    """AudioMAE with its decoder: masked reconstruction of filter-bank images (AudioMAE, section 3).

    Example:
        >>> config = AudioMAEConfig(num_hidden_layers=1, decoder_num_hidden_layers=1)
        >>> AudioMAEForPreTraining(config).eval()(torch.rand(1, 128, 128)).logits.shape
        torch.Size([1, 64, 256])
    """

    encoder_class = AudioMAEModel
    _keys_to_ignore_on_load_unexpected = [r"^classifier\."]

    def target(self, images: torch.Tensor) -> torch.Tensor:
        """Return the patches of (B, frames, bands), each standardised by itself where the configuration says so."""
        patches = self.patchify(images)
        if not self.config.norm_pix_loss:
            return patches
        centred = patches - patches.mean(dim=-1, keepdim=True)
        return centred / (patches.var(dim=-1, keepdim=True) + 1e-6).sqrt()


class AudioMAEForAudioClassification(AudioClassificationMixin, AudioMAEPreTrainedModel):
    """AudioMAE's encoder under a classification head.

    The published fine-tuned checkpoint converts to this class: its 527 labels are AudioSet's, in that data set's order.

    Example:
        >>> model = AudioMAEForAudioClassification(AudioMAEConfig(num_hidden_layers=1, num_labels=3)).eval()
        >>> model(torch.rand(2, 128, 128)).logits.shape
        torch.Size([2, 3])
    """

    encoder_class = AudioMAEModel
    _keys_to_ignore_on_load_unexpected = [r"^decoder\.", r"^encoder\.(fc_)?norm\."]

    def __init__(self, config: AudioMAEConfig):
        if config.pooling == "fc_norm" and config.classifier_head != "attentive":
            # Fine-tuning drops the tokens' own LayerNorm, which this pooling never reads: it would get no gradient.
            config = copy.copy(config)
            config.final_norm = False
        super().__init__(config)


__all__ = ["AudioMAEForAudioClassification", "AudioMAEForPreTraining", "AudioMAEModel", "AudioMAEPreTrainedModel"]
