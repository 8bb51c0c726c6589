"""AudioMAE: a ViT-B masked autoencoder over Kaldi filter banks, with the published code's behaviour as the default.

The published encoder comes in two forms. Pre-training ends with a LayerNorm on every token (`norm`). Fine-tuning drops
it and normalises the mean of the patch tokens instead (`fc_norm`). A pre-trained checkpoint has no `fc_norm`; OPERA and
AuscultaBase pool it with weight 1 and bias 0 there, and so does this file. Tensors are named `(B, L, D)` = images,
tokens, channels.
"""

from dataclasses import dataclass

import torch
from torch import nn
from transformers import initialization as init
from transformers.utils.generic import ModelOutput, can_return_tuple

from ..shared.base import AuscultPreTrainedModel, EncoderMixin, EncoderOutput, check_windows
from ..shared.heads import AudioClassificationMixin
from .configuration_audiomae import AudioMAEConfig
from .decoder_audiomae import AudioMAEDecoder, AudioMAEDecoderAttention
from .layers_audiomae import AudioMAELayer, AudioMAEPatchEmbeddings, sincos_position_table


class AudioMAEPreTrainedModel(AuscultPreTrainedModel):
    """Weights initialisation and the settings every AudioMAE class shares."""

    config: AudioMAEConfig
    config_class = AudioMAEConfig
    _no_split_modules = ["AudioMAELayer", "AudioMAEDecoderLayer"]
    _supports_sdpa = True
    _supports_attention_backend = True

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        std = self.config.initializer_range
        if isinstance(module, nn.Linear):
            init.xavier_uniform_(module.weight)
            init.zeros_(module.bias)
        elif isinstance(module, AudioMAEPatchEmbeddings):
            # As a linear layer over the flattened patch (MAE, appendix A.1).
            weight = module.proj.weight
            bound = (6.0 / (weight[0].numel() + len(weight))) ** 0.5
            init.uniform_(weight, -bound, bound)
            if module.proj.bias is not None:
                init.zeros_(module.proj.bias)
        elif isinstance(module, nn.LayerNorm):
            init.ones_(module.weight)
            init.zeros_(module.bias)
        elif isinstance(module, AudioMAEDecoderAttention):
            init.ones_(module.tau)
        elif isinstance(module, AudioMAEModel):
            init.normal_(module.cls_token, std=std)
            init.copy_(module.pos_embed, module.position_table())
        elif isinstance(module, AudioMAEDecoder):
            init.normal_(module.mask_token, std=std)
            init.copy_(module.pos_embed, module.position_table())


class AudioMAEModel(EncoderMixin, AudioMAEPreTrainedModel):
    """AudioMAE's encoder: filter-bank images in, patch tokens and one pooled vector an image out.

    Example:
        >>> model = AudioMAEModel(AudioMAEConfig(num_hidden_layers=1)).eval()
        >>> model(torch.zeros(1, 1024, 128)).pooler_output.shape
        torch.Size([1, 768])
    """

    # A pre-training folder has a decoder, a fine-tuned one a head; contextual pooling has no use for `fc_norm`.
    _keys_to_ignore_on_load_unexpected = [r"^decoder\.", r"^classifier\.", r"^(encoder\.)?fc_norm\."]
    pos_embed: torch.Tensor

    def __init__(self, config: AudioMAEConfig):
        super().__init__(config)
        config.check()  # values set after construction, as by `from_pretrained(…, pooling=…)`
        num_times, num_bands = config.grid_size
        self.patch_embed = AudioMAEPatchEmbeddings(config)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, config.hidden_size))
        # A saved buffer: it travels with the weights, and unlike a frozen parameter it stays frozen when loaded.
        self.register_buffer("pos_embed", torch.zeros(1, 1 + num_times * num_bands, config.hidden_size))
        self.blocks = nn.ModuleList([AudioMAELayer(config) for _ in range(config.num_hidden_layers)])
        size, eps = config.hidden_size, config.layer_norm_eps
        self.norm = nn.LayerNorm(size, eps=eps) if config.final_norm else nn.Identity()
        self.fc_norm = nn.LayerNorm(size, eps=eps) if config.pooling == "fc_norm" else nn.Identity()
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
        check_windows(windows, config.num_mel_bins, range(config.patch_size, config.num_frames + 1, config.patch_size))
        tokens = self.patch_embed(windows)
        return tokens + self.pos_embed[:, 1 : 1 + tokens.shape[1]]

    def prepend_class_token(self, tokens: torch.Tensor) -> torch.Tensor:
        """Put the class token in front of (B, L, D)."""
        return torch.cat([(self.cls_token + self.pos_embed[:, :1]).expand(len(tokens), -1, -1), tokens], dim=1)

    def encode(
        self, windows: torch.Tensor, output_hidden_states: bool = False, output_attentions: bool = False
    ) -> EncoderOutput:
        """Encode filter-bank images.

        Args:
            windows: (windows, frames, mel bands).
            output_hidden_states, output_attentions: as everywhere in transformers.

        Returns:
            `last_hidden_state` (windows, 1 + L, D): class token first; after `norm` where the encoder has one, and
            under `pooling="contextual"` averaged over the last `contextual_layers` blocks.
            `pooler_output` (windows, D).
        """
        config = self.config
        hidden_states = self.prepend_class_token(self.embed_patches(windows))
        states, attentions = [hidden_states], []
        for block in self.blocks:
            hidden_states, weights = block(hidden_states)
            states.append(hidden_states)
            attentions.append(weights)
        if config.pooling == "contextual":
            layers = [self.norm(state) for state in states[-config.contextual_layers :]]
            tokens = torch.stack(layers).mean(dim=0)
            pooled = tokens[:, 1:].mean(dim=1)
        else:
            tokens = self.norm(hidden_states)
            pooled = self.fc_norm(hidden_states[:, 1:].mean(dim=1))
        return EncoderOutput(
            last_hidden_state=tokens,
            pooler_output=pooled,
            hidden_states=tuple(states) if output_hidden_states else None,
            attentions=tuple(attentions) if output_attentions else None,
        )


