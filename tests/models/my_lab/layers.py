"""A file of its own, which saved folders must take along."""

import torch
from torch import nn


class ToyFrames(nn.Module):
    """Every frame by itself."""

    def __init__(self, bands: int, size: int):
        super().__init__()
        self.first, self.second = nn.Linear(bands, size), nn.Linear(size, size)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Map (B, frames, bands) to (B, frames, size)."""
        return self.second(torch.tanh(self.first(frames)))
