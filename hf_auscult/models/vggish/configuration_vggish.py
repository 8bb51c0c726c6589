"""Configuration of VGGish; the defaults are the published network."""

from math import prod

from huggingface_hub.dataclasses import strict

from ..shared.configuration_auscult import AuscultConfig


@strict
class VGGishConfig(AuscultConfig):
    """Configuration of VGGish (arXiv:1609.09430; the PyTorch port torchvggish).

    Args:
        num_frames, num_mel_bins: size of an example; multiples of 2 to the number of stages.
        conv_channels: channels of the 3x3 convolutions, a list for every stage; a 2x2 maximum ends each stage.
        intermediate_size: width of the two hidden linear layers.
        embedding_size: width of the embedding.
        final_relu: the published embedding stands after a last ReLU (in torchvggish and in OPERA's TensorFlow copy);
            `False` gives the values before it.
        postprocess: the model holds the PCA of AudioSet's release and also returns the embedding whitened and
            quantised to 0..255, as torchvggish does by default.
        classifier_head, classifier_hidden_size, classifier_dropout: see `AuscultConfig`.

    Example:
        >>> VGGishConfig().pooled_size
        128
    """

    model_type = "vggish"

    num_frames: int = 96
    num_mel_bins: int = 64
    conv_channels: list[list[int]] | tuple[tuple[int, ...], ...] = ((64,), (128,), (256, 256), (512, 512))
    intermediate_size: int = 4096
    embedding_size: int = 128
    final_relu: bool = True
    postprocess: bool = False

    def __post_init__(self, **kwargs):  # type: ignore[no-untyped-def]
        self.conv_channels = [list(stage) for stage in self.conv_channels]
        super().__post_init__(**kwargs)
        step = 2 ** len(self.conv_channels)
        if self.num_frames % step or self.num_mel_bins % step:
            raise ValueError(
                f"num_frames {self.num_frames} and num_mel_bins {self.num_mel_bins} must be multiples of {step}"
            )

    @property
    def grid_size(self) -> tuple[int, int]:
        """Tokens of `last_hidden_state` in time and frequency."""
        step = 2 ** len(self.conv_channels)
        return self.num_frames // step, self.num_mel_bins // step

    @property
    def hidden_size(self) -> int:
        """Width of the tokens of `last_hidden_state`."""
        return self.conv_channels[-1][-1]

    @property
    def flat_size(self) -> int:
        """Values that enter the first linear layer."""
        return prod(self.grid_size) * self.hidden_size

    @property
    def pooled_size(self) -> int:
        """Width of `pooler_output`."""
        return self.embedding_size


__all__ = ["VGGishConfig"]