@dataclass
class AudioMAEForPreTrainingOutput(ModelOutput):
    """Reconstruction of masked patches.

    Args:
        loss: mean squared error over masked patches.
        logits: (B, L, patch_size ** 2) predicted values.
        mask: (B, L), 1 = hidden from the encoder.
        ids_restore: (B, L), where each token stands among the shuffled ones.
        latent: (B, 1 + kept, D) encoder output.
    """

    loss: torch.Tensor | None = None
    logits: torch.Tensor | None = None
    mask: torch.Tensor | None = None
    ids_restore: torch.Tensor | None = None
    latent: torch.Tensor | None = None


class AudioMAEForPreTraining(AudioMAEPreTrainedModel):
    """AudioMAE with its decoder: masked reconstruction of filter-bank images (AudioMAE, section 3).

    Example:
        >>> config = AudioMAEConfig(num_hidden_layers=1, decoder_num_hidden_layers=1)
        >>> AudioMAEForPreTraining(config).eval()(torch.rand(1, 128, 128)).logits.shape
        torch.Size([1, 64, 256])
    """

    _keys_to_ignore_on_load_unexpected = [r"^classifier\."]

    def __init__(self, config: AudioMAEConfig):
        super().__init__(config)
        self.encoder = AudioMAEModel(config)
        self.decoder = AudioMAEDecoder(config)
        self.post_init()

    def patchify(self, input_features: torch.Tensor) -> torch.Tensor:
        """Cut (B, frames, bands) into (B, L, patch_size ** 2), time-major."""
        size = self.config.patch_size
        batch, frames, bands = input_features.shape
        image = input_features.reshape(batch, frames // size, size, bands // size, size)
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
    ) -> AudioMAEForPreTrainingOutput:
        """Mask, encode, reconstruct.

        Args:
            input_features: (recordings, frames, bands) filter-bank images.
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
        if config.norm_pix_loss:
            centred = target - target.mean(dim=-1, keepdim=True)
            target = centred / (target.var(dim=-1, keepdim=True) + 1e-6).sqrt()
        loss = (((logits - target) ** 2).mean(dim=-1) * mask).sum() / mask.sum()
        return AudioMAEForPreTrainingOutput(loss, logits, mask, ids_restore, latent)


class AudioMAEForAudioClassification(AudioClassificationMixin, AudioMAEPreTrainedModel):
    """AudioMAE's encoder under a classification head.

    The published fine-tuned checkpoint converts to this class: its 527 labels are AudioSet's, in that data set's order.

    Example:
        >>> model = AudioMAEForAudioClassification(AudioMAEConfig(num_hidden_layers=1, num_labels=3)).eval()
        >>> model(torch.rand(2, 128, 128)).logits.shape
        torch.Size([2, 3])
    """

    encoder_class = AudioMAEModel
    _keys_to_ignore_on_load_unexpected = [r"^decoder\.", r"^encoder\.fc_norm\."]


__all__ = ["AudioMAEForAudioClassification", "AudioMAEForPreTraining", "AudioMAEModel", "AudioMAEPreTrainedModel"]
