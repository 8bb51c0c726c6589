"""Masked autoencoders over log-mel images: what OPERA-GT and AudioMAE share.

Tensors are named `(B, L, D)` = images, tokens, channels.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from transformers import initialization as init
from transformers.utils.generic import ModelOutput, can_return_tuple

from .base import AuscultPreTrainedModel, EncoderMixin, EncoderOutput, check_windows, drawn_noise
from .configuration_mae import MAEConfig
from .decoder_mae import MAEDecoder, MAEDecoderAttention
from .layers_mae import MAELayer, MAEPatchEmbeddings, sincos_position_table


class MAEPreTrainedModel(AuscultPreTrainedModel):
    """Weights initialisation and the settings that every class shares; a family names its configuration."""

    config: MAEConfig
    _no_split_modules = ["MAELayer", "MAEDecoderLayer"]
    _supports_sdpa = True
    _supports_attention_backend = True

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        std = self.config.initializer_range
        if isinstance(module, nn.Linear):
            init.xavier_uniform_(module.weight)
            init.zeros_(module.bias)
        elif isinstance(module, MAEPatchEmbeddings):
            # As a linear layer over the flattened patch (MAE, appendix A.1).
            weight = module.proj.weight
            bound = (6.0 / (weight[0].numel() + len(weight))) ** 0.5
            init.uniform_(weight, -bound, bound)
            if module.proj.bias is not None:
                init.zeros_(module.proj.bias)
        elif isinstance(module, nn.LayerNorm):
            init.ones_(module.weight)
            init.zeros_(module.bias)
        elif isinstance(module, MAEDecoderAttention):
            init.ones_(module.tau)
        elif isinstance(module, MAEMixin):
            init.normal_(module.cls_token, std=std)
            init.copy_(module.pos_embed, sincos_position_table(self.config, self.config.hidden_size))
        elif isinstance(module, MAEDecoder):
            init.normal_(module.mask_token, std=std)
            init.copy_(module.pos_embed, sincos_position_table(self.config, self.config.decoder_hidden_size))


class MAEMixin(EncoderMixin):
    """`…Model` of a family: says how its blocks' outputs become tokens and an embedding, in `pool`.

    Mix in before the family's `MAEPreTrainedModel`.
    """

    pos_embed: torch.Tensor
    #: Images are whole patches long; else a last incomplete patch is dropped.
    whole_patches = False

    def __init__(self, config: Any):
        super().__init__(config)  # type: ignore[call-arg]
        config.check()  # values set after construction, as by `from_pretrained(…, pooling=…)`
        num_times, num_bands = config.grid_size
        self.patch_embed = MAEPatchEmbeddings(config)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, config.hidden_size))
        # A saved buffer: it travels with the weights, and unlike a frozen parameter it stays frozen when loaded.
        self.register_buffer("pos_embed", torch.zeros(1, 1 + num_times * num_bands, config.hidden_size))  # type: ignore[attr-defined]
        depth = config.num_hidden_layers
        rates = [config.drop_path_rate * index / max(1, depth - 1) for index in range(depth)]
        self.blocks = nn.ModuleList([MAELayer(config, rate) for rate in rates])
        self.add_norms(config)
        self.post_init()  # type: ignore[attr-defined]

    def add_norms(self, config: Any) -> None:
        """Make the normalisations that stand behind the blocks; `norm` is every token's."""
        self.norm: nn.Module = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def pool(self, states: list[torch.Tensor], bands: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Make final tokens (B, 1 + L, D) and embeddings (B, pooled_size) of the blocks' input and their outputs.

        Args:
            states: (B, 1 + L, D) each.
            bands: (B, L), which row of patches each token is of, where some patches are hidden.
        """
        raise NotImplementedError

    def get_input_embeddings(self) -> nn.Module:
        """Return the patch projection."""
        return self.patch_embed

    @property
    def window_frames(self) -> int:
        """Frames of the image that the position table is made for."""
        return int(self.config.num_frames)

    def embed_patches(self, windows: torch.Tensor) -> torch.Tensor:
        """Map (B, frames, bands) to patch tokens with positions, (B, L, D), class token not included."""
        size, longest = self.config.patch_size, self.config.num_frames
        check_windows(windows, self.config.num_mel_bins, range(size, longest + 1, size if self.whole_patches else 1))
        tokens = self.patch_embed(windows)
        return tokens + self.pos_embed[:, 1 : 1 + tokens.shape[1]]

    def prepend_class_token(self, tokens: torch.Tensor) -> torch.Tensor:
        """Put the class token in front of (B, L, D)."""
        return torch.cat([(self.cls_token + self.pos_embed[:, :1]).expand(len(tokens), -1, -1), tokens], dim=1)

    def encode(
        self, windows: torch.Tensor, output_hidden_states: bool = False, output_attentions: bool = False
    ) -> EncoderOutput:
        """Encode images.

        Args:
            windows: (windows, frames, mel bands).
            output_hidden_states, output_attentions: as everywhere in transformers.

        Returns:
            `last_hidden_state` (windows, 1 + L, D), class token first, and `pooler_output` (windows, pooled_size), see
            `pool`.
        """
        hidden_states = self.prepend_class_token(self.embed_patches(windows))
        states, attentions = [hidden_states], []
        for block in self.blocks:
            hidden_states, weights = block(hidden_states)
            states.append(hidden_states)
            attentions.append(weights)
        tokens, pooled = self.pool(states)
        return EncoderOutput(
            last_hidden_state=tokens,
            pooler_output=pooled,
            hidden_states=tuple(states) if output_hidden_states else None,
            attentions=tuple(attentions) if output_attentions else None,
        )


@dataclass
class MAEForPreTrainingOutput(ModelOutput):
    """Reconstruction of masked patches.

    Args:
        loss: mean squared error over masked patches.
        logits: (B, L, patch_size ** 2) predicted values.
        mask: (B, L), 1 = hidden from the encoder.
        ids_restore: (B, L), where each token stands among the shuffled ones.
        latent: (B, 1 + kept, D) encoder output.
        pooler_output: (B, pooled_size), the embedding of the visible patches alone.
    """

    loss: torch.Tensor | None = None
    logits: torch.Tensor | None = None
    mask: torch.Tensor | None = None
    ids_restore: torch.Tensor | None = None
    latent: torch.Tensor | None = None
    pooler_output: torch.Tensor | None = None


class MAEForPreTrainingMixin:
    """`…ForPreTraining` of a family: name its `encoder_class`, mix in before its `MAEPreTrainedModel`."""

    encoder_class: Any
    config: Any
    training: bool

    def __init__(self, config: Any):
        super().__init__(config)  # type: ignore[call-arg]
        self.encoder = self.encoder_class(config)
        self.decoder = MAEDecoder(config)
        self.post_init()  # type: ignore[attr-defined]

    def patchify(self, images: torch.Tensor) -> torch.Tensor:
        """Cut (B, frames, bands) into (B, L, patch_size ** 2), time-major, whole patches only."""
        size = self.config.patch_size
        batch, frames, bands = images.shape
        image = images[:, : frames - frames % size].reshape(batch, frames // size, size, bands // size, size)
        return image.transpose(2, 3).reshape(batch, -1, size * size)

    def target(self, images: torch.Tensor) -> torch.Tensor:
        """Return what is reconstructed of (B, frames, bands), as `patchify` cuts it."""
        return self.patchify(images)

    def noise_size(self, frames: int) -> int:
        """Return how many noise values an image of `frames` frames takes: one a patch."""
        return int((frames // self.config.patch_size) * self.config.grid_size[1])

    @can_return_tuple  # type: ignore[untyped-decorator]
    def forward(
        self,
        input_features: torch.Tensor,
        noise: torch.Tensor | None = None,
        window_seconds: torch.Tensor | None = None,
        window_frames: torch.Tensor | None = None,
    ) -> MAEForPreTrainingOutput:
        """Mask, encode, reconstruct.

        Args:
            input_features: (recordings, frames, bands) images.
            noise: (B, L) values whose ascending order decides which patches are kept; drawn when absent.
            window_seconds, window_frames: which windows the rows hold, see `EncoderMixin`; B counts windows, which all
                weigh the same.
        """
        encoder = self.encoder
        images = encoder.cut(input_features, window_seconds, window_frames).windows()
        tokens = encoder.embed_patches(images)
        batch, length, width = tokens.shape
        if noise is None:
            noise = drawn_noise(batch, length, tokens.device, random=self.training)
        kept = int(length * (1 - self.config.mask_ratio))
        order = noise.argsort(dim=1, stable=True)
        ids_restore = order.argsort(dim=1)
        states = [encoder.prepend_class_token(tokens.gather(1, order[:, :kept, None].expand(-1, -1, width)))]
        for block in encoder.blocks:
            states.append(block(states[-1])[0])
        latent = encoder.norm(states[-1])
        logits = self.decoder(latent, ids_restore)
        mask = (ids_restore >= kept).to(logits.dtype)
        target = self.target(images.to(logits.dtype))
        loss = (((logits - target) ** 2).mean(dim=-1) * mask).sum() / mask.sum()
        _, pooled = encoder.pool(states, order[:, :kept] % self.config.grid_size[1])
        return MAEForPreTrainingOutput(loss, logits, mask, ids_restore, latent, pooled)


__all__ = ["MAEForPreTrainingMixin", "MAEForPreTrainingOutput", "MAEMixin", "MAEPreTrainedModel"]
