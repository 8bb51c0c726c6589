"""Configuration of AudioMAE; the defaults are the published network, quirks included."""

from typing import Literal

from huggingface_hub.dataclasses import strict
from transformers.configuration_utils import PreTrainedConfig


@strict
class AudioMAEConfig(PreTrainedConfig):
    """Configuration of the AudioMAE masked autoencoder (ViT-B/16 encoder, decoder with local attention).

    The defaults give the published pre-training network (AudioMAE, arXiv:2207.06405, `mae_vit_base_patch16_dec512d8b`
    with `decoder_mode=1`) and, without its decoder, the published fine-tuning encoder.

    Args:
        num_frames, num_mel_bins: size of the filter-bank image in frames and bands; fewer frames are allowed, in whole
            patches.
        patch_size: side of the square patches; tokens are time-major (`index = t * bands + f`).
        position_layout: `published` adds the sin-cos table of the transposed grid, as the original code does;
            `aligned` gives every token its own time and frequency.
        final_norm: the encoder ends with a LayerNorm on every token. The fine-tuned checkpoint has none.
        pooling: `fc_norm` (fine-tuning: mean of patch tokens, then a LayerNorm of its own) or `contextual`: mean of
            the patch tokens of the published pre-training code's unmasked output, the average of normalised tokens
            over the last `contextual_layers` blocks. That code stops at tokens; the mean over them is ours.
        contextual_layers: how many blocks `contextual` averages.
        mask_ratio: share of patches hidden from the encoder in pre-training.
        decoder_position_dropout: of the hidden layer that makes the decoder's position bias, in training.
        norm_pix_loss: reconstruct every patch standardised by its own mean and (unbiased) variance, else raw values.
        classifier_head, classifier_hidden_size, classifier_dropout: of `AudioMAEForAudioClassification`, see `heads`.

    Example:
        >>> AudioMAEConfig(num_hidden_layers=4).grid_size
        (64, 8)
    """

    model_type = "audiomae"

    num_frames: int = 1024
    num_mel_bins: int = 128
    patch_size: int = 16
    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    intermediate_size: int = 3072
    hidden_act: str = "gelu"
    layer_norm_eps: float = 1e-6
    attention_probs_dropout_prob: float = 0.0
    initializer_range: float = 0.02
    position_layout: Literal["published", "aligned"] = "published"
    final_norm: bool = True
    pooling: Literal["fc_norm", "contextual"] = "fc_norm"
    contextual_layers: int = 3
    mask_ratio: float = 0.8
    decoder_hidden_size: int = 512
    decoder_num_hidden_layers: int = 16
    decoder_num_attention_heads: int = 16
    decoder_intermediate_size: int = 2048
    decoder_window_size: int = 4
    decoder_shift_size: int = 2
    decoder_position_dropout: float = 0.1
    norm_pix_loss: bool = True
    classifier_head: Literal["linear", "mlp", "attentive"] = "linear"
    classifier_hidden_size: int = 256
    classifier_dropout: float = 0.0

    def __post_init__(self, **kwargs):  # type: ignore[no-untyped-def]
        super().__post_init__(**kwargs)
        self.check()

    def check(self) -> None:
        """Raise `ValueError` for settings that contradict each other."""
        if self.num_frames % self.patch_size or self.num_mel_bins % self.patch_size:
            raise ValueError(
                f"num_frames {self.num_frames} and num_mel_bins {self.num_mel_bins} must be multiples of "
                f"patch_size {self.patch_size}"
            )
        for prefix in ("", "decoder_"):
            size, heads = getattr(self, f"{prefix}hidden_size"), getattr(self, f"{prefix}num_attention_heads")
            if size % heads or size % 4:
                raise ValueError(
                    f"{prefix}hidden_size {size} must be a multiple of 4 and of {prefix}num_attention_heads {heads}"
                )
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

    @property
    def grid_size(self) -> tuple[int, int]:
        """Patches in time and frequency of a full-size image."""
        return self.num_frames // self.patch_size, self.num_mel_bins // self.patch_size

    @property
    def pooled_size(self) -> int:
        """Width of `pooler_output`."""
        return self.hidden_size


__all__ = ["AudioMAEConfig"]
