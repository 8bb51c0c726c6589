"""PANNs: Cnn6, Cnn10 and Cnn14 over log-mel images in decibels, with the published tagging read-out.

No pre-training objective: the networks were trained on AudioSet's tags.
"""

from dataclasses import dataclass

import torch
from torch import nn

from ..shared.base import AuscultPreTrainedModel, EncoderMixin, EncoderOutput, check_windows
from ..shared.heads import AudioClassificationMixin
from ..shared.layers_panns import PannsCnn, initialise_panns
from .configuration_panns import PannsConfig


@dataclass
class PannsModelOutput(EncoderOutput):
    """Output of `PannsModel`.

    Args:
        last_hidden_state: (recordings, frames, hidden_size): the last image averaged over frequency.
        pooler_output: (recordings, pooled_size) embedding, after its ReLU.
        hidden_states: when asked for, the normalised image (recordings, frames, bands), then every block's output as
            time-major tokens (recordings, frames * bands, channels).
        clipwise_output: (recordings, num_tags) probabilities of AudioSet's tags, `None` without the read-out.
    """

    clipwise_output: torch.Tensor | None = None


class PannsPreTrainedModel(AuscultPreTrainedModel):
    """Weights initialisation and the settings every PANN shares."""

    config: PannsConfig
    config_class = PannsConfig
    _no_split_modules = ["PannsBlock"]

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        initialise_panns(module)


class PannsModel(EncoderMixin, PannsPreTrainedModel):
    """A PANN: log-mel images of any length in, tokens over time, one embedding and AudioSet's tags an image out.

    Example:
        >>> model = PannsModel(PannsConfig(architecture="cnn6")).eval()
        >>> out = model(torch.zeros(2, 101, 64))
        >>> out.last_hidden_state.shape, out.pooler_output.shape, out.clipwise_output.shape
        (torch.Size([2, 6, 512]), torch.Size([2, 512]), torch.Size([2, 527]))
    """

    # A configuration without tags takes a published folder's weights all the same.
    _keys_to_ignore_on_load_unexpected = [r"cnn\.tags\."]

    def __init__(self, config: PannsConfig):
        super().__init__(config)
        self.cnn = PannsCnn(config)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """Return the first convolution."""
        return self.cnn.first

    def encode(
        self, windows: torch.Tensor, output_hidden_states: bool = False, output_attentions: bool = False
    ) -> PannsModelOutput:
        """Encode log-mel images (windows, frames, mel bands) in decibels, of any length; there is no attention.

        Raises:
            ValueError: images of other bands, or too short.
        """
        check_windows(windows, self.config.num_mel_bins)
        encoded = self.cnn(windows)
        return PannsModelOutput(
            last_hidden_state=encoded.tokens,
            pooler_output=encoded.embedding,
            hidden_states=encoded.states if output_hidden_states else None,
            clipwise_output=encoded.tags,
        )


class PannsForAudioClassification(AudioClassificationMixin, PannsPreTrainedModel):
    """A PANN under a classification head.

    Example:
        >>> model = PannsForAudioClassification(PannsConfig(architecture="cnn6", num_labels=3)).eval()
        >>> model(torch.zeros(2, 101, 64)).logits.shape
        torch.Size([2, 3])
    """

    encoder_class = PannsModel
    _keys_to_ignore_on_load_unexpected = [r"cnn\.tags\."]


__all__ = ["PannsForAudioClassification", "PannsModel", "PannsModelOutput", "PannsPreTrainedModel"]
