"""OPERA-GT: a ViT masked autoencoder over log-mel images, with the published code's behaviour as the default.

Three published quirks shape this file (each can be switched off in the configuration): the position table is built for
the transposed grid, pooling normalises the mean instead of averaging normalised tokens, and the decoder reads L tokens
as a fixed 32 x 8 grid of cells. Tensors are named `(B, L, D)` = images, tokens, channels.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from transformers import initialization as init
from transformers.activations import ACT2FN
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.modeling_outputs import BaseModelOutputWithPooling
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS, PreTrainedModel
from transformers.utils.generic import ModelOutput

from .configuration_opera_gt import OperaGTConfig


def sincos_position_table(dim: int, num_times: int, num_bands: int, layout: str) -> torch.Tensor:
    """Return the (1 + num_times * num_bands, dim) sin-cos table; row 0 (class token) is zero.

    `published`: row n encodes (w = n % num_times, h = n // num_times), although token n is (n // num_bands,
    n % num_bands). `aligned`: row n encodes its own time and band.
    """
    index = np.arange(num_times * num_bands)
    if layout == "published":
        first, second = index % num_times, index // num_times
    else:
        first, second = index // num_bands, index % num_bands
    omega = 1.0 / 10000 ** (np.arange(dim // 4, dtype=np.float32) / np.float32(dim / 4))
    angles = [axis[:, None].astype(np.float32) * omega[None] for axis in (first, second)]
    table = np.concatenate([part for angle in angles for part in (np.sin(angle), np.cos(angle))], axis=1)
    return torch.from_numpy(np.concatenate([np.zeros((1, dim)), table]).astype(np.float32))


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


class OperaGTAttention(nn.Module):
    """Multi-head self-attention with fused query, key and value."""

    def __init__(self, config: OperaGTConfig):
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
        attention: Callable = ALL_ATTENTION_FUNCTIONS.get_interface(self.config._attn_implementation, _eager_attention)
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


class OperaGTMLP(nn.Module):
    """Two linear layers around an activation."""

    def __init__(self, size: int, hidden: int, activation: str):
        super().__init__()
        self.fc1 = nn.Linear(size, hidden)
        self.fc2 = nn.Linear(hidden, size)
        self.activation = ACT2FN[activation]

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        """Map (..., size) to (..., size)."""
        return self.fc2(self.activation(self.fc1(hidden_states)))


class OperaGTLayer(GradientCheckpointingLayer):
    """Pre-norm transformer block."""

    def __init__(self, config: OperaGTConfig):
        super().__init__()
        self.norm1 = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.attn = OperaGTAttention(config)
        self.norm2 = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.mlp = OperaGTMLP(config.hidden_size, config.intermediate_size, config.hidden_act)

    def forward(self, hidden_states: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Map (B, L, D) to (B, L, D) and the attention weights."""
        attended, weights = self.attn(self.norm1(hidden_states))
        hidden_states = hidden_states + attended
        return hidden_states + self.mlp(self.norm2(hidden_states)), weights


class OperaGTPatchEmbeddings(nn.Module):
    """Log-mel image to time-major patch tokens; a last incomplete patch is dropped."""

    def __init__(self, config: OperaGTConfig):
        super().__init__()
        self.proj = nn.Conv2d(1, config.hidden_size, config.patch_size, stride=config.patch_size)

    def forward(self, input_features: torch.Tensor) -> torch.Tensor:
        """Map (B, frames, bands) to (B, L, D)."""
        return self.proj(input_features[:, None].to(self.proj.weight.dtype)).flatten(2).transpose(1, 2)


class OperaGTPreTrainedModel(PreTrainedModel):
    """Weights initialisation and the settings every OPERA-GT class shares."""

    config: OperaGTConfig
    config_class = OperaGTConfig
    base_model_prefix = "encoder"
    main_input_name = "input_features"
    input_modalities = ("audio",)
    supports_gradient_checkpointing = True
    accepts_loss_kwargs = False  # the loss is a mean over the batch: Trainer must not rescale it
    _no_split_modules = ["OperaGTLayer", "OperaGTDecoderLayer"]
    _supports_sdpa = True
    _supports_attention_backend = True

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        std = self.config.initializer_range
        if isinstance(module, nn.Linear):
            init.xavier_uniform_(module.weight)
            if module.bias is not None:
                init.zeros_(module.bias)
        elif isinstance(module, nn.Conv2d):
            # As a linear layer over the flattened patch (MAE, appendix A.1).
            bound = (6.0 / (module.weight[0].numel() + module.out_channels)) ** 0.5
            init.uniform_(module.weight, -bound, bound)
            init.zeros_(module.bias)
        elif isinstance(module, nn.LayerNorm):
            init.ones_(module.weight)
            init.zeros_(module.bias)
        elif isinstance(module, OperaGTDecoderAttention):
            init.ones_(module.tau)
        elif isinstance(module, OperaGTModel):
            init.normal_(module.cls_token, std=std)
            init.copy_(module.pos_embed, module.position_table())
        elif isinstance(module, OperaGTDecoder):
            init.normal_(module.mask_token, std=std)
            init.copy_(module.pos_embed, module.position_table())


