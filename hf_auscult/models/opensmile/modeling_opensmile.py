"""openSMILE's functionals as an encoder without weights: a standardisation that travels with the configuration."""

import torch
from torch import nn
from transformers import initialization as init

from ...errors import FeatureError
from ..shared.base import AuscultPreTrainedModel, EncoderMixin, EncoderOutput
from ..shared.heads import AudioClassificationMixin
from .configuration_opensmile import OpenSmileConfig


class OpenSmilePreTrainedModel(AuscultPreTrainedModel):
    """Initialisation and the settings both classes share."""

    config: OpenSmileConfig
    config_class = OpenSmileConfig

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            init.xavier_uniform_(module.weight)
            init.zeros_(module.bias)
        elif isinstance(module, OpenSmileModel):
            init.zeros_(module.mean)
            init.ones_(module.scale)


class OpenSmileModel(EncoderMixin, OpenSmilePreTrainedModel):
    """Standardise functionals: `(x - mean) / scale`, the identity until `fit`.

    Example:
        >>> model = OpenSmileModel(OpenSmileConfig(feature_set="eGeMAPSv02")).fit(torch.rand(20, 88))
        >>> model(torch.rand(2, 88)).pooler_output.shape
        torch.Size([2, 88])
    """

    row_ndim = 2
    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self, config: OpenSmileConfig):
        super().__init__(config)
        # Saved buffers: they are measured, not trained.
        self.register_buffer("mean", torch.zeros(config.hidden_size))
        self.register_buffer("scale", torch.ones(config.hidden_size))
        self.post_init()

    @property
    def device(self) -> torch.device:
        """Where the model is; the base class asks a parameter, and there is none."""
        return self.mean.device

    @property
    def dtype(self) -> torch.dtype:
        """Type of the buffers, for the same reason."""
        return self.mean.dtype

    def check_input(self, input_features: torch.Tensor) -> None:
        """Raise `FeatureError` unless the features are (windows, functionals)."""
        if input_features.ndim != 2 or input_features.shape[1] != self.config.hidden_size:
            raise FeatureError(
                f"has shape {tuple(input_features.shape)}; expected (windows, {self.config.hidden_size})",
                where="input_features",
                remedy="use the feature set that the configuration names",
            )

    @torch.no_grad()
    def fit(self, features: torch.Tensor) -> "OpenSmileModel":
        """Take mean and standard deviation from functionals (recordings, functionals) of training recordings.

        Functionals that do not vary keep the scale 1. Computed in double precision: some reach 1e13.

        Raises:
            ValueError: another width, fewer than two rows, or values that are not finite.
        """
        self.check_input(features)
        if len(features) < 2 or not bool(torch.isfinite(features).all()):
            raise ValueError(f"{len(features)} rows of functionals; expected at least two, all finite")
        rows = features.to(self.mean.device, torch.float64)
        scale = rows.std(dim=0, unbiased=False)
        self.mean.copy_(rows.mean(dim=0))
        self.scale.copy_(torch.where(scale > 1e-7 * rows.abs().amax(dim=0), scale, 1.0))
        return self

    @property
    def window_frames(self) -> int:
        """A window is its functionals."""
        return self.config.hidden_size

    def encode(
        self, windows: torch.Tensor, output_hidden_states: bool = False, output_attentions: bool = False
    ) -> EncoderOutput:
        """Standardise functionals (windows, functionals); there are no hidden states and no attentions."""
        self.check_input(windows)
        rows = ((windows - self.mean) / self.scale).to(self.dtype)
        return EncoderOutput(last_hidden_state=rows[:, None], pooler_output=rows)


class OpenSmileForAudioClassification(AudioClassificationMixin, OpenSmilePreTrainedModel):
    """A classification head over standardised functionals.

    Example:
        >>> model = OpenSmileForAudioClassification(OpenSmileConfig(feature_set="eGeMAPSv02", num_labels=3)).eval()
        >>> model(torch.rand(2, 88)).logits.shape
        torch.Size([2, 3])
    """

    encoder_class = OpenSmileModel


__all__ = ["OpenSmileForAudioClassification", "OpenSmileModel", "OpenSmilePreTrainedModel"]
