"""OPERA-GT: a ViT masked autoencoder over log-mel images, with the published code's behaviour as the default.

Three published quirks shape this family (each can be switched off in the configuration): the position table is built
for the transposed grid, pooling normalises the mean instead of averaging normalised tokens, and the decoder reads L
tokens as a fixed 32 x 8 grid of cells.
"""

import torch
import torch.nn.functional as F

from ..shared.heads import AudioClassificationMixin
from ..shared.modeling_mae import MAEForPreTrainingMixin, MAEMixin, MAEPreTrainedModel
from .configuration_opera_gt import OperaGTConfig


class OperaGTPreTrainedModel(MAEPreTrainedModel):
    """Base of OPERA-GT's classes."""

    config: OperaGTConfig
    config_class = OperaGTConfig


class OperaGTModel(MAEMixin, OperaGTPreTrainedModel):
    """OPERA-GT's encoder: log-mel images in, patch tokens and one pooled vector an image out.

    Example:
        >>> model = OperaGTModel(OperaGTConfig(num_hidden_layers=1, decoder_num_hidden_layers=1)).eval()
        >>> model(torch.zeros(2, 256, 64)).pooler_output.shape
        torch.Size([2, 384])
    """

    _keys_to_ignore_on_load_unexpected = [r"^decoder\."]

    def pool(self, states: list[torch.Tensor], bands: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Normalise the last block's tokens, and pool its patch tokens as `config.pooling` says."""
        tokens, patches = self.norm(states[-1]), states[-1][:, 1:]
        if self.config.pooling == "norm_of_mean":
            return tokens, self.norm(patches.mean(dim=1))
        if self.config.pooling == "mean":
            return tokens, self.norm(patches).mean(dim=1)
        rows = self.norm(patches)
        if bands is not None:
            return tokens, visible_mean_std(rows, bands, self.config.grid_size[1])
        rows = rows.unflatten(1, (-1, self.config.grid_size[1]))
        return tokens, torch.cat([rows.mean(dim=1), rows.std(dim=1, unbiased=False)], dim=-1).flatten(1)


def visible_mean_std(patches: torch.Tensor, bands: torch.Tensor, number: int) -> torch.Tensor:
    """Return mean and deviation over time of every band's visible patches; 0 for a band of which none is visible.

    Args:
        patches: (B, L, D).
        bands: (B, L), of each patch.
        number: of bands.

    Returns:
        (B, number * 2 * D).
    """
    member = F.one_hot(bands, number).to(patches.dtype).transpose(1, 2)
    weights = member / member.sum(dim=-1, keepdim=True).clamp(min=1)
    mean = weights @ patches
    variance = weights @ (patches - member.transpose(1, 2) @ mean).square()
    # The root's slope is infinite at 0, where a band has one visible patch.
    return torch.cat([mean, variance.clamp(min=1e-12).sqrt()], dim=-1).flatten(1)


class OperaGTForPreTraining(MAEForPreTrainingMixin, OperaGTPreTrainedModel):
    """OPERA-GT with its decoder: masked reconstruction of log-mel images (OPERA, section 3; AcuLa, III-C).

    Example:
        >>> config = OperaGTConfig(num_hidden_layers=1, decoder_num_hidden_layers=1)
        >>> OperaGTForPreTraining(config).eval()(torch.rand(1, 256, 64)).logits.shape
        torch.Size([1, 1024, 16])
    """

    encoder_class = OperaGTModel

    def target(self, images: torch.Tensor) -> torch.Tensor:
        """Return the patches of (B, frames, bands), of the standardised image where the configuration says so."""
        patches = self.patchify(images)
        if self.config.reconstruction_target == "raw":
            return patches
        centre = images.mean(dim=(1, 2))[:, None, None]
        return (patches - centre) / images.std(dim=(1, 2), unbiased=False).clamp(min=1e-6)[:, None, None]


class OperaGTForAudioClassification(AudioClassificationMixin, OperaGTPreTrainedModel):
    """OPERA-GT's encoder under a classification head.

    Example:
        >>> model = OperaGTForAudioClassification(OperaGTConfig(num_hidden_layers=1, num_labels=3)).eval()
        >>> model(torch.rand(2, 256, 64)).logits.shape
        torch.Size([2, 3])
    """

    encoder_class = OperaGTModel
    _keys_to_ignore_on_load_unexpected = [r"^decoder\."]


__all__ = ["OperaGTForAudioClassification", "OperaGTForPreTraining", "OperaGTModel", "OperaGTPreTrainedModel"]