class OperaGTModel(OperaGTPreTrainedModel):
    """OPERA-GT's encoder: log-mel images in, patch tokens and one pooled vector an image out.

    Example:
        >>> model = OperaGTModel(OperaGTConfig(num_hidden_layers=1, decoder_num_hidden_layers=1)).eval()
        >>> model(torch.zeros(2, 256, 64)).pooler_output.shape
        torch.Size([2, 384])
    """

    _keys_to_ignore_on_load_unexpected = [r"^decoder\."]

    def __init__(self, config: OperaGTConfig):
        super().__init__(config)
        num_times, num_bands = config.grid_size
        self.patch_embed = OperaGTPatchEmbeddings(config)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, config.hidden_size))
        # A saved buffer: it travels with the weights, and unlike a frozen parameter it stays frozen when loaded.
        self.register_buffer("pos_embed", torch.zeros(1, 1 + num_times * num_bands, config.hidden_size))
        self.blocks = nn.ModuleList([OperaGTLayer(config) for _ in range(config.num_hidden_layers)])
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.post_init()

    def position_table(self) -> torch.Tensor:
        """Return the fixed (1, 1 + L, D) table of the configuration."""
        return sincos_position_table(self.config.hidden_size, *self.config.grid_size, self.config.position_layout)[None]

    def get_input_embeddings(self) -> nn.Module:
        """Return the patch projection."""
        return self.patch_embed

    def check_input(self, input_features: torch.Tensor) -> None:
        """Raise `ValueError` unless the image is (B, frames <= num_frames, num_mel_bins) and holds one patch."""
        config = self.config
        good = input_features.ndim == 3 and input_features.shape[2] == config.num_mel_bins
        if not good or not config.patch_size <= input_features.shape[1] <= config.num_frames:
            raise ValueError(
                f"input_features has shape {tuple(input_features.shape)}; expected (windows, "
                f"{config.patch_size}..{config.num_frames} frames, {config.num_mel_bins} mel bands)"
            )

    def embed_patches(self, input_features: torch.Tensor) -> torch.Tensor:
        """Map (B, frames, bands) to patch tokens with positions, (B, L, D), class token not included."""
        self.check_input(input_features)
        tokens = self.patch_embed(input_features)
        return tokens + self.pos_embed[:, 1 : 1 + tokens.shape[1]]

    def prepend_class_token(self, tokens: torch.Tensor) -> torch.Tensor:
        """Put the class token in front of (B, L, D)."""
        return torch.cat([(self.cls_token + self.pos_embed[:, :1]).expand(len(tokens), -1, -1), tokens], dim=1)

    def pool(self, tokens: torch.Tensor) -> torch.Tensor:
        """Pool un-normalised patch tokens (B, L, D), class token excluded, to (B, pooled_size)."""
        if self.config.pooling == "norm_of_mean":
            return self.norm(tokens.mean(dim=1))
        if self.config.pooling == "mean":
            return self.norm(tokens).mean(dim=1)
        rows = self.norm(tokens).unflatten(1, (-1, self.config.grid_size[1]))
        return torch.cat([rows.mean(dim=1), rows.std(dim=1, unbiased=False)], dim=-1).flatten(1)

    def forward(
        self,
        input_features: torch.Tensor,
        recording_index: torch.Tensor | None = None,
        window_seconds: torch.Tensor | None = None,
        output_hidden_states: bool | None = None,
        output_attentions: bool | None = None,
        return_dict: bool | None = None,
    ) -> BaseModelOutputWithPooling | tuple[torch.Tensor, ...]:
        """Encode log-mel images.

        Args:
            input_features: (windows, frames, mel bands) images of the feature extractor.
            recording_index, window_seconds: the extractor's bookkeeping; accepted and ignored here.
            output_hidden_states, output_attentions, return_dict: as everywhere in transformers.

        Returns:
            `last_hidden_state` (windows, 1 + L, D) after the final LayerNorm, `pooler_output` (windows, pooled_size).
        """
        config = self.config
        keep_states = config.output_hidden_states if output_hidden_states is None else output_hidden_states
        keep_attentions = config.output_attentions if output_attentions is None else output_attentions
        hidden_states = self.prepend_class_token(self.embed_patches(input_features))
        states, attentions = [hidden_states], []
        for block in self.blocks:
            hidden_states, weights = block(hidden_states)
            states.append(hidden_states)
            attentions.append(weights)
        output = BaseModelOutputWithPooling(
            last_hidden_state=self.norm(hidden_states),
            pooler_output=self.pool(hidden_states[:, 1:]),
            hidden_states=tuple(states) if keep_states else None,
            attentions=tuple(attentions) if keep_attentions else None,
        )
        return output if (config.return_dict if return_dict is None else return_dict) else output.to_tuple()


