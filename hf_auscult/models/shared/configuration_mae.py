"""What the configurations of masked autoencoders over log-mel images share."""

from typing import ClassVar, Literal

from huggingface_hub.dataclasses import strict

from .configuration_auscult import AuscultConfig


@strict
class MAEConfig(AuscultConfig):
    """A ViT encoder and a windowed decoder over patches of a log-mel or filter-bank image.

    Args:
        num_frames, num_mel_bins: size of the image in frames and bands; fewer frames are allowed.
        patch_size: side of the square patches; tokens are time-major (`index = t * bands + f`).
        hidden_size, num_hidden_layers, num_attention_heads, intermediate_size, hidden_act, layer_norm_eps,
            attention_probs_dropout_prob, initializer_range: of the encoder, as everywhere in transformers.
        drop_path_rate: of the last block's residual branches, in training; earlier blocks' rates rise to it linearly
            (AudioMAE fine-tunes with 0.1).
        position_layout: `published` adds the sin-cos table of the transposed grid, as the original code does;
            `aligned` gives every token its own time and frequency.
        mask_ratio: share of patches hidden from the encoder in pre-training.
        decoder_hidden_size, decoder_num_hidden_layers, decoder_num_attention_heads, decoder_intermediate_size,
            decoder_window_size, decoder_shift_size: of the decoder; windows and their shift in tokens.
        decoder_position_dropout: of the hidden layer that makes the decoder's position bias, in training.
        classifier_head, classifier_hidden_size, classifier_dropout: see `AuscultConfig`.

    Raises:
        ValueError: sizes that contradict each other.
    """

    # In which the position tables are computed before they are rounded to float32.
    position_precision: ClassVar[str] = "float32"

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
    drop_path_rate: float = 0.0
    position_layout: Literal["published", "aligned"] = "published"
    mask_ratio: float = 0.7
    decoder_hidden_size: int = 256
    decoder_num_hidden_layers: int = 16
    decoder_num_attention_heads: int = 16
    decoder_intermediate_size: int = 1024
    decoder_window_size: int = 4
    decoder_shift_size: int = 2
    decoder_position_dropout: float = 0.1

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

    @property
    def grid_size(self) -> tuple[int, int]:
        """Patches in time and frequency of a full-size image."""
        return self.num_frames // self.patch_size, self.num_mel_bins // self.patch_size

    def decoder_cells(self, length: int) -> tuple[int, int]:
        """Return the rows and columns of cells that the decoder reads `length` tokens as.

        Raises:
            ValueError: the decoder's windows do not tile them.
        """
        columns, window = self.grid_size[1], self.decoder_window_size
        rows = length // columns
        if rows % window or columns % window:
            raise ValueError(
                f"{rows} x {columns} tokens cannot be cut into the decoder's {window} x {window} windows: frames and "
                f"mel bands must be multiples of {window * self.patch_size}"
            )
        return rows, columns

    @property
    def pooled_size(self) -> int:
        """Width of `pooler_output`."""
        return self.hidden_size


__all__ = ["MAEConfig"]
