"""Configuration of MS-CLAP's audio branch; the defaults are the published networks."""

from typing import Any, Literal

from huggingface_hub.dataclasses import strict
from transformers import ClapAudioConfig
from transformers.configuration_utils import PreTrainedConfig

from ..shared.configuration_auscult import AuscultConfig

# HTS-AT in training: no dropout, a tenth of the last block's paths dropped (MS-CLAP, htsat.py).
HTSAT_TRAINING = {"hidden_dropout_prob": 0.0, "drop_path_rate": 0.1}


@strict
class MSClapConfig(AuscultConfig):
    """Configuration of MS-CLAP's audio branch.

    Args:
        version: `2022` reads with Cnn14 (arXiv:2206.04769), `2023` with HTS-AT (arXiv:2309.05767).
        num_mel_bins: bands of the log-mel image.
        projection_size: width of the space shared with captions, of `pooler_output`.
        projection_dropout: inside the projection, in training.
        num_tags: AudioSet tags of the reading network's own classifier; 0 leaves it out.
        conv_channels, embedding_size: of Cnn14, see `PannsConfig`; unused by `2023`.
        block_dropout, embedding_dropout: of Cnn14, in training.
        audio_config: HTS-AT as transformers' `ClapAudioConfig`, or its mapping; `None` under `2022`.
        crop_frames, crop_hop: of the published rule for images that HTS-AT cannot read whole.
        classifier_head, classifier_hidden_size, classifier_dropout: see `AuscultConfig`.

    Example:
        >>> MSClapConfig(version="2022").hidden_size, MSClapConfig(version="2023").hidden_size
        (2048, 768)
    """

    model_type = "msclap"
    sub_configs = {"audio_config": ClapAudioConfig}

    version: Literal["2022", "2023"] = "2023"
    num_mel_bins: int = 64
    projection_size: int = 1024
    projection_dropout: float = 0.5
    num_tags: int = 527
    conv_channels: list[int] | tuple[int, ...] = (64, 128, 256, 512, 1024, 2048)
    embedding_size: int | None = None
    block_dropout: float = 0.2
    embedding_dropout: float = 0.5
    audio_config: dict[str, Any] | PreTrainedConfig | None = None
    crop_frames: int = 689
    crop_hop: int = 344

    def __post_init__(self, **kwargs):  # type: ignore[no-untyped-def]
        self.conv_channels = list(self.conv_channels)
        if self.version == "2022":
            self.embedding_size, self.audio_config = self.embedding_size or self.conv_channels[-1], None
        elif not isinstance(self.audio_config, PreTrainedConfig):
            settings = {**HTSAT_TRAINING, "num_mel_bins": self.num_mel_bins, **(self.audio_config or {})}
            self.audio_config = ClapAudioConfig(**settings)
        super().__post_init__(**kwargs)
        if self.version == "2022" and self.num_mel_bins >> self.num_pooled_blocks == 0:
            raise ValueError(
                f"num_mel_bins {self.num_mel_bins} cannot be halved by each of {self.num_pooled_blocks} blocks"
            )
        if self.version == "2023" and not 0 < self.crop_hop <= self.crop_frames <= self.max_frames:
            raise ValueError(
                f"crop_frames {self.crop_frames} every {self.crop_hop}: keep 0 < crop_hop <= crop_frames <= "
                f"{self.max_frames}, what HTS-AT reads at once"
            )

    @property
    def conv_kernel_size(self) -> int:
        """Side of Cnn14's convolution kernels."""
        return 3

    @property
    def convs_per_block(self) -> int:
        """Convolutions in a block of Cnn14."""
        return 2

    @property
    def num_pooled_blocks(self) -> int:
        """Blocks of Cnn14 that end with a 2x2 mean: all but the last."""
        return len(self.conv_channels) - 1

    @property
    def spec_augment_stripes(self) -> int:
        """MS-CLAP's Cnn14 has no SpecAugment."""
        return 0

    @property
    def htsat(self) -> ClapAudioConfig:
        """HTS-AT's configuration, under `2023`."""
        if not isinstance(self.audio_config, ClapAudioConfig):
            raise ValueError(f"version {self.version} has no HTS-AT")
        return self.audio_config

    @property
    def max_frames(self) -> int:
        """Frames that HTS-AT reads at once; shorter images are stretched to as many."""
        return self.htsat.spec_size * (self.htsat.spec_size // self.num_mel_bins)

    @property
    def hidden_size(self) -> int:
        """Width of the tokens of `last_hidden_state`."""
        return self.conv_channels[-1] if self.version == "2022" else self.htsat.hidden_size

    @property
    def base_size(self) -> int:
        """Width of the embedding that the projection reads."""
        return self.embedding_size or self.hidden_size

    @property
    def pooled_size(self) -> int:
        """Width of `pooler_output`."""
        return self.projection_size


__all__ = ["MSClapConfig"]
