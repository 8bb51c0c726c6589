"""The convolutional network of PANNs, from log-mel images to embedding and tags.

Images are `(B, C, frames, bands)`.
"""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import nn
from transformers import initialization as init
from transformers.modeling_layers import GradientCheckpointingLayer


class PannsBlock(GradientCheckpointingLayer):
    """One or two convolutions with batch normalisation and ReLU, then a 2x2 mean.

    An image that has come down to one frame is not pooled any more, as in AuscultaBase's use of Cnn14: clips shorter
    than the original's 32 frames give an embedding instead of an error. Training with gradient checkpointing computes a
    block twice, and so moves its running statistics twice.
    """

    def __init__(self, inputs: int, outputs: int, kernel_size: int, convolutions: int, pool: bool, dropout: float):
        super().__init__()
        self.pool = pool
        padding = kernel_size // 2
        self.conv1 = nn.Conv2d(inputs, outputs, kernel_size, padding=padding, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = self.bn2 = None
        if convolutions == 2:
            self.conv2 = nn.Conv2d(outputs, outputs, kernel_size, padding=padding, bias=False)
            self.bn2 = nn.BatchNorm2d(outputs)
        self.dropout = nn.Dropout(dropout)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map (B, inputs, frames, bands) to (B, outputs, frames // 2, bands // 2)."""
        images = F.relu(self.bn1(self.conv1(images)))
        if self.conv2 is not None and self.bn2 is not None:
            images = F.relu(self.bn2(self.conv2(images)))
        if self.pool and images.shape[2] > 1:
            images = F.avg_pool2d(images, 2)
        return self.dropout(images)


class PannsTags(nn.Module):
    """The published read-out of AudioSet's tags.

    Its weights are saved buffers: it describes the embedding and is no part of it, so that nothing that trains the
    embedding has parameters without a gradient. New tags are learned by the family's classification class.
    """

    weight: torch.Tensor
    bias: torch.Tensor

    def __init__(self, embedding_size: int, num_tags: int):
        super().__init__()
        self.register_buffer("weight", torch.zeros(num_tags, embedding_size))
        self.register_buffer("bias", torch.zeros(num_tags))

    def forward(self, embeddings: torch.Tensor) -> torch.Tensor:
        """Map embeddings (B, embedding_size) to the probability of every tag (B, num_tags)."""
        return torch.sigmoid(F.linear(embeddings, self.weight, self.bias))


class PannsEncoded(NamedTuple):
    """What the network returns.

    Args:
        tokens: (B, frames, channels), the last image averaged over frequency.
        embedding: (B, embedding_size).
        tags: (B, num_tags) probabilities, `None` without the read-out.
        states: the normalised log-mel image (B, frames, bands), then every block's output as time-major tokens
            (B, frames * bands, channels).
    """

    tokens: torch.Tensor
    embedding: torch.Tensor
    tags: torch.Tensor | None
    states: tuple[torch.Tensor, ...]


class PannsCnn(nn.Module):
    """Log-mel images in decibels to tokens, embedding and tags.

    Args:
        config: has `num_mel_bins`, `conv_channels`, `conv_kernel_size`, `convs_per_block`, `num_pooled_blocks`,
            `embedding_size`, `num_tags`, `block_dropout`, `embedding_dropout` and `spec_augment_…`.
    """

    def __init__(self, config: Any):
        super().__init__()
        self.config = config
        self.bn0 = nn.BatchNorm1d(config.num_mel_bins)
        widths = [1, *config.conv_channels]
        self.blocks = nn.ModuleList(
            [
                PannsBlock(
                    widths[index],
                    widths[index + 1],
                    config.conv_kernel_size,
                    config.convs_per_block,
                    index < config.num_pooled_blocks,
                    config.block_dropout,
                )
                for index in range(len(config.conv_channels))
            ]
        )
        self.dropout = nn.Dropout(config.embedding_dropout)
        self.fc1 = nn.Linear(widths[-1], config.embedding_size)
        self.tags = PannsTags(config.embedding_size, config.num_tags) if config.num_tags else None

    @property
    def first(self) -> nn.Module:
        """The first convolution."""
        return self.blocks[0].get_submodule("conv1")

    def augment(self, images: torch.Tensor) -> torch.Tensor:
        """Hide stripes of time and frequency of (B, frames, bands), each image its own (SpecAugment)."""
        config = self.config
        for axis, width in ((1, config.spec_augment_frames), (2, config.spec_augment_bands)):
            images = hide_stripes(images, axis, width, config.spec_augment_stripes)
        return images

    def forward(self, input_features: torch.Tensor) -> PannsEncoded:
        """Encode (B, frames, bands)."""
        features = input_features.to(self.fc1.weight.dtype)
        normalised = self.bn0(features.transpose(1, 2)).transpose(1, 2)
        states = [normalised]
        if self.training and self.config.spec_augment_stripes:
            normalised = self.augment(normalised)
        images = normalised[:, None]
        for block in self.blocks:
            images = block(images)
            states.append(images.flatten(2).transpose(1, 2))
        tokens = images.mean(dim=3).transpose(1, 2)
        pooled = tokens.amax(dim=1) + tokens.mean(dim=1)
        embedding = F.relu(self.fc1(self.dropout(pooled)))
        tags = None if self.tags is None else self.tags(embedding)
        return PannsEncoded(tokens, self.dropout(embedding), tags, tuple(states))


def hide_stripes(images: torch.Tensor, axis: int, width: int, stripes: int) -> torch.Tensor:
    """Zero random stripes of (B, frames, bands) across an axis; widths are drawn below `width` and the axis' length."""
    batch, length, device = images.shape[0], images.shape[axis], images.device
    widths = torch.randint(0, min(width, length), (batch, stripes), device=device)
    starts = (torch.rand(batch, stripes, device=device) * (length - widths)).long()
    places = torch.arange(length, device=device)
    hidden = ((places >= starts[..., None]) & (places < (starts + widths)[..., None])).any(dim=1)
    return images.masked_fill(hidden.unsqueeze(3 - axis), 0.0)


def initialise_panns(module: nn.Module) -> None:
    """Initialise a module as the original code does: Xavier weights, zero biases, fresh statistics."""
    if isinstance(module, (nn.Conv2d, nn.Linear, PannsTags)):
        init.xavier_uniform_(module.weight)
        if module.bias is not None:
            init.zeros_(module.bias)
    elif isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
        init.ones_(module.weight)
        init.zeros_(module.bias)
        for name, buffer in module.named_buffers(recurse=False):
            (init.ones_ if name == "running_var" else init.zeros_)(buffer)


__all__ = ["PannsBlock", "PannsCnn", "PannsEncoded", "PannsTags", "hide_stripes", "initialise_panns"]
