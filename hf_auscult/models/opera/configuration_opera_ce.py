"""Configuration of OPERA-CE; the defaults are the published network."""

from typing import Literal

from huggingface_hub.dataclasses import strict
from transformers.configuration_utils import PreTrainedConfig


@strict
class OperaCEConfig(PreTrainedConfig):
    """Configuration of OPERA-CE (OPERA, arXiv:2406.16148): EfficientNet-B0 trained by contrast of views of a recording.

    The defaults give the published network.

    Args:
        num_mel_bins: bands of the log-mel image, at least `minimum_frames`.
        minimum_frames: shorter images are padded with zeros at their end to this length: the convolutions, padded as
            for images of 224 x 224, need 34 frames.
        width_coefficient, depth_coefficient: EfficientNet's scaling of channels and of blocks per stage.
        drop_connect_rate: of the last block's residual branch, in training; earlier blocks' rates rise to it linearly.
        batch_norm_eps, batch_norm_momentum: of batch normalisation; the momentum is the weight of the new batch.
        view_frames: length of the two random views that contrastive training compares; OPERA's are 200 frames for
            breathing and lung sounds, 100 for exhalations and 50 for coughs.
        mask_start_rate, mask_continue_rate: of a frame of the image to start a run set to the image's mean, and of its
            successor to continue it.
        projection_size: width of the space in which views are compared.
        projection_dropout: of the head, in training.
        initializer_range: standard deviation of linear layers' initial weights.
        classifier_head, classifier_hidden_size, classifier_dropout: of `OperaCEForAudioClassification`, see `heads`.

    Raises:
        ValueError: fewer bands than the convolutions need.

    Example:
        >>> OperaCEConfig().pooled_size, OperaCEConfig(width_coefficient=0.5).pooled_size
        (1280, 640)
    """

    model_type = "opera-ce"

    num_mel_bins: int = 64
    minimum_frames: int = 34
    width_coefficient: float = 1.0
    depth_coefficient: float = 1.0
    drop_connect_rate: float = 0.1
    batch_norm_eps: float = 1e-3
    batch_norm_momentum: float = 0.01
    view_frames: int = 200
    mask_start_rate: float = 0.1
    mask_continue_rate: float = 0.2
    projection_size: int = 512
    projection_dropout: float = 0.1
    initializer_range: float = 0.02
    classifier_head: Literal["linear", "mlp", "attentive"] = "linear"
    classifier_hidden_size: int = 256
    classifier_dropout: float = 0.0

    def __post_init__(self, **kwargs):  # type: ignore[no-untyped-def]
        super().__post_init__(**kwargs)
        if min(self.num_mel_bins, self.minimum_frames) < 34:
            raise ValueError(
                f"num_mel_bins {self.num_mel_bins} and minimum_frames {self.minimum_frames}: the convolutions need 34"
            )

    @property
    def hidden_size(self) -> int:
        """Width of `last_hidden_state`: EfficientNet's 1280, scaled and rounded to a multiple of 8."""
        wanted = 1280 * self.width_coefficient
        size = max(8, int(wanted + 4) // 8 * 8)
        return size + 8 if size < 0.9 * wanted else size

    @property
    def pooled_size(self) -> int:
        """Width of `pooler_output`."""
        return self.hidden_size


__all__ = ["OperaCEConfig"]
