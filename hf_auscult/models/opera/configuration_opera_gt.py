"""Configuration of OPERA-GT; the defaults are the published network, quirks included."""

from typing import Literal

from huggingface_hub.dataclasses import strict

from ..shared.configuration_mae import MAEConfig


@strict
class OperaGTConfig(MAEConfig):
    """Configuration of the OPERA-GT masked autoencoder (ViT-S/4 encoder, windowed decoder).

    The defaults give the published network (OPERA, arXiv:2406.16148). Any depth, width or front end is a matter of
    other values; `position_layout="aligned"`, `decoder_view="grid"` and `reconstruction_target="standardised"` switch
    the published code's quirks off. The arguments are those of `MAEConfig`, and:

    Args:
        pooling: `norm_of_mean` (published: mean of patch tokens, then LayerNorm), `mean` (the reverse order) or
            `band_mean_std` (mean and standard deviation over time of every frequency row).
        decoder_feature_size: the (time, frequency) cell grid of the published decoder.
        decoder_view: `published` reproduces the original's reshape of L tokens into `decoder_feature_size` cells;
            `grid` uses the real token grid.
        reconstruction_target: `raw` pixels (published) or `standardised` ones (zero mean, unit variance per image).

    Example:
        >>> OperaGTConfig(num_hidden_layers=4, hidden_size=192, num_attention_heads=3).pooled_size
        192
    """

    model_type = "opera-gt"

    pooling: Literal["norm_of_mean", "mean", "band_mean_std"] = "norm_of_mean"
    decoder_feature_size: tuple[int, int] | list[int] = (32, 8)
    decoder_view: Literal["published", "grid"] = "published"
    reconstruction_target: Literal["raw", "standardised"] = "raw"

    def __post_init__(self, **kwargs):  # type: ignore[no-untyped-def]
        self.decoder_feature_size = list(self.decoder_feature_size)
        super().__post_init__(**kwargs)

    def decoder_cells(self, length: int) -> tuple[int, int]:
        """Return the rows and columns of cells that the decoder reads `length` tokens as, see `decoder_view`."""
        if self.decoder_view == "grid":
            return super().decoder_cells(length)
        rows, columns = self.decoder_feature_size
        if length % (rows * columns):
            raise ValueError(
                f"{length} tokens: the published decoder needs a multiple of {rows * columns} ({rows} x {columns} "
                "cells)"
            )
        return rows, columns

    @property
    def pooled_size(self) -> int:
        """Width of `pooler_output`."""
        return 2 * self.grid_size[1] * self.hidden_size if self.pooling == "band_mean_std" else self.hidden_size


__all__ = ["OperaGTConfig"]
