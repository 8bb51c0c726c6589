"""VGGish: log-mel examples of 0.96 s to embeddings, optionally with the whitened, 8-bit ones of AudioSet's release.

No pre-training objective: the network was trained on video-level tags that were never published with it.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn
from transformers import initialization as init
from transformers.modeling_layers import GradientCheckpointingLayer

from ..shared.base import AuscultPreTrainedModel, EncoderMixin, EncoderOutput, check_windows
from ..shared.heads import AudioClassificationMixin
from .configuration_vggish import VGGishConfig

# The range that 8 bits cover (vggish_params.py).
QUANTISED_RANGE = (-2.0, 2.0)


@dataclass
class VGGishModelOutput(EncoderOutput):
    """Output of `VGGishModel`.

    Args:
        last_hidden_state: (recordings, tokens, hidden_size): the last image as tokens, time-major.
        pooler_output: (recordings, embedding_size), after the final ReLU unless the configuration says otherwise.
        hidden_states: when asked for, every stage's output as time-major tokens.
        quantised_embedding: (recordings, embedding_size) whole numbers 0..255, with `postprocess`; of several windows,
            their mean. It carries no gradient.
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


class VGGishPreTrainedModel(AuscultPreTrainedModel):
    """Weights initialisation and the settings every VGGish class shares."""

    config: VGGishConfig
    config_class = VGGishConfig
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


class VGGishModel(EncoderMixin, VGGishPreTrainedModel):
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

    @property
    def window_frames(self) -> int:
        """Frames of an example: the linear layers fix them."""
        return self.config.num_frames

    def encode(
        self, windows: torch.Tensor, output_hidden_states: bool = False, output_attentions: bool = False
    ) -> VGGishModelOutput:
        """Encode log-mel examples (windows, num_frames, num_mel_bins); there is no attention.

        Raises:
            ValueError: examples of another size.
        """
        config = self.config
        check_windows(windows, config.num_mel_bins, config.num_frames)
        images, states = windows[:, None].to(self.fc1.weight.dtype), []
        for stage in self.stages:
            images = stage(images)
            states.append(images.flatten(2).transpose(1, 2))
        # Time, frequency, channels: the order the linear layers were trained on.
        hidden = F.relu(self.fc2(F.relu(self.fc1(states[-1].flatten(1)))))
        embedding = self.fc3(hidden)
        if config.final_relu:
            embedding = F.relu(embedding)
        return VGGishModelOutput(
            last_hidden_state=states[-1],
            pooler_output=embedding,
            hidden_states=tuple(states) if output_hidden_states else None,
            quantised_embedding=None if self.postprocessor is None else self.postprocessor(embedding),
        )


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
