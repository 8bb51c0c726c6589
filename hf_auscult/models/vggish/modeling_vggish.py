"""VGGish: log-mel examples of 0.96 s to embeddings, optionally with the whitened, 8-bit ones of AudioSet's release.

No pre-training objective: the network was trained on video-level tags that were never published with it.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn
from transformers import initialization as init
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.modeling_outputs import BaseModelOutputWithPooling
from transformers.modeling_utils import PreTrainedModel

from .configuration_vggish import VGGishConfig
from .heads import AudioClassificationMixin

# The range that 8 bits cover (vggish_params.py).
QUANTISED_RANGE = (-2.0, 2.0)


@dataclass
class VGGishModelOutput(BaseModelOutputWithPooling):
    """Output of `VGGishModel`.

    Args:
        last_hidden_state: (windows, tokens, hidden_size): the last image as tokens, time-major.
        pooler_output: (windows, embedding_size), after the final ReLU unless the configuration says otherwise.
        hidden_states: when asked for, every stage's output as time-major tokens.
        quantised_embedding: (windows, embedding_size) whole numbers 0..255, with `postprocess`. It carries no gradient.
    """

    quantised_embedding: torch.Tensor | None = None


class VGGishStage(GradientCheckpointingLayer):
    """3x3 convolutions with ReLU, then a 2x2 maximum."""

    def __init__(self, inputs: int, channels: list[int]):
        super().__init__()
        widths = [inputs, *channels]
        self.convs = nn.ModuleList([nn.Conv2d(a, b, 3, padding=1) for a, b in zip(widths[:-1], channels, strict=True)])

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map (B, inputs, frames, bands) to (B, outputs, frames // 2, bands // 2)."""
        for conv in self.convs:
            images = F.relu(conv(images))
        return F.max_pool2d(images, 2)


class VGGishPostprocessor(nn.Module):
    """PCA with whitening, then 8 bits, as AudioSet's embeddings were released; its tables are saved buffers."""

    pca_eigen_vectors: torch.Tensor
    pca_means: torch.Tensor

    def __init__(self, size: int):
        super().__init__()
        self.register_buffer("pca_eigen_vectors", torch.eye(size))
        self.register_buffer("pca_means", torch.zeros(size, 1))

    def forward(self, embeddings: torch.Tensor) -> torch.Tensor:
        """Map embeddings (B, size) to whole numbers 0..255 (B, size)."""
        low, high = QUANTISED_RANGE
        whitened = (self.pca_eigen_vectors @ (embeddings.T - self.pca_means)).T
        return torch.round((whitened.clamp(low, high) - low) * (255.0 / (high - low)))


class VGGishPreTrainedModel(PreTrainedModel):
    """Weights initialisation and the settings every VGGish class shares."""

    config: VGGishConfig
    config_class = VGGishConfig
    base_model_prefix = "encoder"
    main_input_name = "input_features"
    input_modalities = ["audio"]
    supports_gradient_checkpointing = True
    accepts_loss_kwargs = False  # the loss is a mean over the batch: Trainer must not rescale it
    _no_split_modules = ["VGGishStage"]

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            # The original's constant 0.01 is for training with its own recipe; ReLU layers keep their scale so.
            init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                init.zeros_(module.bias)
        elif isinstance(module, VGGishPostprocessor):
            init.copy_(module.pca_eigen_vectors, torch.eye(len(module.pca_eigen_vectors)))
            init.zeros_(module.pca_means)


class VGGishModel(VGGishPreTrainedModel):
    """VGGish: one embedding an example of 96 frames (0.96 s).

    Example:
        >>> config = VGGishConfig(intermediate_size=64)
        >>> VGGishModel(config).eval()(torch.zeros(2, 96, 64)).pooler_output.shape
        torch.Size([2, 128])
    """

    # A configuration without post-processing takes a folder with it all the same.
    _keys_to_ignore_on_load_unexpected = [r"postprocessor\."]

    def __init__(self, config: VGGishConfig):
        super().__init__(config)
        widths = [1, *(stage[-1] for stage in config.conv_channels)]
        self.stages = nn.ModuleList(
            [VGGishStage(inputs, list(stage)) for inputs, stage in zip(widths[:-1], config.conv_channels, strict=True)]
        )
        self.fc1 = nn.Linear(config.flat_size, config.intermediate_size)
        self.fc2 = nn.Linear(config.intermediate_size, config.intermediate_size)
        self.fc3 = nn.Linear(config.intermediate_size, config.embedding_size)
        self.postprocessor = VGGishPostprocessor(config.embedding_size) if config.postprocess else None
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """Return the first convolution."""
        return self.stages[0].get_submodule("convs.0")

    def check_input(self, input_features: torch.Tensor) -> None:
        """Raise `ValueError` unless examples are (B, num_frames, num_mel_bins): the linear layers fix their size."""
        config = self.config
        if input_features.ndim != 3 or input_features.shape[1:] != (config.num_frames, config.num_mel_bins):
            raise ValueError(
                f"input_features has shape {tuple(input_features.shape)}; expected (windows, {config.num_frames} "
                f"frames, {config.num_mel_bins} mel bands)"
            )

    def forward(
        self,
        input_features: torch.Tensor,
        recording_index: torch.Tensor | None = None,
        window_seconds: torch.Tensor | None = None,
        output_hidden_states: bool | None = None,
        output_attentions: bool | None = None,
        return_dict: bool | None = None,
    ) -> VGGishModelOutput | tuple[torch.Tensor, ...]:
        """Encode log-mel examples.

        Args:
            input_features: (windows, num_frames, num_mel_bins) examples of the feature extractor.
            recording_index, window_seconds: the extractor's bookkeeping; accepted and ignored here.
            output_attentions: accepted and ignored: there is no attention.
            output_hidden_states, return_dict: as everywhere in transformers.

        Raises:
            ValueError: examples of another size.
        """
        config = self.config
        self.check_input(input_features)
        keep_states = config.output_hidden_states if output_hidden_states is None else output_hidden_states
        images, states = input_features[:, None].to(self.fc1.weight.dtype), []
        for stage in self.stages:
            images = stage(images)
            states.append(images.flatten(2).transpose(1, 2))
        # Time, frequency, channels: the order the linear layers were trained on.
        hidden = F.relu(self.fc2(F.relu(self.fc1(states[-1].flatten(1)))))
        embedding = self.fc3(hidden)
        if config.final_relu:
            embedding = F.relu(embedding)
        output = VGGishModelOutput(
            last_hidden_state=states[-1],
            pooler_output=embedding,
            hidden_states=tuple(states) if keep_states else None,
            quantised_embedding=None if self.postprocessor is None else self.postprocessor(embedding),
        )
        return output if (config.return_dict if return_dict is None else return_dict) else output.to_tuple()


class VGGishForAudioClassification(AudioClassificationMixin, VGGishPreTrainedModel):
    """VGGish under a classification head.

    Example:
        >>> model = VGGishForAudioClassification(VGGishConfig(intermediate_size=64, num_labels=3)).eval()
        >>> model(torch.rand(2, 96, 64)).logits.shape
        torch.Size([2, 3])
    """

    encoder_class = VGGishModel
    _keys_to_ignore_on_load_unexpected = [r"postprocessor\."]


__all__ = ["VGGishForAudioClassification", "VGGishModel", "VGGishModelOutput", "VGGishPreTrainedModel"]
