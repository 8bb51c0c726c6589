"""Configuration of OPERA-CE; the defaults are the published network."""

from typing import Literal

from huggingface_hub.dataclasses import strict

from ..shared.configuration_contrastive import ContrastiveConfig


@strict
class OperaCEConfig(ContrastiveConfig):
    """Configuration of OPERA-CE (OPERA, arXiv:2406.16148): EfficientNet-B0 trained by contrast of views of a recording.

    The defaults give the published network.

    Args:
        num_mel_bins: bands of the log-mel image, at least `minimum_frames`.
        minimum_frames: shorter images are padded with zeros at their end to this length: the convolutions, padded as
            for images of 224 x 224, need 34 frames.
        network: `efficientnet` (published), or `cnn`: PANNs' blocks of 3 x 3 convolutions, small enough to be
            trained on a processor in minutes.
        pooling: of the last feature map: `mean` (published), or `band_mean_std` (mean and standard deviation over time
            of every row of frequency).
        conv_channels, convs_per_block: of `cnn`; all blocks but the last halve both axes.
        width_coefficient, depth_coefficient: EfficientNet's scaling of channels and of blocks per stage.
        drop_connect_rate: of the last block's residual branch, in training; earlier blocks' rates rise to it linearly.
        batch_norm_eps, batch_norm_momentum: of batch normalisation; the momentum is the weight of the new batch.
        view_frames and the other settings of pre-training: see `ContrastiveConfig`; OPERA's views are 200 frames for
            breathing and lung sounds, 100 for exhalations and 50 for coughs.

    Raises:
        ValueError: fewer bands than the convolutions need.

    Example:
        >>> OperaCEConfig().pooled_size, OperaCEConfig(width_coefficient=0.5).pooled_size
        (1280, 640)
        >>> OperaCEConfig(network="cnn", pooling="band_mean_std").pooled_size
        2048
    """

    model_type = "opera-ce"

    num_mel_bins: int = 64
    minimum_frames: int = 34
    network: Literal["efficientnet", "cnn"] = "efficientnet"
    pooling: Literal["mean", "band_mean_std"] = "mean"
    conv_channels: list[int] | tuple[int, ...] = (16, 32, 64, 128)
    convs_per_block: Literal[1, 2] = 2
    width_coefficient: float = 1.0
    depth_coefficient: float = 1.0
    drop_connect_rate: float = 0.1
    batch_norm_eps: float = 1e-3
    batch_norm_momentum: float = 0.01

    def __post_init__(self, **kwargs):  # type: ignore[no-untyped-def]
        self.conv_channels = list(self.conv_channels)
        super().__post_init__(**kwargs)
        if self.network == "efficientnet" and min(self.num_mel_bins, self.minimum_frames) < 34:
            raise ValueError(
                f"num_mel_bins {self.num_mel_bins} and minimum_frames {self.minimum_frames}: the convolutions need 34"
            )
        if self.num_rows < 1:
            raise ValueError(f"num_mel_bins {self.num_mel_bins} cannot be halved by every block")

    @property
    def num_rows(self) -> int:
        """Rows of frequency of the last feature map."""
        if self.network == "cnn":
            return self.num_mel_bins >> (len(self.conv_channels) - 1)
        return (self.num_mel_bins - 2) >> 5  # the first convolution takes two, five others halve

    @property
    def hidden_size(self) -> int:
        """Width of `last_hidden_state`; of EfficientNet 1280, scaled and rounded to a multiple of 8."""
        if self.network == "cnn":
            return self.conv_channels[-1]
        wanted = 1280 * self.width_coefficient
        size = max(8, int(wanted + 4) // 8 * 8)
        return size + 8 if size < 0.9 * wanted else size

    @property
    def pooled_size(self) -> int:
        """Width of `pooler_output`."""
        return 2 * self.num_rows * self.hidden_size if self.pooling == "band_mean_std" else self.hidden_size


__all__ = ["OperaCEConfig"]
