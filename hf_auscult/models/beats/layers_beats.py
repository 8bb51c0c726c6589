"""The transformer of BEATs: convolutional positions, gated relative position bias, DeepNorm.

Tensors are named `(B, L, D)` = windows, tokens, channels.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from .configuration_beats import BeatsConfig


def relative_bucket(distance: torch.Tensor, num_buckets: int, max_distance: int) -> torch.Tensor:
    """Return the bucket of every distance `key - query`, in tokens: exact when near, logarithmic when far.

    Half of the buckets are for keys behind the query (distance > 0).

    Example:
        >>> relative_bucket(torch.tensor([-900, -3, 0, 3, 900]), 320, 800).tolist()
        [159, 3, 0, 163, 319]
    """
    half = num_buckets // 2
    exact = half // 2
    size = distance.abs()
    # In float32, as published: in double precision some distances would fall into the next bucket.
    far = torch.log(size.clamp(min=1).float() / exact) / math.log(max_distance / exact) * (half - exact)
    far = (exact + far.to(torch.long)).clamp(max=half - 1)
    return torch.where(distance > 0, half, 0) + torch.where(size < exact, size, far)


def _eager_attention(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor,
    scaling: float,
    dropout: float = 0.0,
    **kwargs: object,
) -> tuple[torch.Tensor, torch.Tensor]:
    weights = (query @ key.transpose(2, 3) * scaling + attention_mask).softmax(dim=-1, dtype=torch.float32)
    weights = F.dropout(weights.to(query.dtype), p=dropout, training=module.training)
    return (weights @ value).transpose(1, 2).contiguous(), weights


class BeatsAttention(nn.Module):
    """Multi-head self-attention whose position bias is weighted by a gate of the query (WavLM, arXiv:2110.13900)."""

    def __init__(self, config: BeatsConfig):
        super().__init__()
        size, self.num_heads = config.hidden_size, config.num_attention_heads
        self.config, self.is_causal = config, False
        self.scaling = (size // self.num_heads) ** -0.5
        self.q_proj = nn.Linear(size, size)
        self.k_proj = nn.Linear(size, size)
        self.v_proj = nn.Linear(size, size)
        self.out_proj = nn.Linear(size, size)
        self.grep_linear = nn.Linear(size // self.num_heads, 8)
        self.grep_a = nn.Parameter(torch.ones(1, self.num_heads, 1, 1))

    def forward(
        self, hidden_states: torch.Tensor, bias: torch.Tensor, padded: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Attend.

        Args:
            hidden_states: (B, L, D).
            bias: (1 or B, heads, L, L), the position bias before the gate.
            padded: (B, L) bool, keys that nobody attends to.

        Returns:
            (B, L, D) and, in eager mode, the (B, heads, L, L) weights.
        """
        batch, length, width = hidden_states.shape
        query, key, value = (
            project(hidden_states).view(batch, length, self.num_heads, -1).transpose(1, 2)
            for project in (self.q_proj, self.k_proj, self.v_proj)
        )
        # Eight values make two gates, of four summands each.
        gates = self.grep_linear(query).unflatten(-1, (2, 4)).sum(dim=-1).sigmoid()
        gate = gates[..., :1] * (gates[..., 1:] * self.grep_a - 1.0) + 2.0
        bias = (gate * bias).to(query.dtype)
        if padded is not None:
            bias = bias.masked_fill(padded[:, None, None], float("-inf"))
        attention: Callable[..., Any] = ALL_ATTENTION_FUNCTIONS.get_interface(
            self.config._attn_implementation, _eager_attention
        )
        dropout = self.config.attention_dropout if self.training else 0.0
        output, weights = attention(self, query, key, value, bias, scaling=self.scaling, dropout=dropout)
        return self.out_proj(output.reshape(batch, length, width)), weights


