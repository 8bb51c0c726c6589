"""Configuration of AudioMAE; the defaults are the published network, quirks included."""

from typing import Literal

from huggingface_hub.dataclasses import strict

from ..shared.configuration_mae import MAEConfig


@strict
class AudioMAEConfig(MAEConfig):
    """Configuration of the AudioMAE masked autoencoder (ViT-B/16 encoder, decoder with local attention).

    The defaults give the published pre-training network (AudioMAE, arXiv:2207.06405, `mae_vit_base_patch16_dec512d8b`
    with `decoder_mode=1`) and, without its decoder, the published fine-tuning encoder. The arguments are those of
    `MAEConfig`, and:

    Args:
        final_norm: the encoder ends with a LayerNorm on every token. The fine-tuned checkpoint has none.
        pooling: `fc_norm` (fine-tuning: mean of patch tokens, then a LayerNorm of its own) or `contextual`: mean of
            the patch tokens of the published pre-training code's unmasked output, the average of normalised tokens
            over the last `contextual_layers` blocks. That code stops at tokens; the mean over them is ours.
        contextual_layers: how many blocks `contextual` averages.
        norm_pix_loss: reconstruct every patch standardised by its own mean and (unbiased) variance, else raw values.

    Raises:
        ValueError: sizes that contradict each other, or contextual pooling of an encoder that cannot have it.

    Example:
        >>> AudioMAEConfig(num_hidden_layers=4).grid_size
        (64, 8)
    """

    model_type = "audiomae"
    position_precision = "float64"

    num_frames: int = 1024
    num_mel_bins: int = 128
    patch_size: int = 16
    hidden_size: int = 768
    num_attention_heads: int = 12
    intermediate_size: int = 3072
    mask_ratio: float = 0.8
    decoder_hidden_size: int = 512
    decoder_intermediate_size: int = 2048
    final_norm: bool = True
    pooling: Literal["fc_norm", "contextual"] = "fc_norm"
    contextual_layers: int = 3
    norm_pix_loss: bool = True

    def check(self) -> None:
        """Raise `ValueError` for settings that contradict each other."""
        super().check()
        if self.pooling == "contextual" and not self.final_norm:
            raise ValueError(
                "pooling 'contextual' averages normalised tokens, but this encoder has no final LayerNorm (the "
                "fine-tuned checkpoint lost it): use the pre-trained checkpoint, or pooling 'fc_norm'"
            )
        if not 1 <= self.contextual_layers <= self.num_hidden_layers and self.pooling == "contextual":
            raise ValueError(
                f"contextual_layers {self.contextual_layers} is not within 1..num_hidden_layers "
                f"{self.num_hidden_layers}"
            )


__all__ = ["AudioMAEConfig"]
