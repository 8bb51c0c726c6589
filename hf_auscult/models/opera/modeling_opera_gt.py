"""OPERA-GT: a ViT masked autoencoder over log-mel images, with the published code's behaviour as the default.

Three published quirks shape this family (each can be switched off in the configuration): the position table is built
for the transposed grid, pooling normalises the mean instead of averaging normalised tokens, and the decoder reads L
tokens as a fixed 32 x 8 grid of cells. Tensors are named `(B, L, D)` = images, tokens, channels.
"""

from dataclasses import dataclass

import torch
from torch import nn
from transformers import initialization as init
from transformers.utils.generic import ModelOutput, can_return_tuple

from ..shared.base import AuscultPreTrainedModel, EncoderMixin, EncoderOutput, check_windows
from ..shared.heads import AudioClassificationMixin
from .configuration_opera_gt import OperaGTConfig
from .decoder_opera_gt import OperaGTDecoder, OperaGTDecoderAttention
from .layers_opera_gt import OperaGTLayer, OperaGTPatchEmbeddings, sincos_position_table


class OperaGTPreTrainedModel(AuscultPreTrainedModel):
    """Weights initialisation and the settings every OPERA-GT class shares."""

    config: OperaGTConfig
    config_class = OperaGTConfig
    _no_split_modules = ["OperaGTLayer", "OperaGTDecoderLayer"]
    _supports_sdpa = True
    _supports_attention_backend = True

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        std = self.config.initializer_range
        if isinstance(module, nn.Linear):
            init.xavier_uniform_(module.weight)
            init.zeros_(module.bias)
        elif isinstance(module, OperaGTPatchEmbeddings):
            # As a linear layer over the flattened patch (MAE, appendix A.1).
            weight = module.proj.weight
            bound = (6.0 / (weight[0].numel() + len(weight))) ** 0.5
            init.uniform_(weight, -bound, bound)
            if module.proj.bias is not None:
                init.zeros_(module.proj.bias)
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


class OperaGTModel(EncoderMixin, OperaGTPreTrainedModel):
    """OPERA-GT's encoder: log-mel images in, patch tokens and one pooled vector an image out.

    Example:
        >>> model = OperaGTModel(OperaGTConfig(num_hidden_layers=1, decoder_num_hidden_layers=1)).eval()
        >>> model(torch.zeros(2, 256, 64)).pooler_output.shape
        torch.Size([2, 384])
    """

    _keys_to_ignore_on_load_unexpected = [r"^decoder\."]
    pos_embed: torch.Tensor

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

    @property
    def window_frames(self) -> int:
        """Frames of the image that the position table is made for."""
        return self.config.num_frames

    def embed_patches(self, windows: torch.Tensor) -> torch.Tensor:
        """Map (B, frames, bands) to patch tokens with positions, (B, L, D), class token not included."""
        config = self.config
        check_windows(windows, config.num_mel_bins, range(config.patch_size, config.num_frames + 1))
        tokens = self.patch_embed(windows)
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

    def encode(
        self, windows: torch.Tensor, output_hidden_states: bool = False, output_attentions: bool = False
    ) -> EncoderOutput:
        """Encode log-mel images.

        Args:
            windows: (windows, frames, mel bands).
            output_hidden_states, output_attentions: as everywhere in transformers.

        Returns:
            `last_hidden_state` (windows, 1 + L, D) after the final LayerNorm, `pooler_output` (windows, pooled_size).
        """
        hidden_states = self.prepend_class_token(self.embed_patches(windows))
        states, attentions = [hidden_states], []
        for block in self.blocks:
            hidden_states, weights = block(hidden_states)
            states.append(hidden_states)
            attentions.append(weights)
        return EncoderOutput(
            last_hidden_state=self.norm(hidden_states),
            pooler_output=self.pool(hidden_states[:, 1:]),
            hidden_states=tuple(states) if output_hidden_states else None,
            attentions=tuple(attentions) if output_attentions else None,
        )


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

    loss: torch.Tensor | None = None
    logits: torch.Tensor | None = None
    mask: torch.Tensor | None = None
    ids_restore: torch.Tensor | None = None
    latent: torch.Tensor | None = None


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

    def noise_size(self, frames: int) -> int:
        """Return how many noise values an image of `frames` frames takes: one a patch."""
        return (frames // self.config.patch_size) * self.config.grid_size[1]

    def random_order(self, batch: int, length: int, device: torch.device) -> torch.Tensor:
        """Return (batch, length) masking noise: random in training, always the same in evaluation."""
        if self.training:
            return torch.rand(batch, length, device=device)
        generator = torch.Generator().manual_seed(0)
        return torch.rand(1, length, generator=generator).expand(batch, -1).to(device)

    @can_return_tuple
    def forward(
        self,
        input_features: torch.Tensor,
        noise: torch.Tensor | None = None,
        window_seconds: torch.Tensor | None = None,
        window_frames: torch.Tensor | None = None,
    ) -> OperaGTForPreTrainingOutput:
        """Mask, encode, reconstruct.

        Args:
            input_features: (recordings, frames, bands) log-mel images.
            noise: (B, L) values whose ascending order decides which patches are kept; drawn when absent.
            window_seconds, window_frames: which windows the rows hold, see `EncoderMixin`; B counts windows, which all
                weigh the same.
        """
        encoder, config = self.encoder, self.config
        images = encoder.cut(input_features, window_seconds, window_frames).windows()
        tokens = encoder.embed_patches(images)
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
        target = self.patchify(images.to(logits.dtype))
        if config.reconstruction_target == "standardised":
            image = images.to(logits.dtype)
            centre = image.mean(dim=(1, 2))[:, None, None]
            target = (target - centre) / image.std(dim=(1, 2), unbiased=False).clamp(min=1e-6)[:, None, None]
        loss = (((logits - target) ** 2).mean(dim=-1) * mask).sum() / mask.sum()
        return OperaGTForPreTrainingOutput(loss, logits, mask, ids_restore, latent)


class OperaGTForAudioClassification(AudioClassificationMixin, OperaGTPreTrainedModel):
    """OPERA-GT's encoder under a classification head.

    Example:
        >>> model = OperaGTForAudioClassification(OperaGTConfig(num_hidden_layers=1, num_labels=3)).eval()
        >>> model(torch.rand(2, 256, 64)).logits.shape
        torch.Size([2, 3])
    """

    encoder_class = OperaGTModel
    _keys_to_ignore_on_load_unexpected = [r"^decoder\."]


__all__ = ["OperaGTForAudioClassification", "OperaGTForPreTraining", "OperaGTModel", "OperaGTPreTrainedModel"]
