"""The configuration that every HTS-AT encoder with a contrastive head shares."""

from huggingface_hub.dataclasses import strict

from .configuration_contrastive import ContrastiveConfig


@strict
class HTSATConfig(ContrastiveConfig):
    """HTS-AT (arXiv:2202.00874) over log-mel images, and the contrastive head of COLA (arXiv:2010.10915).

    The image is stretched to `max_frames`, and its consecutive blocks of `spec_size` frames are stacked along the
    frequency axis: a square of `spec_size`, which a Swin transformer reads.

    Args:
        num_mel_bins: bands of the log-mel image.
        spec_size: side of the square; a multiple of `num_mel_bins`.
        patch_size: side of the square patches.
        embed_size: channels of the first stage; every further stage doubles them.
        depths, num_attention_heads: blocks and attention heads of every stage.
        window_size: side of the attention windows, in patches.
        mlp_ratio: hidden width of the feed-forward layers over their input's.
        drop_path_rate: of the last block's residual branches, in training; earlier blocks' rates rise to it linearly.
        view_frames and the other settings of pre-training: see `ContrastiveConfig`.

    Raises:
        ValueError: sizes that contradict each other.
    """

    num_mel_bins: int = 64
    spec_size: int = 256
    patch_size: int = 4
    embed_size: int = 96
    depths: tuple[int, ...] | list[int] = (2, 2, 6, 2)
    num_attention_heads: tuple[int, ...] | list[int] = (4, 8, 16, 32)
    window_size: int = 8
    mlp_ratio: float = 4.0
    drop_path_rate: float = 0.1

    def __post_init__(self, **kwargs):  # type: ignore[no-untyped-def]
        self.depths, self.num_attention_heads = list(self.depths), list(self.num_attention_heads)
        super().__post_init__(**kwargs)
        if len(self.depths) != len(self.num_attention_heads):
            raise ValueError(
                f"depths {self.depths} and num_attention_heads {self.num_attention_heads} differ in length"
            )
        if self.spec_size % self.num_mel_bins:
            raise ValueError(f"spec_size {self.spec_size} must be a multiple of num_mel_bins {self.num_mel_bins}")
        shrink = self.patch_size * 2 ** (len(self.depths) - 1)
        last, blocks = self.spec_size // shrink, self.spec_size // self.num_mel_bins
        if self.spec_size % shrink or last < self.window_size or last % blocks:
            raise ValueError(
                f"spec_size {self.spec_size} over patch_size * 2 ** (stages - 1) = {shrink} must be a multiple of "
                f"spec_size // num_mel_bins = {blocks}, and at least window_size {self.window_size}"
            )

    @property
    def max_frames(self) -> int:
        """Frames of the stretched image, and of a crop of a longer one."""
        return self.spec_size * (self.spec_size // self.num_mel_bins)

    @property
    def crop_hop(self) -> int:
        """Frames between the starts of crops."""
        return self.max_frames // 2

    @property
    def hidden_size(self) -> int:
        """Width of `last_hidden_state`."""
        return self.embed_size * 2 ** (len(self.depths) - 1)


__all__ = ["HTSATConfig"]
