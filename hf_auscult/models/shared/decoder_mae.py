"""The decoder of masked autoencoders: cosine attention within shifted windows of patch tokens."""

import torch
import torch.nn.functional as F
from torch import nn
from transformers.modeling_layers import GradientCheckpointingLayer

from .configuration_mae import MAEConfig
from .layers_mae import MAEMLP


class MAEDecoderAttention(nn.Module):
    """Scaled cosine attention within windows, with a position bias learned on log-spaced offsets."""

    def __init__(self, config: MAEConfig):
        super().__init__()
        size = config.decoder_hidden_size
        self.num_heads, self.window = config.decoder_num_attention_heads, config.decoder_window_size
        self.dropout = config.decoder_position_dropout
        self.qkv = nn.Linear(size, 3 * size)
        self.proj = nn.Linear(size, size)
        self.tau = nn.Parameter(torch.ones(self.num_heads))
        self.meta_mlp = MAEMLP(2, 384, "relu")  # as in the original code, whose seeds it keeps
        self.meta_mlp.fc2 = nn.Linear(384, self.num_heads)

    def position_bias(self) -> torch.Tensor:
        """Return the (heads, window ** 2, window ** 2) bias."""
        axis = torch.arange(self.window, device=self.tau.device)
        cells = torch.stack(torch.meshgrid(axis, axis, indexing="ij")).flatten(1)
        offsets = (cells[:, :, None] - cells[:, None, :]).permute(1, 2, 0).to(self.tau.dtype)
        hidden = F.relu(self.meta_mlp.fc1(offsets.sign() * torch.log1p(offsets.abs())))
        return self.meta_mlp.fc2(F.dropout(hidden, self.dropout, self.training)).permute(2, 0, 1)

    def forward(self, windows: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """Map (N, window ** 2, D) windows; `mask` (M, window ** 2, window ** 2) repeats every M windows."""
        number, cells, width = windows.shape
        query, key, value = self.qkv(windows).view(number, cells, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        norms = query.norm(dim=-1, keepdim=True) @ key.norm(dim=-1, keepdim=True).transpose(-2, -1)
        weights = (query @ key.transpose(-2, -1)) / norms.clamp(min=1e-6)
        weights = weights / self.tau.clamp(min=0.01).view(1, -1, 1, 1) + self.position_bias()
        if mask is not None:
            weights = (weights.unflatten(0, (-1, len(mask))) + mask[:, None]).flatten(0, 1)
        attended = weights.softmax(dim=-1) @ value
        return self.proj(attended.transpose(1, 2).reshape(number, cells, width))


class MAEDecoderLayer(GradientCheckpointingLayer):
    """Post-norm windowed block; `shift` is its roll in cells along the first axis (0 on even layers)."""

    def __init__(self, config: MAEConfig, shift: int):
        super().__init__()
        size = config.decoder_hidden_size
        self.config, self.shift, self.window = config, shift, config.decoder_window_size
        self.attn = MAEDecoderAttention(config)
        self.norm1 = nn.LayerNorm(size, eps=config.layer_norm_eps)
        self.mlp = MAEMLP(size, config.decoder_intermediate_size, config.hidden_act)
        self.norm2 = nn.LayerNorm(size, eps=config.layer_norm_eps)

    def shift_mask(self, rows: int, columns: int, like: torch.Tensor) -> torch.Tensor | None:
        """Return -100 between cells that the roll has brought together from both ends, per window."""
        if not self.shift:
            return None
        region = torch.zeros(rows, dtype=torch.long, device=like.device)
        region[-self.window : -self.shift] = 1
        region[-self.shift :] = 2
        cells = self.partition(region[None, :, None, None].expand(1, rows, columns, 1)).flatten(1)
        return (cells[:, :, None] != cells[:, None, :]).to(like.dtype) * -100.0

    def partition(self, grid: torch.Tensor) -> torch.Tensor:
        """Cut (B, rows, columns, C) into (B * windows, window, window, C)."""
        batch, rows, columns, channels = grid.shape
        size = self.window
        grid = grid.reshape(batch, rows // size, size, columns // size, size, channels)
        return grid.transpose(2, 3).reshape(-1, size, size, channels)

    def merge(self, windows: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
        """Undo `partition`; the batch size follows from the number of cells."""
        size = self.window
        grid = windows.reshape(-1, rows // size, columns // size, size, size, windows.shape[-1])
        return grid.transpose(2, 3).reshape(-1, rows, columns, windows.shape[-1])

    def attend(self, tokens: torch.Tensor) -> torch.Tensor:
        """Windowed attention over (B, L, D) tokens, in the view the configuration asks for."""
        batch, length, width = tokens.shape
        rows, columns = self.config.decoder_cells(length)
        # OPERA-GT as published: every cell holds L * D / (rows * columns) channels, i.e. several consecutive tokens.
        grid = tokens.reshape(batch, rows, columns, -1)
        if self.shift:
            grid = grid.roll(-self.shift, dims=1)
        windows = self.partition(grid).reshape(-1, self.window**2, width)
        windows = self.attn(windows, self.shift_mask(rows, columns, tokens))
        grid = self.merge(windows.reshape(-1, self.window, self.window, width), rows, columns)
        if self.shift:
            grid = grid.roll(self.shift, dims=1)
        return grid.reshape(batch, length, width)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Map (B, L, D) to (B, L, D)."""
        tokens = tokens + self.norm1(self.attend(tokens))
        return tokens + self.norm2(self.mlp(tokens))


class MAEDecoder(nn.Module):
    """Kept tokens in, values of every patch out."""

    pos_embed: torch.Tensor

    def __init__(self, config: MAEConfig):
        super().__init__()
        self.config = config
        size, tokens = config.decoder_hidden_size, config.grid_size[0] * config.grid_size[1]
        self.embed = nn.Linear(config.hidden_size, size)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, size))
        self.register_buffer("pos_embed", torch.zeros(1, 1 + tokens, size))
        self.blocks = nn.ModuleList(
            [
                MAEDecoderLayer(config, config.decoder_shift_size if index % 2 else 0)
                for index in range(config.decoder_num_hidden_layers)
            ]
        )
        self.norm = nn.LayerNorm(size, eps=config.layer_norm_eps)
        self.pred = nn.Linear(size, config.patch_size**2)

    def forward(self, latent: torch.Tensor, ids_restore: torch.Tensor) -> torch.Tensor:
        """Map (B, 1 + kept, D) and the (B, L) order to (B, L, patch_size ** 2) values."""
        length = ids_restore.shape[1]
        tokens = self.embed(latent[:, 1:])
        masked = self.mask_token.expand(len(tokens), length - tokens.shape[1], -1)
        tokens = torch.cat([tokens, masked.to(tokens.dtype)], dim=1)
        tokens = tokens.gather(1, ids_restore[..., None].expand(-1, -1, tokens.shape[2]))
        # The class token is dropped before the blocks, so its position is never used.
        tokens = tokens + self.pos_embed[:, 1 : 1 + length]
        for block in self.blocks:
            tokens = block(tokens)
        return self.pred(self.norm(tokens))
