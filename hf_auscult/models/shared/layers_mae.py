"""The parts that the encoders and decoders of masked autoencoders over log-mel images are built from."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from transformers.activations import ACT2FN
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from .configuration_mae import MAEConfig


def sincos_position_table(config: MAEConfig, dim: int) -> torch.Tensor:
    """Return the (1, 1 + L, dim) sin-cos table of a configuration; row 0 (class token) is zero.

    `position_layout="published"`: row n encodes (w = n % num_times, h = n // num_times), although token n is
    (n // num_bands, n % num_bands). `aligned`: row n encodes its own time and band.
    """
    (num_times, num_bands), dtype = config.grid_size, np.dtype(config.position_precision).type
    index = np.arange(num_times * num_bands)
    if config.position_layout == "published":
        first, second = index % num_times, index // num_times
    else:
        first, second = index // num_bands, index % num_bands
    omega = 1.0 / 10000 ** (np.arange(dim // 4, dtype=dtype) / dtype(dim / 4))
    angles = [axis[:, None].astype(dtype) * omega[None] for axis in (first, second)]
    table = np.concatenate([part for angle in angles for part in (np.sin(angle), np.cos(angle))], axis=1)
    return torch.from_numpy(np.concatenate([np.zeros((1, dim)), table]).astype(np.float32))[None]


def _eager_attention(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float,
    dropout: float = 0.0,
    **kwargs: object,
) -> tuple[torch.Tensor, torch.Tensor]:
    weights = (query @ key.transpose(2, 3) * scaling).softmax(dim=-1, dtype=torch.float32).to(query.dtype)
    weights = F.dropout(weights, p=dropout, training=module.training)
    return (weights @ value).transpose(1, 2).contiguous(), weights


class MAEAttention(nn.Module):
    """Multi-head self-attention with fused query, key and value."""

    def __init__(self, config: MAEConfig):
        super().__init__()
        self.config = config
        self.num_heads = config.num_attention_heads
        self.scaling = (config.hidden_size // config.num_attention_heads) ** -0.5
        self.is_causal = False
        self.qkv = nn.Linear(config.hidden_size, 3 * config.hidden_size)
        self.proj = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, hidden_states: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Map (B, L, D) to (B, L, D) and, in eager mode, the (B, heads, L, L) weights."""
        batch, length, width = hidden_states.shape
        query, key, value = self.qkv(hidden_states).view(batch, length, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        attention: Callable[..., Any] = ALL_ATTENTION_FUNCTIONS.get_interface(
            self.config._attn_implementation, _eager_attention
        )
        output, weights = attention(
            self,
            query,
            key,
            value,
            None,
            scaling=self.scaling,
            dropout=self.config.attention_probs_dropout_prob if self.training else 0.0,
        )
        return self.proj(output.reshape(batch, length, width)), weights


class MAEMLP(nn.Module):
    """Two linear layers around an activation."""

    def __init__(self, size: int, hidden: int, activation: str):
        super().__init__()
        self.fc1 = nn.Linear(size, hidden)
        self.fc2 = nn.Linear(hidden, size)
        self.activation = ACT2FN[activation]

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        """Map (..., size) to (..., size)."""
        return self.fc2(self.activation(self.fc1(hidden_states)))


def drop_path(branch: torch.Tensor, rate: float) -> torch.Tensor:
    """Leave a residual branch (B, ...) out of a share of rows, and make up for it in the others."""
    keep = torch.rand(len(branch), *[1] * (branch.ndim - 1), device=branch.device) >= rate
    return branch * keep / (1 - rate)


class MAELayer(GradientCheckpointingLayer):
    """Pre-norm transformer block; `drop_path` is how often a row goes without each of its branches in training."""

    def __init__(self, config: MAEConfig, drop_path: float = 0.0):
        super().__init__()
        self.drop_prob = drop_path
        self.norm1 = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.attn = MAEAttention(config)
        self.norm2 = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.mlp = MAEMLP(config.hidden_size, config.intermediate_size, config.hidden_act)

    def forward(self, hidden_states: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Map (B, L, D) to (B, L, D) and the attention weights."""
        attended, weights = self.attn(self.norm1(hidden_states))
        dropped = self.training and self.drop_prob > 0
        hidden_states = hidden_states + (drop_path(attended, self.drop_prob) if dropped else attended)
        branch = self.mlp(self.norm2(hidden_states))
        return hidden_states + (drop_path(branch, self.drop_prob) if dropped else branch), weights


class MAEPatchEmbeddings(nn.Module):
    """Image to time-major patch tokens; a last incomplete patch is dropped."""

    def __init__(self, config: MAEConfig):
        super().__init__()
        self.proj = nn.Conv2d(1, config.hidden_size, config.patch_size, stride=config.patch_size)

    def forward(self, input_features: torch.Tensor) -> torch.Tensor:
        """Map (B, frames, bands) to (B, L, D)."""
        return self.proj(input_features[:, None].to(self.proj.weight.dtype)).flatten(2).transpose(1, 2)
