"""Configuration of the adapter around one of transformers' own audio encoders."""

from typing import Any, Literal

from huggingface_hub.dataclasses import strict
from transformers.configuration_utils import PreTrainedConfig
from transformers.models.auto.configuration_auto import AutoConfig

from ..shared.configuration_auscult import AuscultConfig
from .natives import native_of


@strict
class AudioAdapterConfig(AuscultConfig):
    """Configuration of an encoder that transformers has, under the interface of this package's encoders.

    Args:
        encoder_config: configuration (or its mapping, with `model_type`) of the encoder; AST's by default.
        layers: indices of hidden states (0 is the first layer's input, -1 the last layer's output) whose average
            replaces the published output, e.g. `[6]` for AST's first six layers; `None` for the published output.
            The average is taken as the layers leave it: final LayerNorm and projection belong to the published output.
            Layer dropping, which would move the indices, is switched off.
        pooling: `native` (the published embedding; of other layers: class tokens where there are any, else the mean),
            `mean` of the tokens that are not class tokens, `mean_std`, that and their standard deviation behind it, or
            `cls`, the mean of the class tokens.
        classifier_head, classifier_hidden_size, classifier_dropout: see `AuscultConfig`.

    Raises:
        ValueError: not an audio encoder that the adapter knows, or layers or a pooling that it does not have.

    Example:
        >>> AudioAdapterConfig(encoder_config={"model_type": "whisper", "d_model": 384}, layers=[2, 3]).pooled_size
        384
    """

    model_type = "auscult-adapter"
    sub_configs = {"encoder_config": AutoConfig}

    encoder_config: dict[str, Any] | PreTrainedConfig | None = None
    layers: list[int] | None = None
    pooling: Literal["native", "mean", "mean_std", "cls"] = "native"

    def __post_init__(self, **kwargs):  # type: ignore[no-untyped-def]
        if not isinstance(self.encoder_config, PreTrainedConfig):
            values = dict(self.encoder_config or {})
            model_type = values.pop("model_type", "audio-spectrogram-transformer")
            self.encoder_config = AutoConfig.for_model(model_type, **values)
        super().__post_init__(**kwargs)
        native = native_of(self.encoder_config)
        if self.pooling == "cls" and not native.prefix_tokens:
            raise ValueError(f"pooling is 'cls', but {native.name} has no class token")
        if self.layers is None:
            return
        widths = native.state_widths(self.encoder_config)
        outside = [layer for layer in self.layers if not -len(widths) <= layer < len(widths)]
        if outside or not self.layers:
            raise ValueError(f"layers is {self.layers}; this {native.name} has hidden states 0 to {len(widths) - 1}")
        if len({widths[layer] for layer in self.layers}) > 1:
            raise ValueError(f"hidden states {self.layers} are {[widths[layer] for layer in self.layers]} wide")
        for name in ("layerdrop", "encoder_layerdrop"):
            if getattr(self.encoder_config, name, 0):
                setattr(self.encoder_config, name, 0.0)

    @property
    def hidden_size(self) -> int:
        """Width of the tokens."""
        native = native_of(self.encoder_config)
        if self.layers is None:
            return native.output_width(self.encoder_config)
        return native.state_widths(self.encoder_config)[self.layers[0]]

    @property
    def pooled_size(self) -> int:
        """Width of `pooler_output`."""
        if self.layers is None and self.pooling == "native":
            return native_of(self.encoder_config).pooled_width(self.encoder_config)
        return (2 if self.pooling == "mean_std" else 1) * self.hidden_size


__all__ = ["AudioAdapterConfig"]
