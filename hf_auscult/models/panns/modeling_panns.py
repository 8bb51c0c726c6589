"""PANNs: Cnn6, Cnn10 and Cnn14 over log-mel images in decibels, with the published tagging read-out.

No pre-training objective: the networks were trained on AudioSet's tags.
"""

from dataclasses import dataclass

import torch
from torch import nn
from transformers.modeling_outputs import BaseModelOutputWithPooling
from transformers.modeling_utils import PreTrainedModel

from .configuration_panns import PannsConfig
from .heads import AudioClassificationMixin
from .layers_panns import PannsCnn, check_images, initialise_panns


@dataclass
class PannsModelOutput(BaseModelOutputWithPooling):
    """Output of `PannsModel`.

    Args:
        last_hidden_state: (windows, frames, hidden_size): the last image averaged over frequency.
        pooler_output: (windows, pooled_size) embedding, after its ReLU.
        hidden_states: when asked for, the normalised image (windows, frames, bands), then every block's output as
            time-major tokens (windows, frames * bands, channels).
        clipwise_output: (windows, num_tags) probabilities of AudioSet's tags, `None` without the read-out.
    """

    clipwise_output: torch.Tensor | None = None


class PannsPreTrainedModel(PreTrainedModel):
    """Weights initialisation and the settings every PANN shares."""

    config: PannsConfig
    config_class = PannsConfig
    base_model_prefix = "encoder"
    main_input_name = "input_features"
    input_modalities = ["audio"]
    supports_gradient_checkpointing = True
    accepts_loss_kwargs = False  # the loss is a mean over the batch: Trainer must not rescale it
    _no_split_modules = ["PannsBlock"]

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        initialise_panns(module)


class PannsModel(PannsPreTrainedModel):
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

    def forward(
        self,
        input_features: torch.Tensor,
        recording_index: torch.Tensor | None = None,
        window_seconds: torch.Tensor | None = None,
        output_hidden_states: bool | None = None,
        output_attentions: bool | None = None,
        return_dict: bool | None = None,
    ) -> PannsModelOutput | tuple[torch.Tensor, ...]:
        """Encode log-mel images.

        Args:
            input_features: (windows, frames, mel bands) images of the feature extractor, in decibels.
            recording_index, window_seconds: the extractor's bookkeeping; accepted and ignored here.
            output_attentions: accepted and ignored: there is no attention.
            output_hidden_states, return_dict: as everywhere in transformers.

        Raises:
            ValueError: images of another shape.
        """
        config = self.config
        check_images(input_features, config.num_mel_bins)
        keep_states = config.output_hidden_states if output_hidden_states is None else output_hidden_states
        encoded = self.cnn(input_features)
        output = PannsModelOutput(
            last_hidden_state=encoded.tokens,
            pooler_output=encoded.embedding,
            hidden_states=encoded.states if keep_states else None,
            clipwise_output=encoded.tags,
        )
        return output if (config.return_dict if return_dict is None else return_dict) else output.to_tuple()


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
