"""Configuration of PANNs' Cnn6, Cnn10 and Cnn14; the defaults are the published networks."""

from typing import Literal

from huggingface_hub.dataclasses import strict

from ..shared.configuration_auscult import AuscultConfig

# Per architecture: channels of the blocks, kernel size, convolutions a block, whether the last block pools.
ARCHITECTURES = {
    "cnn6": ((64, 128, 256, 512), 5, 1, True),
    "cnn10": ((64, 128, 256, 512), 3, 2, True),
    "cnn14": ((64, 128, 256, 512, 1024, 2048), 3, 2, False),
}


@strict
class PannsConfig(AuscultConfig):
    """Configuration of a PANN (arXiv:1912.10211, table 1; `pytorch/models.py` of audioset_tagging_cnn).

    Args:
        architecture: `cnn6` (5x5 convolutions, one a block), `cnn10` or `cnn14` (3x3, two a block).
        num_mel_bins: bands of the log-mel image.
        conv_channels: channels of each block; `None` for the architecture's.
        embedding_size: width of the embedding; `None` for the last block's channels.
        num_tags: AudioSet tags that the published read-out of the embedding knows; 0 leaves it out.
        block_dropout, embedding_dropout: after every block, and around the embedding layer; in training only.
        spec_augment_stripes: stripes hidden on each axis of every image in training; 0 for none (`Cnn14_no_specaug`).
        spec_augment_frames, spec_augment_bands: a stripe's width stays below this.
        classifier_head, classifier_hidden_size, classifier_dropout: see `AuscultConfig`.

    Example:
        >>> PannsConfig(architecture="cnn10").pooled_size
        512
    """

    model_type = "panns"

    architecture: Literal["cnn6", "cnn10", "cnn14"] = "cnn14"
    num_mel_bins: int = 64
    conv_channels: list[int] | tuple[int, ...] | None = None
    embedding_size: int | None = None
    num_tags: int = 527
    block_dropout: float = 0.2
    embedding_dropout: float = 0.5
    spec_augment_stripes: int = 2
    spec_augment_frames: int = 64
    spec_augment_bands: int = 8

    def __post_init__(self, **kwargs):  # type: ignore[no-untyped-def]
        self.conv_channels = list(self.conv_channels or ARCHITECTURES[self.architecture][0])
        self.embedding_size = self.embedding_size or self.conv_channels[-1]
        super().__post_init__(**kwargs)
        if self.num_mel_bins >> self.num_pooled_blocks == 0:
            raise ValueError(
                f"num_mel_bins {self.num_mel_bins} cannot be halved by each of {self.num_pooled_blocks} blocks"
            )

    @property
    def conv_kernel_size(self) -> int:
        """Side of the convolution kernels."""
        return ARCHITECTURES[self.architecture][1]

    @property
    def convs_per_block(self) -> int:
        """Convolutions in a block."""
        return ARCHITECTURES[self.architecture][2]

    @property
    def num_pooled_blocks(self) -> int:
        """How many blocks, from the first, end with a 2x2 mean."""
        return len(self.conv_channels or ()) - (not ARCHITECTURES[self.architecture][3])

    @property
    def hidden_size(self) -> int:
        """Width of the tokens of `last_hidden_state`."""
        return (self.conv_channels or [0])[-1]

    @property
    def pooled_size(self) -> int:
        """Width of `pooler_output`."""
        return self.embedding_size or self.hidden_size


__all__ = ["PannsConfig"]