class OperaGTDecoderAttention(nn.Module):
    """Scaled cosine attention within windows, with a position bias learned on log-spaced offsets."""

    def __init__(self, config: OperaGTConfig):
        super().__init__()
        size = config.decoder_hidden_size
        self.num_heads, self.window = config.decoder_num_attention_heads, config.decoder_window_size
        self.qkv = nn.Linear(size, 3 * size)
        self.proj = nn.Linear(size, size)
        self.tau = nn.Parameter(torch.ones(self.num_heads))
        self.meta_mlp = OperaGTMLP(2, 384, "relu")
        self.meta_mlp.fc2 = nn.Linear(384, self.num_heads)

    def position_bias(self) -> torch.Tensor:
        """Return the (heads, window ** 2, window ** 2) bias."""
        axis = torch.arange(self.window, device=self.tau.device)
        cells = torch.stack(torch.meshgrid(axis, axis, indexing="ij")).flatten(1)
        offsets = (cells[:, :, None] - cells[:, None, :]).permute(1, 2, 0).to(self.tau.dtype)
        hidden = F.relu(self.meta_mlp.fc1(offsets.sign() * torch.log1p(offsets.abs())))
        return self.meta_mlp.fc2(F.dropout(hidden, 0.125, self.training)).permute(2, 0, 1)

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


class OperaGTDecoderLayer(GradientCheckpointingLayer):
    """Post-norm windowed block; `shift` is its roll in cells along the first axis (0 on even layers)."""

    def __init__(self, config: OperaGTConfig, shift: int):
        super().__init__()
        size = config.decoder_hidden_size
        self.config, self.shift, self.window = config, shift, config.decoder_window_size
        self.attn = OperaGTDecoderAttention(config)
        self.norm1 = nn.LayerNorm(size, eps=config.layer_norm_eps)
        self.mlp = OperaGTMLP(size, config.decoder_intermediate_size, config.hidden_act)
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
        published = self.config.decoder_view == "published"
        if published:
            rows, columns = self.config.decoder_feature_size
        else:
            columns = self.config.grid_size[1]
            rows = length // columns
        # Published: every cell holds L * D / (rows * columns) channels, i.e. several consecutive tokens.
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


