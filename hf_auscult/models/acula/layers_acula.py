"""The projections into the space that recordings and reports share."""

import torch
from torch import nn

from .configuration_acula import AcuLaConfig


class AcuLaProjection(nn.Module):
    """`Linear -> ReLU -> Dropout -> Linear` into the shared space (AcuLa, IV-B)."""

    def __init__(self, size: int, config: AcuLaConfig):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(size, config.projection_hidden_size),
            nn.ReLU(),
            nn.Dropout(config.projection_dropout),
            nn.Linear(config.projection_hidden_size, config.projection_size),
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (B, size) to (B, projection_size)."""
        return self.layers(features)


class AcuLaBranches(nn.Module):
    """One projection for each of several equal parts of an embedding (the paper's Multi-B, appendix K)."""

    def __init__(self, size: int, number: int, config: AcuLaConfig):
        super().__init__()
        self.branches = nn.ModuleList(AcuLaProjection(size, config) for _ in range(number))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (B, branches * size) to (B, branches, projection_size)."""
        parts = features.chunk(len(self.branches), dim=-1)
        return torch.stack([branch(part) for branch, part in zip(self.branches, parts, strict=True)], dim=1)
