"""One adapter for transformers' own audio encoders: their forward pass, this package's interface."""

from typing import Any

import torch
from torch import nn
from transformers import initialization as init
from transformers.modeling_outputs import BaseModelOutputWithPooling
from transformers.modeling_utils import PreTrainedModel

from .configuration_adapter import AudioAdapterConfig
from .heads import AudioClassificationMixin
from .natives import native_of


class AudioAdapterPreTrainedModel(PreTrainedModel):
    """The settings every adapter class shares; the encoder initialises its own weights."""

    config: AudioAdapterConfig
    config_class = AudioAdapterConfig
    base_model_prefix = "encoder"
    main_input_name = "input_features"
    input_modalities = ["audio"]
    supports_gradient_checkpointing = True
    accepts_loss_kwargs = False  # the loss is a mean over the batch: Trainer must not rescale it
    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_flex_attn = True
    _supports_attention_backend = True

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            init.xavier_uniform_(module.weight)
            init.zeros_(module.bias)


class AudioAdapterModel(AudioAdapterPreTrainedModel):
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

    def check_input(self, input_features: torch.Tensor) -> None:
        """Raise `ValueError` unless the features have the encoder's sizes."""
        expected = native_of(self.config.encoder_config).shape(self.config.encoder_config)
        found = tuple(input_features.shape[1:])
        if len(found) != len(expected) or any(
            size not in (None, other) for size, other in zip(expected, found, strict=True)
        ):
            sizes = ", ".join("any" if size is None else str(size) for size in expected)
            raise ValueError(f"input_features has shape {tuple(input_features.shape)}; expected (windows, {sizes})")

    def pool(self, tokens: torch.Tensor) -> torch.Tensor:
        """Pool tokens (windows, tokens, width) that the encoder does not pool itself."""
        prefix = native_of(self.config.encoder_config).prefix_tokens
        class_tokens = self.config.pooling == "cls" or (self.config.pooling == "native" and prefix > 0)
        return (tokens[:, :prefix] if class_tokens else tokens[:, prefix:]).mean(dim=1)

    def forward(
        self,
        input_features: torch.Tensor,
        recording_index: torch.Tensor | None = None,
        window_seconds: torch.Tensor | None = None,
        output_hidden_states: bool | None = None,
        output_attentions: bool | None = None,
        return_dict: bool | None = None,
    ) -> BaseModelOutputWithPooling | tuple[torch.Tensor, ...]:
        """Encode windows.

        Args:
            input_features: (windows, ...) features of `NativeFeatureExtractor`, in the encoder's own layout.
            recording_index, window_seconds: the extractor's bookkeeping; accepted and ignored here.
            output_hidden_states, output_attentions, return_dict: as everywhere in transformers; there are attentions
                where the encoder gives them.

        Returns:
            `last_hidden_state` (windows, tokens, hidden_size), `pooler_output` (windows, pooled_size).
        """
        config: Any = self.config
        native = native_of(config.encoder_config)
        self.check_input(input_features)
        keep_states = config.output_hidden_states if output_hidden_states is None else output_hidden_states
        keep_attentions = config.output_attentions if output_attentions is None else output_attentions
        keep_attentions = bool(keep_attentions and native.attentions)
        output = self.native(
            **native.inputs(input_features),
            output_hidden_states=bool(keep_states or config.layers is not None),
            output_attentions=keep_attentions,
            return_dict=True,
        )
        windows = len(input_features)
        if config.layers is None:
            tokens = native.tokens(output.last_hidden_state, windows)
        else:
            chosen = [native.tokens(output.hidden_states[layer], windows) for layer in config.layers]
            tokens = torch.stack(chosen).mean(dim=0) if len(chosen) > 1 else chosen[0]
        published = config.layers is None and config.pooling == "native"
        result = BaseModelOutputWithPooling(
            last_hidden_state=tokens,
            pooler_output=output.pooler_output if published and native.pools else self.pool(tokens),
            hidden_states=tuple(native.tokens(state, windows) for state in output.hidden_states)
            if keep_states
            else None,
            attentions=output.attentions if keep_attentions else None,
        )
        return result if (config.return_dict if return_dict is None else return_dict) else result.to_tuple()


class AudioAdapterForAudioClassification(AudioClassificationMixin, AudioAdapterPreTrainedModel):
    """One of transformers' audio encoders under a classification head.

    Example:
        >>> config = AudioAdapterConfig(encoder_config={"model_type": "wavlm", "num_hidden_layers": 1}, num_labels=3)
        >>> AudioAdapterForAudioClassification(config).eval()(torch.zeros(2, 4_000)).logits.shape
        torch.Size([2, 3])
    """

    encoder_class = AudioAdapterModel


__all__ = ["AudioAdapterForAudioClassification", "AudioAdapterModel", "AudioAdapterPreTrainedModel"]
