"""One adapter for transformers' own audio encoders: their forward pass, this package's interface."""

from typing import Any

import torch
from torch import nn
from transformers import initialization as init

from ...errors import FeatureError
from ..shared.base import AuscultPreTrainedModel, EncoderMixin, EncoderOutput
from ..shared.heads import AudioClassificationMixin
from .configuration_adapter import AudioAdapterConfig
from .natives import native_of


class AudioAdapterPreTrainedModel(AuscultPreTrainedModel):
    """The settings every adapter class shares; the encoder initialises its own weights."""

    config: AudioAdapterConfig
    config_class = AudioAdapterConfig
    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_flex_attn = True
    _supports_attention_backend = True

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            init.xavier_uniform_(module.weight)
            init.zeros_(module.bias)


class AudioAdapterModel(EncoderMixin, AudioAdapterPreTrainedModel):
    """One of transformers' audio encoders, with windows in and tokens and one pooled vector a window out.

    Example:
        >>> config = AudioAdapterConfig(encoder_config={"model_type": "wavlm", "num_hidden_layers": 1}, layers=[0, 1])
        >>> AudioAdapterModel(config).eval()(torch.zeros(1, 4_000)).pooler_output.shape
        torch.Size([1, 768])
    """

    def __init__(self, config: AudioAdapterConfig):
        super().__init__(config)
        self.native = native_of(config.encoder_config).encoder_class._from_config(config.encoder_config)
        self.post_init()

    def train(self, mode: bool = True) -> "AudioAdapterModel":
        """Set the mode; parameters that no window reaches are frozen, which loading undoes and this follows."""
        unused = native_of(self.config.encoder_config).unused
        for name, parameter in self.native.named_parameters():
            if name.startswith(unused):
                parameter.requires_grad_(False)
        return super().train(mode)

    def get_input_embeddings(self) -> nn.Module:
        """Return the encoder's first layer."""
        return self.native.get_input_embeddings()

    @property
    def row_ndim(self) -> int:
        """Waveforms are (recordings, samples), everything else (recordings, frames, values)."""
        return 1 + len(native_of(self.config.encoder_config).shape(self.config.encoder_config))

    @property
    def window_frames(self) -> int | None:
        """Frames of a window, where the encoder fixes or limits them."""
        native = native_of(self.config.encoder_config)
        return native.longest(self.config.encoder_config) or native.shape(self.config.encoder_config)[0]

    def check_input(self, windows: torch.Tensor) -> None:
        """Raise `FeatureError` unless the features have the encoder's sizes."""
        expected = native_of(self.config.encoder_config).shape(self.config.encoder_config)
        found = tuple(windows.shape[1:])
        longest = native_of(self.config.encoder_config).longest(self.config.encoder_config)
        if (
            len(found) != len(expected)
            or any(size not in (None, other) for size, other in zip(expected, found, strict=True))
            or (longest is not None and found[0] > longest)
        ):
            some = "any" if longest is None else f"up to {longest}"
            sizes = ", ".join(some if size is None else str(size) for size in expected)
            raise FeatureError(
                f"has shape {tuple(windows.shape)}; expected (windows, {sizes})",
                where="input_features",
                remedy="use the feature extractor that was saved with the model",
            )

    def pool(self, tokens: torch.Tensor) -> torch.Tensor:
        """Pool tokens (windows, tokens, width) that the encoder does not pool itself."""
        if self.config.pooling == "mean_std":
            tokens = tokens[:, native_of(self.config.encoder_config).prefix_tokens :]
            # The root of nothing has no gradient.
            spread = tokens.var(dim=1, correction=0).clamp(min=1e-12).sqrt()
            return torch.cat([tokens.mean(dim=1), spread], dim=1)
        prefix = native_of(self.config.encoder_config).prefix_tokens
        class_tokens = self.config.pooling == "cls" or (self.config.pooling == "native" and prefix > 0)
        return (tokens[:, :prefix] if class_tokens else tokens[:, prefix:]).mean(dim=1)

    def encode(
        self, windows: torch.Tensor, output_hidden_states: bool = False, output_attentions: bool = False
    ) -> EncoderOutput:
        """Encode windows.

        Args:
            windows: (windows, frames, values) of `NativeFeatureExtractor`, time first; (windows, samples) of waveforms.
            output_hidden_states, output_attentions: there are attentions where the encoder gives them.

        Returns:
            `last_hidden_state` (windows, tokens, hidden_size), `pooler_output` (windows, pooled_size).
        """
        config: Any = self.config
        native = native_of(config.encoder_config)
        self.check_input(windows)
        attentions = output_attentions and native.attentions
        output = native.forward(self.native)(
            **native.inputs(windows.to(self.dtype), config.encoder_config),
            output_hidden_states=output_hidden_states or config.layers is not None,
            output_attentions=attentions,
            return_dict=True,
        )
        number = windows.shape[0]
        if config.layers is None:
            tokens = native.tokens(output.last_hidden_state, number)
        else:
            chosen = [native.tokens(output.hidden_states[layer], number) for layer in config.layers]
            tokens = torch.stack(chosen).mean(dim=0) if len(chosen) > 1 else chosen[0]
        published = config.layers is None and config.pooling == "native"
        states = tuple(native.tokens(state, number) for state in output.hidden_states) if output_hidden_states else None
        return EncoderOutput(
            last_hidden_state=tokens,
            pooler_output=output.pooler_output if published and native.pools else self.pool(tokens),
            hidden_states=states,
            attentions=output.attentions if attentions else None,
        )


class AudioAdapterForAudioClassification(AudioClassificationMixin, AudioAdapterPreTrainedModel):
    """One of transformers' audio encoders under a classification head.

    Example:
        >>> config = AudioAdapterConfig(encoder_config={"model_type": "wavlm", "num_hidden_layers": 1}, num_labels=3)
        >>> AudioAdapterForAudioClassification(config).eval()(torch.zeros(2, 4_000)).logits.shape
        torch.Size([2, 3])
    """

    encoder_class = AudioAdapterModel


__all__ = ["AudioAdapterForAudioClassification", "AudioAdapterModel", "AudioAdapterPreTrainedModel"]