class OperaGTDecoder(nn.Module):
    """Kept tokens in, pixels of every patch out."""

    def __init__(self, config: OperaGTConfig):
        super().__init__()
        self.config = config
        size, tokens = config.decoder_hidden_size, config.grid_size[0] * config.grid_size[1]
        self.embed = nn.Linear(config.hidden_size, size)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, size))
        self.register_buffer("pos_embed", torch.zeros(1, 1 + tokens, size))
        self.blocks = nn.ModuleList(
            [
                OperaGTDecoderLayer(config, config.decoder_shift_size if index % 2 else 0)
                for index in range(config.decoder_num_hidden_layers)
            ]
        )
        self.norm = nn.LayerNorm(size, eps=config.layer_norm_eps)
        self.pred = nn.Linear(size, config.patch_size**2)

    def position_table(self) -> torch.Tensor:
        """Return the fixed (1, 1 + L, D) table of the configuration."""
        config = self.config
        return sincos_position_table(config.decoder_hidden_size, *config.grid_size, config.position_layout)[None]

    def check_length(self, length: int) -> None:
        """Raise `ValueError` for token counts that the windows cannot tile."""
        config, window = self.config, self.config.decoder_window_size
        rows, columns = config.decoder_feature_size
        if config.decoder_view == "published":
            if length % (rows * columns):
                raise ValueError(
                    f"{length} tokens: the published decoder needs a multiple of {rows * columns} "
                    f"({rows} x {columns} cells)"
                )
        elif config.grid_size[1] % window or (length // config.grid_size[1]) % window:
            raise ValueError(
                f"{length // config.grid_size[1]} x {config.grid_size[1]} tokens cannot be cut into "
                f"{window} x {window} windows"
            )

    def forward(self, latent: torch.Tensor, ids_restore: torch.Tensor) -> torch.Tensor:
        """Map (B, 1 + kept, D) and the (B, L) order to (B, L, patch_size ** 2) pixels."""
        length = ids_restore.shape[1]
        self.check_length(length)
        tokens = self.embed(latent[:, 1:])
        masked = self.mask_token.expand(len(tokens), length - tokens.shape[1], -1)
        tokens = torch.cat([tokens, masked], dim=1)
        tokens = tokens.gather(1, ids_restore[..., None].expand(-1, -1, tokens.shape[2]))
        # The class token is dropped before the blocks, so its position is never used.
        tokens = tokens + self.pos_embed[:, 1 : 1 + length]
        for block in self.blocks:
            tokens = block(tokens)
        return self.pred(self.norm(tokens))


@dataclass
class OperaGTForPreTrainingOutput(ModelOutput):
    """Reconstruction of masked patches.

    Args:
        loss: mean squared error over masked patches.
        logits: (B, L, patch_size ** 2) predicted pixels.
        mask: (B, L), 1 = hidden from the encoder.
        ids_restore: (B, L), where each token stands among the shuffled ones.
        latent: (B, 1 + kept, D) encoder output.
    """

    loss: torch.FloatTensor | None = None
    logits: torch.FloatTensor | None = None
    mask: torch.FloatTensor | None = None
    ids_restore: torch.LongTensor | None = None
    latent: torch.FloatTensor | None = None


class OperaGTForPreTraining(OperaGTPreTrainedModel):
    """OPERA-GT with its decoder: masked reconstruction of log-mel images (OPERA, section 3; AcuLa, III-C).

    Example:
        >>> config = OperaGTConfig(num_hidden_layers=1, decoder_num_hidden_layers=1)
        >>> OperaGTForPreTraining(config).eval()(torch.rand(1, 256, 64)).logits.shape
        torch.Size([1, 1024, 16])
    """

    def __init__(self, config: OperaGTConfig):
        super().__init__(config)
        self.encoder = OperaGTModel(config)
        self.decoder = OperaGTDecoder(config)
        self.post_init()

    def patchify(self, input_features: torch.Tensor) -> torch.Tensor:
        """Cut (B, frames, bands) into (B, L, patch_size ** 2), time-major, whole patches only."""
        size = self.config.patch_size
        batch, frames, bands = input_features.shape
        image = input_features[:, : frames - frames % size].reshape(batch, frames // size, size, bands // size, size)
        return image.transpose(2, 3).reshape(batch, -1, size * size)

    def random_order(self, batch: int, length: int, device: torch.device) -> torch.Tensor:
        """Return (batch, length) masking noise: random in training, always the same in evaluation."""
        if self.training:
            return torch.rand(batch, length, device=device)
        generator = torch.Generator().manual_seed(0)
        return torch.rand(1, length, generator=generator).expand(batch, -1).to(device)

    def forward(
        self,
        input_features: torch.Tensor,
        noise: torch.Tensor | None = None,
        recording_index: torch.Tensor | None = None,
        window_seconds: torch.Tensor | None = None,
        return_dict: bool | None = None,
    ) -> OperaGTForPreTrainingOutput | tuple[torch.Tensor, ...]:
        """Mask, encode, reconstruct.

        Args:
            input_features: (B, frames, bands) log-mel images.
            noise: (B, L) values whose ascending order decides which patches are kept; drawn when absent.
            recording_index, window_seconds: the extractor's bookkeeping; accepted and ignored here.
            return_dict: as everywhere in transformers.
        """
        encoder, config = self.encoder, self.config
        tokens = encoder.embed_patches(input_features)
        batch, length, width = tokens.shape
        if noise is None:
            noise = self.random_order(batch, length, tokens.device)
        kept = int(length * (1 - config.mask_ratio))
        order = noise.argsort(dim=1, stable=True)
        ids_restore = order.argsort(dim=1)
        tokens = encoder.prepend_class_token(tokens.gather(1, order[:, :kept, None].expand(-1, -1, width)))
        for block in encoder.blocks:
            tokens, _ = block(tokens)
        latent = encoder.norm(tokens)
        logits = self.decoder(latent, ids_restore)
        mask = (ids_restore >= kept).to(logits.dtype)
        target = self.patchify(input_features.to(logits.dtype))
        if config.reconstruction_target == "standardised":
            image = input_features.to(logits.dtype)
            centre = image.mean(dim=(1, 2))[:, None, None]
            target = (target - centre) / image.std(dim=(1, 2), unbiased=False).clamp(min=1e-6)[:, None, None]
        loss = (((logits - target) ** 2).mean(dim=-1) * mask).sum() / mask.sum()
        output = OperaGTForPreTrainingOutput(loss, logits, mask, ids_restore, latent)
        return output if (config.return_dict if return_dict is None else return_dict) else output.to_tuple()


__all__ = ["OperaGTForPreTraining", "OperaGTModel", "OperaGTPreTrainedModel"]
