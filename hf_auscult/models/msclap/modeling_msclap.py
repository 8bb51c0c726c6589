"""MS-CLAP's audio branch: log-mel images to the space it shares with captions.

The caption branch is not here, and so neither is its contrastive objective.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn
from transformers import initialization as init
from transformers.modeling_outputs import BaseModelOutputWithPooling
from transformers.modeling_utils import PreTrainedModel

from .configuration_msclap import MSClapConfig
from .heads import AudioClassificationMixin
from .layers_msclap import MSClapHTSAT, MSClapProjection, MSClapTags
from .layers_panns import PannsCnn, check_images, initialise_panns


@dataclass
class MSClapModelOutput(BaseModelOutputWithPooling):
    """Output of `MSClapModel`.

    Args:
        last_hidden_state: (windows, tokens, hidden_size): over time (`2022`), or of HTS-AT's last image, crop after
            crop, `index = band * times + time` in each (`2023`).
        pooler_output: (windows, projection_size), not L2-normalised.
        hidden_states: when asked for, as `PannsModelOutput` (`2022`) or HTS-AT's stages (`2023`).
        attentions: when asked for, of the last block of every stage (`2023`), by attention windows.
        base_embedding: (windows, base_size), what the projection reads.
        clipwise_output: (windows, num_tags) probabilities of AudioSet's tags, `None` without the classifier.
    """

    base_embedding: torch.Tensor | None = None
    clipwise_output: torch.Tensor | None = None


class MSClapPreTrainedModel(PreTrainedModel):
    """Weights initialisation and the settings every MS-CLAP class shares."""

    config: MSClapConfig
    config_class = MSClapConfig
    base_model_prefix = "encoder"
    main_input_name = "input_features"
    input_modalities = ["audio"]
    supports_gradient_checkpointing = True
    accepts_loss_kwargs = False  # the loss is a mean over the batch: Trainer must not rescale it
    _no_split_modules = ["ClapAudioStage", "PannsBlock"]

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        # HTS-AT is a model of its own, which initialises itself.
        if isinstance(module, nn.LayerNorm):
            init.ones_(module.weight)
            init.zeros_(module.bias)
        elif isinstance(module, MSClapTags):
            init.xavier_uniform_(module.weight)
            init.zeros_(module.bias)
        else:
            initialise_panns(module)


class MSClapModel(MSClapPreTrainedModel):
    """MS-CLAP's audio branch: log-mel images of any length in, tokens and one projected embedding an image out.

    Example:
        >>> model = MSClapModel(MSClapConfig(audio_config={"depths": (1, 1, 1, 1)})).eval()
        >>> out = model(torch.zeros(2, 965, 64))
        >>> out.pooler_output.shape, out.base_embedding.shape
        (torch.Size([2, 1024]), torch.Size([2, 768]))
    """

    # A configuration without tags takes a published folder's weights all the same.
    _keys_to_ignore_on_load_unexpected = [r"base\.tags\."]
    published_settings = {"crop_rule": "published"}

    def __init__(self, config: MSClapConfig):
        super().__init__(config)
        self.base = PannsCnn(config) if config.version == "2022" else MSClapHTSAT(config)
        self.projection = MSClapProjection(config)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """Return the first convolution."""
        return self.base.first if isinstance(self.base, PannsCnn) else self.base.swin.get_input_embeddings()

    def forward(
        self,
        input_features: torch.Tensor,
        recording_index: torch.Tensor | None = None,
        window_seconds: torch.Tensor | None = None,
        crop_rule: Literal["covering", "published"] = "covering",
        output_hidden_states: bool | None = None,
        output_attentions: bool | None = None,
        return_dict: bool | None = None,
    ) -> MSClapModelOutput | tuple[torch.Tensor, ...]:
        """Encode log-mel images.

        Args:
            input_features: (windows, frames, mel bands) images of the feature extractor, in decibels.
            recording_index, window_seconds: the extractor's bookkeeping; accepted and ignored here.
            crop_rule: for `2023` and images over `config.max_frames` frames, whose crops' embeddings are averaged.
                `covering`: crops of that many frames, half overlapping, and one that ends with the last frame.
                `published`: crops of `config.crop_frames` every `config.crop_hop`, as MS-CLAP's code does in
                evaluation, which leaves the tail out. Cnn14 (`2022`) reads any length whole.
            output_hidden_states, output_attentions, return_dict: as everywhere in transformers.

        Raises:
            ValueError: images of another shape, or an unknown rule.
        """
        config = self.config
        check_images(input_features, config.num_mel_bins)
        keep_states = config.output_hidden_states if output_hidden_states is None else output_hidden_states
        keep_attentions = config.output_attentions if output_attentions is None else output_attentions
        attentions = None
        if isinstance(self.base, PannsCnn):
            tokens, embedding, tags, states = self.base(input_features)
        else:
            tokens, embedding, tags, states, attentions = self.base(
                input_features, crop_rule, bool(keep_states), bool(keep_attentions)
            )
        output = MSClapModelOutput(
            last_hidden_state=tokens,
            pooler_output=self.projection(embedding),
            hidden_states=states if keep_states else None,
            attentions=attentions,
            base_embedding=embedding,
            clipwise_output=tags,
        )
        return output if (config.return_dict if return_dict is None else return_dict) else output.to_tuple()


class MSClapForAudioClassification(AudioClassificationMixin, MSClapPreTrainedModel):
    """MS-CLAP's audio branch under a classification head.

    Example:
        >>> config = MSClapConfig(version="2022", conv_channels=[8, 16], num_labels=3)
        >>> MSClapForAudioClassification(config).eval()(torch.zeros(2, 690, 64)).logits.shape
        torch.Size([2, 3])
    """

    encoder_class = MSClapModel
    _keys_to_ignore_on_load_unexpected = [r"base\.tags\."]


__all__ = ["MSClapForAudioClassification", "MSClapModel", "MSClapModelOutput", "MSClapPreTrainedModel"]
