"""Contrastive pre-training by COLA (arXiv:2010.10915) as OPERA does it: two views, a head, a bilinear similarity."""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from transformers.utils.generic import ModelOutput, can_return_tuple

from .base import drawn_noise


@dataclass
class ContrastiveOutput(ModelOutput):
    """Two views of every window, compared with each other.

    Args:
        loss: cross entropy of every first view among all second views; with cosines the mean of both directions.
        logits: (B, B) similarities of the views.
        z1: (B, projection_size) of the first views, after the bilinear map.
        z2: (B, projection_size) of the second views, of unit length like `z1` with cosines.
    """

    loss: torch.Tensor | None = None
    logits: torch.Tensor | None = None
    z1: torch.Tensor | None = None
    z2: torch.Tensor | None = None


class ContrastiveHead(nn.Module):
    """Embedding to the space of comparison: Linear, LayerNorm, tanh; dropout before, between and after."""

    def __init__(self, config: Any):
        super().__init__()
        size = config.projection_size
        self.dropout = nn.Dropout(config.projection_dropout)
        self.g = nn.Linear(config.pooled_size, size)
        self.layer_norm = nn.LayerNorm(size)
        self.linear = nn.Linear(size, size, bias=False)

    def forward(self, pooled: torch.Tensor) -> torch.Tensor:
        """Map (B, pooled_size) to (B, projection_size); `linear` then maps the first view."""
        hidden = self.dropout(self.g(self.dropout(pooled)))
        return self.dropout(torch.tanh(self.layer_norm(hidden)))


def compare_views(
    z1: torch.Tensor, z2: torch.Tensor, config: Any, people: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the loss of views in the space of comparison, and their similarities (B, B).

    Args:
        z1, z2: (B, projection_size), see `ContrastiveOutput`.
        config: has `similarity` and `temperature`.
        people: (B,) who is heard: other views of the same person are no negatives.
    """
    cosine = config.similarity == "cosine"
    logits = z1 @ z2.T / (config.temperature if cosine else 1.0)
    target = torch.arange(len(logits), device=logits.device)
    if people is not None:
        same = (people[:, None] == people) & (target[:, None] != target)
        logits = logits.masked_fill(same, float("-inf"))
    loss = F.cross_entropy(logits, target)
    return (loss + F.cross_entropy(logits.T, target)) / 2 if cosine else loss, logits


def masked_rows(noise: torch.Tensor, start_rate: float, continue_rate: float) -> torch.Tensor:
    """Return (B, frames) bool, the frames that runs cover.

    A frame is covered when its first value is below `start_rate`, or when the frame before it is covered and its
    second value is below `continue_rate`.

    Args:
        noise: (B, 2, frames) uniform values.
        start_rate, continue_rate: of a run to start, and to go on.
    """
    starts, breaks = noise[:, 0] < start_rate, noise[:, 1] >= continue_rate
    index = torch.arange(noise.shape[2], device=noise.device)
    # A frame is covered if the last start is not older than the last break; nothing goes on into the first frame.
    last_start = torch.where(starts, index, -1).cummax(dim=1).values
    last_break = torch.where(breaks, index, 0).cummax(dim=1).values
    return last_start >= last_break


def random_crop(images: torch.Tensor, size: int, noise: torch.Tensor) -> torch.Tensor:
    """Return `size` frames of every image (B, frames, bands), starting where `noise` (B,) says."""
    frames, bands = images.shape[1:]
    first = (noise * (frames - size)).long()
    index = first[:, None] + torch.arange(size, device=images.device)
    return images.gather(1, index[:, :, None].expand(-1, -1, bands))


class ContrastiveMixin:
    """`…ForPreTraining` of a family: name its `encoder_class`, mix in before its `PreTrainedModel`."""

    encoder_class: Any
    config: Any
    training: bool

    def __init__(self, config: Any):
        super().__init__(config)  # type: ignore[call-arg]
        self.encoder = self.encoder_class(config)
        self.projection = ContrastiveHead(config)
        self.post_init()  # type: ignore[attr-defined]

    def noise_size(self, frames: int) -> int:
        """Return how many noise values an image of `frames` frames takes: two a frame, and two a view."""
        return 2 * frames + 4

    def views(self, input_features: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return two random views (B, view_frames, bands) of every image (OPERA, src/util.py).

        Random runs of frames are set to the image's mean; two random crops of the result are scaled by 0.9 to 1.1. An
        image of fewer than `view_frames` frames is taken whole.

        Args:
            input_features: (B, frames, bands) log-mel images.
            noise: (B, noise_size(frames)) uniform values in [0, 1).

        Raises:
            ValueError: noise of another shape.
        """
        config = self.config
        batch, frames, _ = input_features.shape
        if noise.shape != (batch, self.noise_size(frames)):
            raise ValueError(f"noise has shape {tuple(noise.shape)}; expected {(batch, self.noise_size(frames))}")
        rows = masked_rows(
            noise[:, : 2 * frames].unflatten(1, (2, frames)), config.mask_start_rate, config.mask_continue_rate
        )
        mean = input_features.mean(dim=(1, 2), keepdim=True)
        masked = torch.where(rows[:, :, None], mean, input_features)
        size = min(config.view_frames, frames)
        first, second, *scales = noise[:, 2 * frames :].to(input_features.dtype).unbind(dim=1)
        one, other = (
            random_crop(masked, size, place) * (0.9 + scale / 5)[:, None, None]
            for place, scale in zip((first, second), scales, strict=True)
        )
        return one, other

    def compare(self, views: torch.Tensor) -> torch.Tensor:
        """Return the loss of (B, 2, projection_size) views, `z1` and `z2` of a batch that was gathered from parts."""
        return compare_views(views[:, 0], views[:, 1], self.config)[0]

    @can_return_tuple  # type: ignore[untyped-decorator]
    def forward(
        self,
        input_features: torch.Tensor,
        other_features: torch.Tensor | None = None,
        noise: torch.Tensor | None = None,
        window_seconds: torch.Tensor | None = None,
        window_frames: torch.Tensor | None = None,
    ) -> ContrastiveOutput:
        """Compare two views of every window; every other window of the batch is a negative.

        Args:
            input_features: (recordings, frames, bands) log-mel images; the views are made from them.
            other_features: (B, frames, bands): then `input_features` and these are the views, taken as they are.
            noise: (B, noise_size(frames)) uniform values that decide the views; drawn when absent.
            window_seconds, window_frames: which windows the rows hold, see `EncoderMixin`; B counts windows.
        """
        first, second = input_features, other_features
        if second is None:
            images = self.encoder.cut(input_features, window_seconds, window_frames).windows()
            if noise is None:
                batch, frames = images.shape[:2]
                noise = drawn_noise(batch, self.noise_size(frames), images.device, random=self.training)
            first, second = self.views(images, noise)
        # One after the other, as published: batch normalisation sees each view's own statistics.
        pooled = [self.encoder.encode(view).pooler_output for view in (first, second)]
        z1, z2 = self.projection.linear(self.projection(pooled[0])), self.projection(pooled[1])
        if self.config.similarity == "cosine":
            z1, z2 = F.normalize(z1, dim=-1), F.normalize(self.projection.linear(z2), dim=-1)
        if len(z1) != len(z2):
            raise ValueError(f"{len(z1)} first views, {len(z2)} second views; expected pairs")
        loss, logits = compare_views(z1, z2, self.config)
        return ContrastiveOutput(loss, logits, z1, z2)


__all__ = ["ContrastiveHead", "ContrastiveMixin", "ContrastiveOutput", "compare_views", "masked_rows", "random_crop"]
