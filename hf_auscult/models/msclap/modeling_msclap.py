"""MS-CLAP's audio branch: log-mel images to the space it shares with captions.

The caption branch is not here, and so neither is its contrastive objective.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn
from transformers import initialization as init

from ..shared.base import AuscultPreTrainedModel, EncoderMixin, EncoderOutput, check_windows
from ..shared.heads import AudioClassificationMixin
from ..shared.layers_panns import PannsCnn, initialise_panns
from .configuration_msclap import MSClapConfig
from .layers_msclap import MSClapHTSAT, MSClapProjection, MSClapTags


@dataclass
class MSClapModelOutput(EncoderOutput):
    """Output of `MSClapModel`.

    Args:
        last_hidden_state: (recordings, tokens, hidden_size): over time (`2022`), or of HTS-AT's last image, crop after
            crop, `index = band * times + time` in each (`2023`).
        pooler_output: (recordings, projection_size), not L2-normalised.
        hidden_states: when asked for, as `PannsModelOutput` (`2022`) or HTS-AT's stages (`2023`).
        attentions: when asked for, of the last block of every stage (`2023`), by attention windows.
        base_embedding: (recordings, base_size), what the projection reads.
        clipwise_output: (recordings, num_tags) probabilities of AudioSet's tags, `None` without the classifier.
    """

    base_embedding: torch.Tensor | None = None
    clipwise_output: torch.Tensor | None = None


class MSClapPreTrainedModel(AuscultPreTrainedModel):
    """Weights initialisation and the settings every MS-CLAP class shares."""

    config: MSClapConfig
    config_class = MSClapConfig
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


class MSClapModel(EncoderMixin, MSClapPreTrainedModel):
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

    def encode(
        self,
        windows: torch.Tensor,
        output_hidden_states: bool = False,
        output_attentions: bool = False,
        crop_rule: Literal["covering", "published"] = "covering",
    ) -> MSClapModelOutput:
        """Encode log-mel images of any length.

        Args:
            windows: (windows, frames, mel bands), in decibels.
            output_hidden_states, output_attentions: see `MSClapModelOutput`.
            crop_rule: for `2023` and images over `config.max_frames` frames, whose crops' embeddings are averaged.
                `covering`: crops of that many frames, half overlapping, and one that ends with the last frame.
                `published`: crops of `config.crop_frames` every `config.crop_hop`, as MS-CLAP's code does in
                evaluation, which leaves the tail out. Cnn14 (`2022`) reads any length whole.

        Raises:
            ValueError: images of another shape, or an unknown rule.
        """
        check_windows(windows, self.config.num_mel_bins)
        attentions = None
        if isinstance(self.base, PannsCnn):
            tokens, embedding, tags, states = self.base(windows)
        else:
            tokens, embedding, tags, states, attentions = self.base(
                windows, crop_rule, output_hidden_states, output_attentions
            )
        return MSClapModelOutput(
            last_hidden_state=tokens,
            pooler_output=self.projection(embedding),
            hidden_states=states if output_hidden_states else None,
            attentions=attentions,
            base_embedding=embedding,
            clipwise_output=tags,
        )


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