class BeatsLayer(GradientCheckpointingLayer):
    """Post-norm block; both branches are added to `alpha` times their input."""

    def __init__(self, config: BeatsConfig, depth: int):
        super().__init__()
        size, eps = config.hidden_size, config.layer_norm_eps
        self.config, self.depth = config, depth
        self.alpha = (2 * depth) ** 0.25 if config.deep_norm else 1.0
        self.attention = BeatsAttention(config)
        self.attention_norm = nn.LayerNorm(size, eps=eps)
        self.fc1 = nn.Linear(size, config.intermediate_size)
        self.fc2 = nn.Linear(config.intermediate_size, size)
        self.final_norm = nn.LayerNorm(size, eps=eps)

    def forward(
        self, hidden_states: torch.Tensor, bias: torch.Tensor, padded: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Map (B, L, D) to (B, L, D) and the attention weights; see `BeatsAttention`."""
        config, training = self.config, self.training
        start = hidden_states
        if training and config.layer_gradient_scale != 1.0:
            # The value stays the same to the bit.
            hidden_states = start.detach() + config.layer_gradient_scale * (start - start.detach())
        attended, weights = self.attention(hidden_states, bias, padded)
        attended = F.dropout(attended, config.hidden_dropout, training)
        hidden_states = self.attention_norm(self.alpha * hidden_states + attended)
        inner = F.dropout(F.gelu(self.fc1(hidden_states)), config.activation_dropout, training)
        branch = F.dropout(self.fc2(inner), config.hidden_dropout, training)
        hidden_states = self.final_norm(self.alpha * hidden_states + branch)
        if training and config.layerdrop > 0:
            # A dropped layer is computed all the same, so that in distributed training every process has every
            # gradient. torch's generator decides; the published code moves numpy's, in evaluation too.
            kept = torch.rand((), device=start.device) > config.layerdrop
            hidden_states = torch.where(kept, hidden_states, start)
        return hidden_states, weights


class BeatsPositions(nn.Module):
    """Position embedding by a grouped convolution over the token sequence, its weight split into norm and direction."""

    def __init__(self, config: BeatsConfig):
        super().__init__()
        size, kernel, groups = (
            config.hidden_size,
            config.num_conv_pos_embeddings,
            config.num_conv_pos_embedding_groups,
        )
        self.groups = groups
        # Weight norm by hand: transformers renames torch's parameters when it loads them. One norm a kernel tap.
        self.norm = nn.Parameter(torch.ones(1, 1, kernel))
        self.direction = nn.Parameter(torch.randn(size, size // groups, kernel))
        self.bias = nn.Parameter(torch.zeros(size))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Map (B, L, D) to (B, L, D)."""
        length = torch.linalg.vector_norm(self.direction, dim=(0, 1), keepdim=True)
        weight = self.direction * (self.norm / length)
        kernel = weight.shape[2]
        found = F.conv1d(tokens.transpose(1, 2), weight, self.bias, padding=kernel // 2, groups=self.groups)
        return F.gelu(found[:, :, : tokens.shape[1]]).transpose(1, 2)


class BeatsTransformer(nn.Module):
    """Tokens to the states of every layer."""

    def __init__(self, config: BeatsConfig, depth: int):
        super().__init__()
        self.config = config
        self.positions = BeatsPositions(config)
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        # One table for all layers: the published state dict repeats it in each.
        self.relative_bias = nn.Embedding(config.num_buckets, config.num_attention_heads)
        self.layers = nn.ModuleList([BeatsLayer(config, depth) for _ in range(depth)])

    def position_bias(self, length: int, places: torch.Tensor | None = None) -> torch.Tensor:
        """Return the bias (1, heads, length, length) of a whole sequence, or (B, heads, kept, kept) of some places."""
        config, device = self.config, self.relative_bias.weight.device
        index = torch.arange(length, device=device)[None] if places is None else places
        distance = torch.arange(1 - length, length, device=device)
        table = self.relative_bias(relative_bucket(distance, config.num_buckets, config.max_bucket_distance))
        return table[index[:, None, :] - index[:, :, None] + length - 1].permute(0, 3, 1, 2)

    def forward(
        self, tokens: torch.Tensor, padded: torch.Tensor | None = None, places: torch.Tensor | None = None
    ) -> tuple[list[torch.Tensor], list[torch.Tensor | None]]:
        """Run all layers.

        Args:
            tokens: (B, L, D).
            padded: (B, L) bool: set to zero, and attended to by nobody.
            places: (B, kept) the tokens that go through the layers; the others count as zero for the positions.
                `None` for all.

        Returns:
            The input of the first layer and the output of each, and the attention weights of each.
        """
        hidden = padded
        if places is not None:
            hidden = torch.ones(tokens.shape[:2], dtype=torch.bool, device=tokens.device).scatter(1, places, False)
        if hidden is not None:
            tokens = tokens.masked_fill(hidden[..., None], 0.0)
        hidden_states = self.norm(tokens + self.positions(tokens))
        hidden_states = F.dropout(hidden_states, self.config.hidden_dropout, self.training)
        if places is not None:
            hidden_states = hidden_states.gather(1, places[..., None].expand(-1, -1, hidden_states.shape[2]))
        bias = self.position_bias(tokens.shape[1], places)
        states, attentions = [hidden_states], []
        for layer in self.layers:
            hidden_states, weights = layer(hidden_states, bias, padded)
            states.append(hidden_states)
            attentions.append(weights)
        return states, attentions


__all__ = ["BeatsAttention", "BeatsLayer", "BeatsPositions", "BeatsTransformer", "relative_bucket"]
