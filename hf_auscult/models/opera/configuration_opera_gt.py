"""Configuration of OPERA-GT; the defaults are the published network, quirks included."""

from typing import Literal

from huggingface_hub.dataclasses import strict
from transformers.configuration_utils import PreTrainedConfig


@strict
class OperaGTConfig(PreTrainedConfig):
    """Configuration of the OPERA-GT masked autoencoder (ViT-S/4 encoder, windowed decoder).

    The defaults give the published network (OPERA, arXiv:2406.16148). Any depth, width or front end is a matter of
    other values; `position_layout="aligned"`, `decoder_view="grid"` and `reconstruction_target="standardised"` switch
    the published code's quirks off.

    Args:
        num_frames, num_mel_bins: size of the log-mel image in frames and bands; shorter images are allowed.
        patch_size: side of the square patches; tokens are time-major (`index = t * bands + f`).
        position_layout: `published` adds the sin-cos table of the transposed grid, as the original code does;
            `aligned` gives every token its own time and frequency.
        pooling: `norm_of_mean` (published: mean of patch tokens, then LayerNorm), `mean` (the reverse order) or
            `band_mean_std` (mean and standard deviation over time of every frequency row).
        mask_ratio: share of patches hidden from the encoder in pre-training.
        decoder_feature_size: the (time, frequency) cell grid of the published decoder.
        decoder_position_dropout: of the hidden layer that makes the decoder's position bias, in training.
        decoder_view: `published` reproduces the original's reshape of L tokens into `decoder_feature_size` cells;
            `grid` uses the real token grid.
        reconstruction_target: `raw` pixels (published) or `standardised` ones (zero mean, unit variance per image).
        classifier_head, classifier_hidden_size, classifier_dropout: of `OperaGTForAudioClassification`, see `heads`.

    Example:
        >>> OperaGTConfig(num_hidden_layers=4, hidden_size=192, num_attention_heads=3).pooled_size
        192
    """

    model_type = "opera-gt"

    num_frames: int = 256
    num_mel_bins: int = 64
    patch_size: int = 4
    hidden_size: int = 384
    num_hidden_layers: int = 12
    num_attention_heads: int = 6
    intermediate_size: int = 1536
    hidden_act: str = "gelu"
    layer_norm_eps: float = 1e-6
    attention_probs_dropout_prob: float = 0.0
    initializer_range: float = 0.02
    position_layout: Literal["published", "aligned"] = "published"
    pooling: Literal["norm_of_mean", "mean", "band_mean_std"] = "norm_of_mean"
    mask_ratio: float = 0.7
    decoder_hidden_size: int = 256
    decoder_num_hidden_layers: int = 16
    decoder_num_attention_heads: int = 16
    decoder_intermediate_size: int = 1024
    decoder_window_size: int = 4
    decoder_shift_size: int = 2
    decoder_position_dropout: float = 0.1
    decoder_feature_size: tuple[int, int] | list[int] = (32, 8)
    decoder_view: Literal["published", "grid"] = "published"
    reconstruction_target: Literal["raw", "standardised"] = "raw"
    classifier_head: Literal["linear", "mlp", "attentive"] = "linear"
    classifier_hidden_size: int = 256
    classifier_dropout: float = 0.0

    def __post_init__(self, **kwargs):  # type: ignore[no-untyped-def]
        self.decoder_feature_size = list(self.decoder_feature_size)
        super().__post_init__(**kwargs)
        if self.num_frames % self.patch_size or self.num_mel_bins % self.patch_size:
            raise ValueError(
                f"num_frames {self.num_frames} and num_mel_bins {self.num_mel_bins} must be multiples of "
                f"patch_size {self.patch_size}"
            )
        if self.hidden_size % self.num_attention_heads or self.hidden_size % 4:
            raise ValueError(
                f"hidden_size {self.hidden_size} must be a multiple of 4 and of num_attention_heads "
                f"{self.num_attention_heads}"
            )

    @property
    def grid_size(self) -> tuple[int, int]:
        """Patches in time and frequency of a full-size image."""
        return self.num_frames // self.patch_size, self.num_mel_bins // self.patch_size

    @property
    def pooled_size(self) -> int:
        """Width of `pooler_output`."""
        return 2 * self.grid_size[1] * self.hidden_size if self.pooling == "band_mean_std" else self.hidden_size


__all__ = ["OperaGTConfig"]
