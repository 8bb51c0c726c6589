"""What the configurations of encoders with a contrastive head share."""

from typing import Literal

from huggingface_hub.dataclasses import strict

from .configuration_auscult import AuscultConfig


@strict
class ContrastiveConfig(AuscultConfig):
    """Settings of contrastive pre-training by COLA (arXiv:2010.10915), as OPERA does it.

    Args:
        view_frames: length of the two random views that contrastive training compares.
        mask_start_rate, mask_continue_rate: of a frame of the image to start a run set to the image's mean, and of its
            successor to continue it.
        projection_size: width of the space in which views are compared.
        projection_dropout: of the head, in training.
        similarity: of views: `bilinear` (published: first views against second ones, no temperature) or `cosine`
            (NT-Xent, arXiv:2002.05709: both ways, divided by `temperature`).
        temperature: of `cosine`.
        initializer_range: standard deviation of linear layers' initial weights.
        classifier_head, classifier_hidden_size, classifier_dropout: see `AuscultConfig`.
    """

    view_frames: int = 200
    mask_start_rate: float = 0.1
    mask_continue_rate: float = 0.2
    projection_size: int = 512
    projection_dropout: float = 0.1
    similarity: Literal["bilinear", "cosine"] = "bilinear"
    temperature: float = 0.1
    initializer_range: float = 0.02

    @property
    def pooled_size(self) -> int:
        """Width of `pooler_output`."""
        return self.hidden_size


__all__ = ["ContrastiveConfig"]
